"""Records everything that this process does to a folder, through the doors of Python by which it is done.

What does not go through them (a library that writes by itself) is noticed when the file is opened or synced, and
entered there. `Log.unlike` tells in the end whether the record and the folder are the same.
"""

from __future__ import annotations

import builtins
import io
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from apprentice_lab.trust.power_events import Log, Node

_OPEN = io.open


class Recorder:
    """Records while it is entered what happens below ``log.root``, which must be empty then."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._known: dict[int, tuple[Node, str]] = {}  # by descriptor
        self._stack = ExitStack()

    def __enter__(self) -> Recorder:
        doors = (
            "open",
            "close",
            "dup",
            "write",
            "ftruncate",
            "truncate",
            "posix_fallocate",
            "fsync",
            "fdatasync",
            "sync",
        )
        for name in (*doors, "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "link"):
            true = getattr(os, name, None)
            if true is not None:
                hook = getattr(self, f"_{name}")
                self._stack.enter_context(mock.patch.object(os, name, _through(hook, true)))
        for module in (io, builtins):
            self._stack.enter_context(mock.patch.object(module, "open", self.open_file))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # files of the io module

    def open_file(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """As `io.open`; what is written below the root is recorded."""
        names = None if isinstance(file, int) or not set(mode) & set("wax+") else self._names(file)
        if names is None:
            return _OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = _RecordedFile(self, str(self.log.root.joinpath(*names)), mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        whole = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return whole if "b" in mode else io.TextIOWrapper(whole, encoding, errors, newline)

    def opened(self, descriptor: int, path: str, *, cut: bool) -> None:
        """A file was opened for writing, and made if it was not there."""
        names = self._names(path)
        if names is None:
            return
        node = self.log.node(names) or self.log.make(names)
        self._known[descriptor] = (node, path)
        if cut:
            self.log.cut(node, 0)
        else:
            self._reconcile(node, path)

    def wrote(self, descriptor: int, data: bytes) -> None:
        """Bytes were written where a descriptor was."""
        node, _ = self._known[descriptor]
        self.log.write(node, os.lseek(descriptor, 0, os.SEEK_CUR) - len(data), data)

    def cut(self, descriptor: int, size: int) -> None:
        """A file was given another length."""
        self.log.cut(self._known[descriptor][0], size)

    def forget(self, descriptor: int) -> None:
        """A descriptor was closed."""
        self._known.pop(descriptor, None)

    # doors of the os module

    def _open(self, true: Any, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        descriptor: int = true(path, flags, mode, dir_fd=dir_fd)
        names = self._names(path, dir_fd)
        node = None if names is None else self.log.node(names)
        if names is not None:
            at = str(self.log.root.joinpath(*names))
            if node is not None and node.names is not None:
                self._known[descriptor] = (node, at)
            else:
                self.opened(descriptor, at, cut=bool(flags & os.O_TRUNC))
        return descriptor

    def _close(self, true: Any, descriptor: int) -> None:
        self.forget(descriptor)
        true(descriptor)

    def _dup(self, true: Any, descriptor: int) -> int:
        found: int = true(descriptor)
        if descriptor in self._known:
            self._known[found] = self._known[descriptor]
        return found

    def _write(self, true: Any, descriptor: int, data: Any) -> int:
        count: int = true(descriptor, data)
        if descriptor in self._known:
            self.wrote(descriptor, bytes(memoryview(data)[:count]))
        return count

    def _ftruncate(self, true: Any, descriptor: int, size: int) -> None:
        true(descriptor, size)
        if descriptor in self._known:
            self.cut(descriptor, size)

    def _truncate(self, true: Any, path: Any, size: int) -> None:
        true(path, size)
        names = self._names(path)
        if names is not None and (node := self.log.node(names)) is not None:
            self.log.cut(node, size)

    def _posix_fallocate(self, true: Any, descriptor: int, offset: int, size: int) -> None:
        true(descriptor, offset, size)
        if descriptor in self._known:
            self.cut(descriptor, max(len(self._known[descriptor][0].content), offset + size))

    def _fsync(self, true: Any, descriptor: int) -> None:
        with self.log.lock:
            known, upto = self._known.get(descriptor), len(self.log.events)
            if known is not None and known[0].names is None:
                self._reconcile(*known)
                upto = len(self.log.events)
        true(descriptor)  # others may write meanwhile
        if known is not None:
            self.log.note("sync", node=known[0].number, upto=upto)

    _fdatasync = _fsync

    def _sync(self, true: Any) -> None:
        upto = len(self.log.events)
        true()
        self.log.note("sync all", upto=upto)

    def _rename(self, true: Any, source: Any, target: Any, **how: Any) -> None:
        names, new = (self._names(path, how.get(f"{end}_dir_fd")) for path, end in ((source, "src"), (target, "dst")))
        true(source, target, **how)
        node = None if names is None else self.log.node(names)
        if names is None or new is None or node is None:
            return
        if names[:-1] == new[:-1]:
            self.log.change(new[:-1], {names[-1]: None, new[-1]: node})
        else:
            self.log.change(new[:-1], {new[-1]: node})
            self.log.change(names[:-1], {names[-1]: None})

    _replace = _rename

    def _unlink(self, true: Any, path: Any, *, dir_fd: int | None = None) -> None:
        names = self._names(path, dir_fd)
        true(path, dir_fd=dir_fd)
        if names is not None:
            self.log.change(names[:-1], {names[-1]: None})

    _remove = _rmdir = _unlink

    def _mkdir(self, true: Any, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        true(path, mode, dir_fd=dir_fd)
        names = self._names(path, dir_fd)
        if names:
            self.log.make(names, is_folder=True)

    def _link(self, true: Any, source: Any, target: Any, **how: Any) -> None:
        true(source, target, **how)
        names, new = self._names(source), self._names(target)
        if names is not None and new is not None:
            self.log.change(new[:-1], {new[-1]: self.log.node(names)})

    def _names(self, path: Any, dir_fd: int | None = None) -> tuple[str, ...] | None:
        if isinstance(path, int):
            return self.log.names_of(Path(self._known[path][1])) if path in self._known else None
        text = os.fsdecode(path)
        if dir_fd is not None and not os.path.isabs(text):
            if dir_fd not in self._known:
                return None
            text = os.path.join(self._known[dir_fd][1], text)
        return self.log.names_of(Path(os.path.abspath(text)))

    def _reconcile(self, node: Node, path: str) -> None:
        if os.path.lexists(path):  # one that was renamed while it is open was synced before
            with _OPEN(path, "rb") as file:
                self.log.reconcile(node, path, file.read())


class _RecordedFile(io.FileIO):
    """A file that tells what is written to it."""

    def __init__(self, recorder: Recorder, path: str, mode: str) -> None:
        self._recorder = recorder
        with recorder.log.lock:
            super().__init__(path, mode)
            recorder.opened(self.fileno(), path, cut="w" in mode)

    def write(self, data: Any) -> int:
        """Write, and record what was written."""
        with self._recorder.log.lock:
            count = super().write(data)
            self._recorder.wrote(self.fileno(), bytes(memoryview(data).cast("B")[:count]))
            return count

    def truncate(self, size: int | None = None) -> int:
        """Give the file another length."""
        with self._recorder.log.lock:
            found = super().truncate(size)
            self._recorder.cut(self.fileno(), found)
            return found

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            self._recorder.forget(self.fileno())
        super().close()


def _through(hook: Any, true: Any) -> Any:
    """A door that calls the hook with what the door does; one at a time, but for what waits for the disk."""

    def door(*given: Any, **how: Any) -> Any:
        if true in _SLOW:
            return hook(true, *given, **how)
        with hook.__self__.log.lock:
            return hook(true, *given, **how)

    return door


_SLOW = tuple(getattr(os, name) for name in ("fsync", "fdatasync", "sync") if hasattr(os, name))
