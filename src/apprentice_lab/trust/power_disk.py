"""What a disk may hold after the power was cut: what was synced, and of all else whatever the system had got to.

Three promises are relied on, those of POSIX: what was done to a file before an ``fsync`` of it began is there once that
returned; names in a folder are there once the folder was synced; the names one call changes change together. Nothing
else: a file that was synced may have no name yet, a name may lead to a file of which nothing was written, pages of one
write may be there and others not. Names that one folder was given reach the disk in their order, those of two folders
in any, as the journals of file systems do or better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from apprentice_lab.trust.power_events import ROOT, Event, Log

_PAGE = 4096
Luck = Callable[[int], list[bool]]
"""Of so many things that were not synced, in their order, which reached the disk."""


def nothing(count: int) -> list[bool]:
    """The system had got to nothing."""
    return [False] * count


def everything(count: int) -> list[bool]:
    """The system had got to all, as after a process was killed."""
    return [True] * count


def random_luck(random: np.random.Generator) -> Luck:
    """Each with a chance of its own."""
    return lambda count: list(random.random(count) < random.random())


class Disk:
    """What is there when the power is cut after so many events; ``names`` and ``data`` say what luck there was."""

    def __init__(self, log: Log, count: int, names: Luck, data: Luck) -> None:
        self._folders = log.folders
        self._names: dict[int, dict[str, int]] = {}
        self._contents: dict[int, bytearray] = {}
        events = log.events[:count]
        synced = _synced(events)
        by_node: dict[int, list[tuple[bool, Event]]] = {}
        for place, event in enumerate(events):
            if event.kind in ("write", "cut", "names"):
                is_sure = place < max(synced.get(event.node, 0), synced.get(-1, 0))
                by_node.setdefault(event.node, []).append((is_sure, event))
        for node, done in by_node.items():
            if node in self._folders:
                self._names[node] = _named(done, names)
            else:
                self._contents[node] = _content(done, data)

    def write_to(self, place: Path) -> None:
        """Lay all of it out in a folder."""
        self._lay_out(ROOT, place)

    def _lay_out(self, node: int, place: Path) -> None:
        if node not in self._folders:
            place.write_bytes(self._contents.get(node, b""))
            return
        place.mkdir(exist_ok=True)
        for name, inside in self._names.get(node, {}).items():
            self._lay_out(inside, place / name)


def _synced(events: Sequence[Event]) -> dict[int, int]:
    """By node (-1: all), before which event all is on disk."""
    found: dict[int, int] = {}
    for event in events:
        if event.kind in ("sync", "sync all"):
            node = event.node if event.kind == "sync" else -1
            found[node] = max(found.get(node, 0), event.upto)
    return found


def _named(done: Sequence[tuple[bool, Event]], luck: Luck) -> dict[str, int]:
    """What is in a folder: all that is sure, and as much of the rest, in order, as there was luck for."""
    loose = [event for is_sure, event in done if not is_sure]
    reached = sum(luck(len(loose)))
    names: dict[str, int] = {}
    for event in [*(event for is_sure, event in done if is_sure), *loose[:reached]]:
        for name, node in event.changes:
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
    return names


def _content(done: Sequence[tuple[bool, Event]], luck: Luck) -> bytearray:
    """What is in a file: all that is sure, and of the rest any pages of any writes."""
    content = bytearray()
    for is_sure, event in done:
        if event.kind == "cut":
            if is_sure or luck(1)[0]:
                content[event.offset :] = bytes(max(0, event.offset - len(content)))
            continue
        starts = [0, *range(_PAGE - event.offset % _PAGE, len(event.data), _PAGE)]
        pages = zip(starts, [*starts[1:], len(event.data)], strict=True)
        reached = [True] * len(starts) if is_sure else luck(len(starts))
        for (start, stop), is_there in zip(pages, reached, strict=True):
            if is_there:
                at = event.offset + start
                content.extend(bytes(max(0, at - len(content))))
                content[at : at + stop - start] = event.data[start:stop]
    return content
