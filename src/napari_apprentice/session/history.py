"""What was done to one image and can be undone: changes, grouped in steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.objects.marks import MarkEdit
from napari_apprentice.project.journal import Action

_LARGEST = 500_000_000  # bytes kept in memory; beyond it the oldest step goes
_PACKED_FROM = 1_000_000  # bytes from which a change is kept as its record, which is up to a hundred times smaller


Edit = Delta | MarkEdit  # of labels and what is confirmed, or of the classes of objects


def edit_of(record: bytes, shape: tuple[int, ...] | None = None) -> Edit:
    """What a record of a journal says, of labels of ``shape``; `ValueError` when it is damaged."""
    return MarkEdit.from_bytes(record) if MarkEdit.is_one(record) else Delta.from_bytes(record, shape)


class Change:
    """One edit, as applied when it was first done; a large one is kept packed."""

    def __init__(self, edit: Edit, written: bytes) -> None:
        self._kept: Edit | bytes = written if edit.nbytes > _PACKED_FROM else edit

    @property
    def edit(self) -> Edit:
        """The edit itself."""
        return edit_of(self._kept) if isinstance(self._kept, bytes) else self._kept

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return len(self._kept) if isinstance(self._kept, bytes) else self._kept.nbytes


@dataclass(frozen=True)
class Exchange:
    """All labels of a large image were exchanged for others: the numbers of both in its store."""

    before: int
    after: int


@dataclass
class UndoStep:
    """What one undo takes back: the changes of a drag, a merge, a click, all in one ``region``."""

    number: int
    region: Region | None = None
    changes: list[Change] = field(default_factory=list)
    exchange: Exchange | None = None  # instead of changes


class History:
    """Two stacks of steps. `record` is the only way in, live and when a journal is replayed."""

    def __init__(self) -> None:
        self.done: list[UndoStep] = []
        self.undone: list[UndoStep] = []
        self._bytes = 0
        self._last_number = 0

    def next_number(self) -> int:
        """A step number never given before."""
        self._last_number += 1
        return self._last_number

    def record(self, action: Action, number: int, edit: Edit, written: bytes, region: Region | None = None) -> None:
        """Note that ``edit`` was applied: done, or as the inverse of something (undo), or done again (redo).

        ``written`` is its record, ``region`` the part of the image that it is about.
        """
        self._last_number = max(self._last_number, number)
        if action == "do":
            self._forget(self.undone)
            self._keep(self.done, number, Change(edit, written), region)
        elif action == "undo":
            change = self._take(self.done, number, last=True)
            if change is None:  # a snapshot was made in between
                inverse = edit.inverse()
                change = Change(inverse, inverse.to_bytes())
            self._keep(self.undone, number, change, region, first=True)
        else:
            change = self._take(self.undone, number, last=False) or Change(edit, written)
            self._keep(self.done, number, change, region)

    def record_exchange(self, exchange: Exchange, region: Region) -> None:
        """Note that all labels of a large image were exchanged."""
        self._forget(self.undone)
        self.done.append(UndoStep(self.next_number(), region, exchange=exchange))

    def step_exchange(self, *, again: bool) -> None:
        """The last exchange was taken back, or done ``again``."""
        of, to = (self.undone, self.done) if again else (self.done, self.undone)
        to.append(of.pop())

    def _keep(
        self, stack: list[UndoStep], number: int, change: Change, region: Region | None, *, first: bool = False
    ) -> None:
        if not stack or stack[-1].number != number:
            stack.append(UndoStep(number, region))
        stack[-1].changes.insert(0 if first else len(stack[-1].changes), change)
        self._bytes += change.nbytes
        while self._bytes > _LARGEST and len(self.done) > 1:
            self._forget(self.done, 1)

    def _take(self, stack: list[UndoStep], number: int, *, last: bool) -> Change | None:
        if not stack or stack[-1].number != number:
            return None
        change = stack[-1].changes.pop(-1 if last else 0)
        self._bytes -= change.nbytes
        if not stack[-1].changes:
            stack.pop()
        return change

    def _forget(self, stack: list[UndoStep], count: int | None = None) -> None:
        """Drop the oldest ``count`` steps, or all."""
        for step in stack[:count]:
            self._bytes -= sum(change.nbytes for change in step.changes)
        del stack[:count]
