"""Where an open project lies: whether its folder is still the one that was opened, and still ours alone."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from napari_apprentice.data.storage import disk
from napari_apprentice.errors import UserError
from napari_apprentice.project import numbered
from napari_apprentice.project.durable import KEPT

Identity = tuple[int, int]  # device, inode


class Place:
    """A project's folder and the lock that keeps other windows out; `look` is cheap and called by any thread.

    While there is ``trouble`` (a sentence) nothing is sure to be kept there. While it is ``held`` (a sentence),
    nothing may be written there either: it is not, or not only, ours. One that ``is_read_only``, for which there is a
    sentence, is held as long as it is open, and not locked, which would write.
    """

    def __init__(self, path: Path, *, why_read_only: str = "") -> None:
        self.path = path
        self.is_read_only = bool(why_read_only)
        self.trouble = why_read_only
        self.why_held = why_read_only
        self.is_ours: Callable[[], bool] = lambda: False  # whether a folder that came, or came back, is the project
        self.on_return: Callable[[], None] = lambda: None  # called when it did: it may be as it was long ago
        self._notices: list[str] = []
        self._mutex = threading.Lock()
        self._descriptor = _descriptor(path)
        self._lock: FileLock | None = None
        if self.is_read_only:
            return
        try:
            self._lock = _locked(path)
        except UserError:
            self._forget_descriptor()
            raise
        self._folder, self._lock_file = _identity(path), _identity(path / "lock")

    def look(self) -> None:
        """Find out whether all is as it was."""
        with self._mutex:
            if self._lock is not None and (self._lock.is_locked or self.trouble):
                self.trouble, self.why_held = self._looked()

    def check(self) -> None:
        """`UserError` when nothing is sure to be kept here, as it is at this moment."""
        self.look()
        if self.trouble:
            raise UserError(self.trouble)

    def take_notices(self) -> list[str]:
        """What was mended since this was asked last, to be said."""
        taken, self._notices = self._notices, []
        return taken

    @property
    def is_deleted(self) -> bool:
        """Whether the folder is gone for good, not only moved or out of reach."""
        try:
            return self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0
        except OSError:
            return False

    def release(self) -> None:
        """Let other windows have the folder."""
        with self._mutex:
            self.trouble = self.why_held = ""
            self._unlock()
            self._forget_descriptor()

    def _looked(self) -> tuple[str, str]:
        try:
            folder = _identity(self.path)
            lock_file = _identity(self.path / "lock") if os.path.lexists(self.path / "lock") else None
        except (FileNotFoundError, NotADirectoryError):
            return (
                f"The project's folder {self.path} was deleted, renamed or moved: put it back, or save the project "
                f"in another folder; {KEPT}.",
                "",
            )
        except OSError as error:
            why, advice = error.strerror, disk.what_to_write(error, self.path)
            return f"The project's folder {self.path} cannot be reached ({why}): {advice}; {KEPT}.", ""
        if folder == self._folder and lock_file == self._lock_file:
            return "", ""
        if folder != self._folder and not self.is_ours():
            other = (
                f"Another folder is at {self.path} now: put the project's back, or save it in another folder; {KEPT}."
            )
            return other, other
        return self._taken_again(folder)

    def _taken_again(self, folder: Identity) -> tuple[str, str]:
        """Lock the folder again, whose lock is gone or which came back from elsewhere."""
        self._unlock()
        try:
            self._lock = _locked(self.path)
            self._lock_file = _identity(self.path / "lock")
        except (UserError, OSError):
            taken = (
                f"The lock file in {self.path} was deleted and the project may be open in another window: "
                f"save it in another folder; {KEPT}."
            )
            return taken, taken
        if folder != self._folder:
            self._folder = folder
            self._forget_descriptor()
            self._descriptor = _descriptor(self.path)
            self.on_return()
        else:
            self._notices.append(
                f"The file lock in {self.path} was deleted, which keeps other windows out: it was made again."
            )
        return "", ""

    def _unlock(self) -> None:
        if self._lock is not None:
            with suppress(OSError):
                self._lock.release(force=True)

    def _forget_descriptor(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)


def _locked(path: Path) -> FileLock:
    file = path / "lock"
    lock = FileLock(file, blocking=False, thread_local=False)
    try:
        if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
            numbered.set_aside(file)
        lock.acquire()
    except Timeout as error:
        raise UserError(f"The project {path.name} is open in another window: close it there first.") from error
    except OSError as error:
        raise UserError(
            f"The project {path} cannot be opened for writing ({error.strerror or error}): "
            f"{disk.what_to_write(error, path)}."
        ) from error
    return lock


def _identity(path: Path) -> Identity:
    found = path.stat()
    return found.st_dev, found.st_ino


def _descriptor(path: Path) -> int | None:
    """Something that stays with the folder wherever it goes; None where the system has no such thing."""
    try:
        return None if os.name == "nt" else os.open(path, os.O_RDONLY)
    except OSError:
        return None
