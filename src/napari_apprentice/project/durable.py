"""The project's files: written whole or not at all, with a sentence when the disk refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from napari_apprentice.data.whole import whole
from napari_apprentice.errors import UserError


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


def make_folder(path: Path) -> None:
    """Make a folder and its parents; `UserError` when the disk refuses."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_trouble(error, path) from error


def disk_trouble(error: OSError, path: Path) -> UserError:
    """What to do about a write that failed."""
    return UserError(
        f"The project cannot be saved in {path.parent} ({error.strerror}): "
        "free some space there; nothing is lost while napari stays open."
    )
