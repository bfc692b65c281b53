"""An image inside a file: ``stack.h5/raw`` is the dataset ``raw``, ``two.ome.tif/1`` the second image.

A path that does not exist is taken apart where it leaves what is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_apprentice.errors import UserError


def split(path: Path, holds_part: Callable[[Path, str], bool]) -> tuple[Path, str]:
    """The file (or folder) that is there and the part of it that is meant, "" for none.

    ``holds_part`` tells of a folder whether it has a part of a name that is no file. `UserError` when nothing of the
    path leads to a file.
    """
    if path.exists():
        return path, ""
    there = next((parent for parent in path.parents if parent.exists()), None)
    if there is not None and (there.is_file() or (there == path.parent and holds_part(there, path.name))):
        return there, path.relative_to(there).as_posix()
    raise UserError(f"{path} does not exist: check the path.")


def as_text(name: str) -> str:
    """A file's name that can be written as text: bytes in it that are no letters here are spelled out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def choose_part(path: Path, part: str, parts: tuple[str, ...], several: str) -> int:
    """The place of ``part`` among ``parts``; without one the only part there is.

    `UserError` that lists them otherwise; ``several`` says what they are ("datasets").
    """
    if part in parts:
        return parts.index(part)
    listed = ", ".join(parts[:8]) + (", ..." if len(parts) > 8 else "")
    if part:
        raise UserError(f"{path} has no {part}: choose one of {listed}.")
    if len(parts) > 1:
        raise UserError(f"{path} holds {len(parts)} {several} ({listed}): choose one, such as {path / parts[0]}.")
    return 0
