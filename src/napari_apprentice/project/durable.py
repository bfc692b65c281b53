"""Writing so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from napari_apprentice.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write; it takes the place of ``path`` once it is whole and on disk. `UserError` when it cannot."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
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


def sync_folder(path: Path) -> None:
    """Make a rename in ``path`` last. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_trouble(error: OSError, path: Path) -> UserError:
    """What to do about a write that failed."""
    return UserError(
        f"The project cannot be saved in {path.parent} ({error.strerror}): "
        "free some space there; nothing is lost while napari stays open."
    )
