"""Writing so that a crash leaves the old file or the new one, never half of one.

What is written lies beside its name under one that nobody else has, so that two processes may write the same file: the
one that ends last wins. What a process that was killed leaves of it goes at the next start (`claims`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_apprentice.data.storage.claims import claiming, remove_all
from napari_apprentice.data.storage.syncing import sync_file, sync_folder, sync_tree

PART = ".part-"  # how names of what is not finished begin
_OLD = ".old-"
_LEVELS = ".levels-"
_LONGEST_NAME = 255  # bytes, on most file systems
_TRIES = 10


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to, under the same suffix; it takes the place of ``path`` when all went well.

    What was written is on the disk before it does. `OSError` when the disk refuses; then nothing is left behind.
    """
    part = _beside(path, PART)
    with claiming(part):
        try:
            yield part
            sync_file(part)
            part.replace(path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """A small file of our own, whole or as it was, in a folder that is made when it is missing; `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def atomic_write_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` to write into; it takes the place of ``path`` when all went well.

    What was written is on the disk before it does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = _beside(path, PART), _beside(path, _OLD)
    with claiming(part, back={old: path}):
        try:
            yield part
            sync_tree(part)
            _take_place(part, path, old)
            sync_folder(path.parent)
        finally:
            remove_all(part)
            remove_all(old)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A place beside ``path`` for what it is made of, which then goes."""
    place = _beside(path, _LEVELS)
    with claiming(place):
        try:
            yield place
        finally:
            remove_all(place)


def _take_place(part: Path, path: Path, old: Path) -> None:
    """Put ``part`` where ``path`` is, which steps aside to ``old``: a folder cannot take another one's place."""
    for left in reversed(range(_TRIES)):
        with suppress(FileNotFoundError):
            path.replace(old)
        try:
            part.replace(path)
        except OSError:
            if path.exists() and left:  # another process put its own there just now
                shutil.rmtree(old, ignore_errors=True)
                continue
            if old.exists() and not path.exists():
                old.replace(path)
            raise
        return


def _beside(path: Path, kind: str) -> Path:
    start = f"{kind}{secrets.token_hex(4)}-"
    name = path.name
    while len(os.fsencode(start + name)) > _LONGEST_NAME:
        name = name[1:]
    return path.with_name(start + name)
