"""Corrections: every edit says what it vouches for, is journalled at once and can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from napari_apprentice.data import edits, exports
from napari_apprentice.data.corrections import merge_proposal
from napari_apprentice.data.deltas import Delta
from napari_apprentice.data.keeping import Object, objects_touched, with_rest
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.journal import Action
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.large_entry import LargeEntry
from napari_apprentice.session.large_export import export_large
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.state import checked_labels, refuse, why_not_whole


class Editing(Regions):
    """Adds edits of the current image to the session."""

    def __init__(self, project: Project | None = None) -> None:
        self._step: tuple[Entry, int] | None = None
        self._looked_after: set[Object] = set()  # by the stroke under way
        super().__init__(project)

    @contextmanager
    def stroke(self) -> Iterator[None]:
        """Edits inside are one undo step: a drag of the brush."""
        self._strokes += 1
        try:
            yield
        finally:
            self._strokes -= 1
            if self._strokes == 0:
                self._step = None
                self._looked_after = set()

    def record_paint(self, indices: ArrayLike, before: ArrayLike, value: int, *, filled: bool = False) -> None:
        """The layer painted ``value`` (0: erased) into the shared labels at flat ``indices``.

        ``before`` are the labels as they were there.

        Painting vouches for what it painted, erasing an object for background there, a fill (``filled``) for the whole
        object in the slices filled. Whatever else there is of the objects touched stays at the next proposal.
        """
        entry = self._open_entry()
        delta = edits.paint(entry.labels, entry.vouched, indices, value, before=before)
        self._edit(entry, delta, labels_shown=True, filled=filled)

    def paint(self, indices: ArrayLike, value: int) -> None:
        """Make voxels (flat ``indices``) object or class ``value``; 0 erases."""
        entry = self._open_entry()
        self._edit(entry, edits.paint(entry.labels, entry.vouched, indices, value))

    def paint_background(self, indices: ArrayLike) -> None:
        """The background brush: voxels are background, the user says."""
        entry = self._open_entry()
        self._edit(entry, edits.background(entry.labels, entry.vouched, indices))

    def approve_object(self, point: Sequence[float]) -> None:
        """The object at ``point`` (t, z, y, x) is right; `UserError` when none is there."""
        entry = self._open_entry()
        self._apply(entry, edits.approve_object(entry.labels, entry.vouched, [int(i) for i in point], self.kind))

    def approve_region(self, slices: Sequence[slice]) -> None:
        """Everything in the box (slices for t, z, y, x) is right: objects, and background where there is none."""
        entry = self._open_entry()
        self._apply(entry, edits.approve_region(entry.labels, entry.vouched, slices))

    def replace_labels(self, labels: Any) -> None:
        """Other labels (T, Z, Y, X), for instance from another layer, where nothing is vouched for; one undo step."""
        entry = self._open_entry()
        refuse(why_not_whole(entry))
        new = merge_proposal(entry.labels, entry.vouched, checked_labels(labels, entry.volume), self.kind)
        self._apply(entry, edits.replace(entry.labels, entry.vouched, new))

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit of the current image to take back."""
        return self.current is not None and bool(self.current.history.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit of the current image to do again."""
        return self.current is not None and bool(self.current.history.undone)

    def undo(self) -> None:
        """Take back the last step on the current image, exactly."""
        if self.current is None or not self.current.history.done:
            return
        step = self.current.history.done[-1]
        if self._exchange_back(self.current, step, again=False):
            return
        if not self._go_to_step(self.current, step):
            return
        for change in reversed(step.changes.copy()):
            self._write(self.current, "undo", step.number, change.delta.inverse())
        self._tell(self.current, labels=True, vouched=True)

    def redo(self) -> None:
        """Do the step taken back last again."""
        if self.current is None or not self.current.history.undone:
            return
        step = self.current.history.undone[-1]
        if self._exchange_back(self.current, step, again=True):
            return
        if not self._go_to_step(self.current, step):
            return
        for change in step.changes.copy():
            self._write(self.current, "redo", step.number, change.delta)
        self._tell(self.current, labels=True, vouched=True)

    def export_labels(self, path: str | Path) -> None:
        """Write the current image's labels in the format of the suffix (`data.exports.write_labels`)."""
        entry = self._open_entry()
        if isinstance(entry, LargeEntry):
            export_large(entry, Path(path), self._class_names)
        else:
            exports.write_labels(path, entry.labels, like=entry.volume, names=self._class_names)
        self.said.emit(f"Labels of {entry.name} were written to {path}.")

    @property
    def _class_names(self) -> dict[int, str]:
        """What values of labels are called, when they are classes."""
        return {one.value: one.name for one in self.classes} if self.kind == "classes" else {}

    def _open_entry(self) -> Entry:
        if self.current is None:
            raise UserError("There is no image: open one first.")
        return self.current

    def _edit(self, entry: Entry, delta: Delta, *, labels_shown: bool = False, filled: bool = False) -> None:
        """Do an edit of objects, of which nothing may be lost; areas of classes are not objects."""
        touched = objects_touched(delta) - self._looked_after if self.kind == "instances" else set()
        whole = with_rest(delta, entry.labels, entry.vouched, touched, highest=entry.highest_id, filled=filled)
        looked_after = self._looked_after | touched
        self._apply(entry, whole, labels_shown=labels_shown)
        if self._strokes:
            self._looked_after = looked_after

    def _apply(self, entry: Entry, delta: Delta, *, labels_shown: bool = False) -> None:
        if len(delta) == 0:
            return
        self._looked_after = set()
        self._write(entry, "do", self._step_number(entry), delta)
        labels = not labels_shown and bool((delta.labels_before != delta.labels_after).any())
        self._tell(entry, labels=labels, vouched=bool((delta.vouched_before != delta.vouched_after).any()))

    def _tell(self, entry: Entry, *, labels: bool, vouched: bool) -> None:
        if labels:
            self.labels_changed.emit(entry)
        if vouched:
            self.vouched_changed.emit(entry)

    def _step_number(self, entry: Entry) -> int:
        if self._strokes == 0:
            return entry.history.next_number()
        if self._step is None or self._step[0] is not entry:
            self._step = (entry, entry.history.next_number())
        return self._step[1]

    def _write(self, entry: Entry, action: Action, step: int, delta: Delta) -> None:
        try:
            entry.apply(action, step, delta)
        except UserError as error:
            self._say_disk_trouble(str(error))

    @property
    def _is_behind(self) -> bool:
        """Whether anything waits because the disk refused it, or the user was not told yet that nothing does."""
        return self.project is not None and (self.project.is_behind or bool(self._disk_trouble))

    def _all_written(self) -> bool:
        """Write what the disk refused; whether nothing waits any more."""
        if self.project is not None:
            self.project.catch_up()
        for entry in self.entries:
            entry.catch_up()
        return self.project is None or not self.project.is_behind

    def _retry_disk(self) -> None:
        """Write what the disk refused, and say so once it is all there; called by `pump`."""
        try:
            is_all = self._all_written()
        except UserError as error:
            self._say_disk_trouble(str(error))
            return
        if is_all and self._disk_trouble:
            self._disk_trouble = ""
            self.trouble_changed.emit()
            self.said.emit("The disk takes the project again: everything is saved.")
