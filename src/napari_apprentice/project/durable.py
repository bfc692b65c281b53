"""The project's files: written whole or not at all, read or found damaged, with a sentence when the disk refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from napari_apprentice.data.storage import disk, syncing
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError
from napari_apprentice.project import numbered

KEPT = "nothing is lost while napari stays open"


@contextmanager
def replacing(path: Path, *, is_damaged: bool = False) -> Iterator[IO[bytes]]:
    """A file to write; it takes the place of ``path`` once it is whole and on disk. `UserError` when it cannot.

    What is there and ``is_damaged`` is set aside then, not before.
    """
    try:
        with atomic_write(path) as part:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if is_damaged and os.path.lexists(path):
                numbered.set_aside(path)
    except OSError as error:
        raise disk_trouble(error, path) from error


def write_json(path: Path, content: Any, *, is_damaged: bool = False) -> None:
    """Replace ``path`` by a readable JSON document; what ``is_damaged`` there is set aside."""
    with replacing(path, is_damaged=is_damaged) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False).encode())


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """A file to read; FileNotFoundError when there is none, ValueError when it is no file.

    `UserError` when the disk does not give it: it need not be damaged, and nothing may take its place.
    """
    try:
        if not numbered.is_readable(path):
            raise FileNotFoundError(f"no file {path}") if not os.path.lexists(path) else ValueError(f"no file: {path}")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        if not disk.gives_nothing(error):
            raise
        raise disk.unreadable(error, str(path)) from error


def read_json(path: Path) -> Any:
    """A JSON document; ValueError when it is none, and as of `reading`."""
    with reading(path) as file:
        try:
            return json.loads(file.read().decode("utf-8-sig"))
        except RecursionError as error:
            raise ValueError(f"nested too deeply: {path}") from error


def make_folder(path: Path, *, is_inside: bool = False) -> None:
    """Make a folder, and those it is in; `UserError` when the disk refuses.

    One that ``is_inside`` a project is made only where that is, and takes the place of what is no folder.
    """
    disk.checked_path(path)
    try:
        if is_inside and os.path.lexists(path) and not path.is_dir():
            numbered.set_aside(path)
        syncing.make_folder(path, parents=not is_inside)
    except OSError as error:
        raise disk_trouble(error, path) from error


def each(writes: Iterable[Callable[[], None]]) -> None:
    """Write all that can be written, whatever becomes of one; the first `UserError` after that."""
    troubles: list[UserError] = []
    for write in writes:
        try:
            write()
        except UserError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]


def disk_trouble(error: OSError, path: Path) -> UserError:
    """What to do about a write that failed."""
    folder, why = path.parent, error.strerror or error
    return UserError(f"The project cannot be saved in {folder} ({why}): {disk.what_to_write(error, folder)}; {KEPT}.")
