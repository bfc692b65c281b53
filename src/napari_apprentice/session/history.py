"""What was done to one image and can be undone: deltas, grouped in steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_apprentice.data.edits import Delta
from napari_apprentice.project.journal import Action

_LARGEST = 1_000_000_000  # bytes of deltas kept in memory; the oldest step goes first


@dataclass
class Step:
    """What one undo takes back: the deltas of a drag, a merge, a click."""

    number: int
    deltas: list[Delta] = field(default_factory=list)


class History:
    """Two stacks of steps. `record` is the only way in, live and when a journal is replayed."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self._bytes = 0
        self._last_number = 0

    def next_number(self) -> int:
        """A step number never given before."""
        self._last_number += 1
        return self._last_number

    def record(self, action: Action, number: int, delta: Delta) -> None:
        """Note that ``delta`` was applied: done, or as the inverse of something (undo), or done again (redo)."""
        self._last_number = max(self._last_number, number)
        if action == "do":
            self._forget_undone()
            _step(self.done, number).deltas.append(delta)
            self._bytes += _size(delta)
            self._forget_oldest()
        elif action == "undo":
            _take(self.done, number, at=-1)
            _step(self.undone, number).deltas.insert(0, delta.inverse())
        else:
            _take(self.undone, number, at=0)
            _step(self.done, number).deltas.append(delta)

    def _forget_undone(self) -> None:
        self._bytes -= sum(_size(delta) for step in self.undone for delta in step.deltas)
        self.undone.clear()

    def _forget_oldest(self) -> None:
        while self._bytes > _LARGEST and len(self.done) > 1:
            self._bytes -= sum(_size(delta) for delta in self.done.pop(0).deltas)


def _step(stack: list[Step], number: int) -> Step:
    if not stack or stack[-1].number != number:
        stack.append(Step(number))
    return stack[-1]


def _take(stack: list[Step], number: int, at: int) -> None:
    """Remove one delta of the step on top; it is missing there when a snapshot was made in between."""
    if stack and stack[-1].number == number:
        stack[-1].deltas.pop(at)
        if not stack[-1].deltas:
            stack.pop()


def _size(delta: Delta) -> int:
    """Bytes of the five arrays."""
    return 18 * len(delta)
