"""What a process has begun to write and not finished: it goes when that process is dead, however it died.

::

    <home>/unfinished/<process>-<number>.lock   held as long as the process lives
                      <process>-<number>.json   what is to be removed then, and what is to be put back

The system lets go of a lock when its process ends, also of one that was killed. No number of a process is compared, so
that none can be mistaken for another. Names of what is claimed must never be given again.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from napari_apprentice.data.storage.home import home
from napari_apprentice.data.storage.syncing import make_folder, sync_file, sync_folder

_REFUSED = (OSError, NotImplementedError, Timeout)  # NotImplementedError: a file system without locks


class Claim:
    """Says that ``paths`` are being written by this process, until it is `release`d.

    ``back`` are old files or folders that were moved aside, each with the path that it takes again if nothing else
    took it meanwhile. Where nothing can be noted, work goes on without.
    """

    def __init__(self, *paths: Path, back: Mapping[Path, Path] | None = None) -> None:
        self._place = _folder() / f"{_process(os.getpid())}-{secrets.token_hex(4)}"
        self._lock = FileLock(_lock_of(self._place), blocking=False, thread_local=False)
        told = {
            "remove": [str(path.absolute()) for path in paths],
            "back": {str(old.absolute()): str(path.absolute()) for old, path in (back or {}).items()},
        }
        with suppress(*_REFUSED):
            make_folder(self._place.parent)
            self._lock.acquire()
            _note_of(self._place).write_text(json.dumps(told), encoding="utf-8")
            if back:  # what was moved aside is found after a loss of power, too
                sync_file(_note_of(self._place))
                sync_folder(self._place.parent)

    def release(self) -> None:
        """What was claimed is finished or gone."""
        _forget(self._place, self._lock)

    def leave(self) -> None:
        """What was claimed could not be removed: the next start of any process does that."""
        with suppress(*_REFUSED):
            self._lock.release()


@contextmanager
def claiming(*paths: Path, back: Mapping[Path, Path] | None = None) -> Iterator[None]:
    """A `Claim` for as long as the block runs; it stays for what a disk did not let go of, until the next start."""
    claim = Claim(*paths, back=back)
    try:
        yield
    finally:
        if any(os.path.lexists(path) for path in paths):
            claim.leave()
        else:
            claim.release()


def clear() -> None:
    """Remove what processes of this machine that are dead had claimed, and put back what they had moved aside.

    Nothing of a process that lives is touched, this one included.
    """
    for path in _folder().glob("*.lock"):
        place = path.with_suffix("")
        if place.name.startswith(_process(os.getpid())):
            continue
        lock = FileLock(path, blocking=False, thread_local=False)
        try:
            lock.acquire()
        except _REFUSED:
            continue  # its process lives
        try:
            is_gone = _undo(_note_of(place))
        finally:
            lock.release()
        if is_gone:
            _forget(place, lock)


def _undo(note: Path) -> bool:
    """Do what a note says; False when the system keeps something of it, as Windows does with what is mapped."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        back, remove = dict(told["back"]), list(told["remove"])
    except (OSError, ValueError, KeyError, TypeError):
        return True  # it died before it had said anything, and so before it had begun
    for old, path in back.items():
        if os.path.lexists(old) and not os.path.lexists(path):
            with suppress(OSError):
                Path(old).replace(path)
    for path in [*remove, *back]:
        remove_all(Path(path))
    return not any(os.path.lexists(path) for path in [*remove, *back])


def remove_all(path: Path) -> None:
    """Remove a file, or a folder with all in it, as far as the system allows."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _forget(place: Path, lock: FileLock) -> None:
    """The note goes first: a lock without one says nothing."""
    with suppress(OSError):
        _note_of(place).unlink(missing_ok=True)
    lock.release()
    with suppress(OSError):
        _lock_of(place).unlink(missing_ok=True)


def _folder() -> Path:
    """Notes of this machine: a home may be shared by several, whose locks may not be."""
    name = "".join(letter if letter.isalnum() else "-" for letter in platform.node())
    return home() / "unfinished" / (name or "here")


def _lock_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _note_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


@cache
def _process(pid: int) -> str:
    """A name of this process, told apart from all before it; one that was forked is another one."""
    return secrets.token_hex(6)
