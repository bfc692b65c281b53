"""What happened to a folder, in order, and what the folder is by that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["write", "cut", "names", "sync", "sync all", "mark"]
Names = tuple[str, ...]
ROOT = 0  # the number of the folder itself
_NOT_KEPT = ("scratch", "lock")  # names of what nobody needs after a crash, and is written through maps


@dataclass(frozen=True)
class Event:
    """One thing that happened, ``at`` a time (s); ``node`` is a file or folder, by a number never given again.

    "write" and "cut" (to a length) change a file from ``offset`` on, "names" what is in a folder (a name's node, or
    None), all ``changes`` at once. "sync" puts on disk what was done to the node before event ``upto``.
    """

    kind: Kind
    at: float
    node: int = ROOT
    offset: int = 0
    data: bytes = b""
    changes: tuple[tuple[str, int | None], ...] = ()
    upto: int = 0
    note: Any = None


@dataclass(eq=False)
class Node:
    """A file, or a folder with ``names``, as it is now."""

    number: int
    content: bytearray = field(default_factory=bytearray)
    names: dict[str, Node] | None = None


class Log:
    """All events below ``root``, and the tree that they make."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []
        self.folders: set[int] = {ROOT}
        self.unseen: list[str] = []  # files that were written to in ways that cannot be heard
        self.late_s = 0.0  # by how much the machine let a thread wake up too late
        self.lock = threading.RLock()
        self._top = Node(ROOT, names={})
        self._count = ROOT

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, lock=threading.RLock())

    def note(self, kind: Kind, **told: Any) -> None:
        """One more event."""
        with self.lock:
            self.events.append(Event(kind, time.monotonic(), **told))

    def names_of(self, path: Path) -> Names | None:
        """The names that lead to a path below the root; None elsewhere, or where nobody cares."""
        try:
            names = path.relative_to(self.root).parts
        except ValueError:
            return None
        return None if set(names) & set(_NOT_KEPT) else names

    def node(self, names: Names) -> Node | None:
        """What is there."""
        node: Node | None = self._top
        for name in names:
            node = None if node is None or node.names is None else node.names.get(name)
        return node

    def make(self, names: Names, *, is_folder: bool = False) -> Node:
        """A new file or folder."""
        self._count += 1
        node = Node(self._count, names={} if is_folder else None)
        if is_folder:
            self.folders.add(node.number)
        self.change(names[:-1], {names[-1]: node})
        return node

    def change(self, folder: Names, changes: dict[str, Node | None]) -> None:
        """Names of a folder are given and taken, all at once."""
        place = self.node(folder)
        if place is None or place.names is None:
            raise RuntimeError(f"{folder} was not seen to be made")
        for name, node in changes.items():
            if node is None:
                place.names.pop(name, None)
            else:
                place.names[name] = node
        numbers = tuple((name, None if node is None else node.number) for name, node in changes.items())
        self.note("names", node=place.number, changes=numbers)

    def write(self, node: Node, offset: int, data: bytes) -> None:
        """Bytes were written."""
        node.content.extend(bytes(max(0, offset - len(node.content))))
        node.content[offset : offset + len(data)] = data
        self.note("write", node=node.number, offset=offset, data=data)

    def cut(self, node: Node, size: int) -> None:
        """A file was made shorter, or longer."""
        if size != len(node.content):
            node.content[size:] = bytes(max(0, size - len(node.content)))
            self.note("cut", node=node.number, offset=size)

    def reconcile(self, node: Node, path: str, found: bytes) -> None:
        """Enter what was written in ways that cannot be heard, where it matters for the first time."""
        if found != node.content:
            self.unseen.append(path)
            self.cut(node, 0)
            self.write(node, 0, found)

    def unlike(self) -> list[str]:
        """Where the record makes something else of the folder than there is."""
        return sorted(self._unlike(self._top, self.root))

    def _unlike(self, node: Node, place: Path) -> Iterator[str]:
        if node.names is None:
            if place.read_bytes() != node.content:
                yield f"{place} has another content"
            return
        there = {path.name for path in place.iterdir() if self.names_of(path) is not None}
        yield from (f"{place / name} is on one side only" for name in there ^ node.names.keys())
        for name in there & node.names.keys():
            yield from self._unlike(node.names[name], place / name)
