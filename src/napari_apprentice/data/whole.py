"""Writing so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_apprentice.errors import UserError, what_to_do


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to, under the same suffix; it takes the place of ``path`` when all went well.

    What was written is on the disk before it does. `OSError` when the disk refuses; then nothing is left behind.
    """
    part = _part(path)
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` to write into; it takes the place of ``path`` when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = _part(path), _old(path)
    forget(path)
    try:
        yield part
        if path.exists():
            path.replace(old)
        try:
            part.replace(path)
        except OSError:
            if old.exists():
                old.replace(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def cannot_write(path: Path, error: OSError) -> UserError:
    """What to do about a file that the disk refused."""
    return UserError(f"Cannot write {path} ({error.strerror or error}): {what_to_do(error)}.")


def forget(path: Path) -> None:
    """Remove what a process that was killed had written of ``path``, a file or a folder; an old one takes its place."""
    part, old = _part(path), _old(path)
    if old.is_dir() and not path.exists():
        old.replace(path)  # ended between the two
    for left in (part, old):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".part-{path.name}")


def _old(path: Path) -> Path:
    return path.with_name(f".old-{path.name}")


def _sync_folder(path: Path) -> None:
    """Make a rename in ``path`` last. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
