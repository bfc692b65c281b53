"""The project's files: written whole or not at all, with a sentence when the disk refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from napari_apprentice.data.whole import whole
from napari_apprentice.errors import UserError, what_to_do
from napari_apprentice.project import numbered


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write; it takes the place of ``path`` once it is whole and on disk. `UserError` when it cannot."""
    try:
        with whole(path) as part, part.open("wb") as file:
            yield file
    except OSError as error:
        raise disk_trouble(error, path) from error


def write_json(path: Path, content: Any) -> None:
    """Replace ``path`` by a readable JSON document."""
    with replacing(path) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False).encode())


def read_json(path: Path) -> Any:
    """A JSON document; `OSError` when there is none, ValueError when it is not JSON."""
    if not numbered.is_readable(path):
        raise FileNotFoundError(f"no file {path}") if not os.path.lexists(path) else ValueError(f"not a file: {path}")
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError(f"nested too deeply: {path}") from error


def make_folder(path: Path, *, parents: bool = True) -> None:
    """Make a folder, and its parents if they may be made too; `UserError` when the disk refuses."""
    try:
        path.mkdir(parents=parents, exist_ok=True)
    except OSError as error:
        raise disk_trouble(error, path) from error


def disk_trouble(error: OSError, path: Path) -> UserError:
    """What to do about a write that failed."""
    return UserError(
        f"The project cannot be saved in {path.parent} ({error.strerror or error}): "
        f"{what_to_do(error)}; nothing is lost while napari stays open."
    )
