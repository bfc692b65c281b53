"""Corrections: every edit says what it confirms, is journalled at once and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.labels import edits, object_edits, splitting
from napari_apprentice.data.labels.beginning import object_begun_in
from napari_apprentice.data.labels.corrections import Labels, merge_proposal
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.directions import Seen, SliceAxis
from napari_apprentice.data.labels.keeping import Object, objects_touched, with_rest
from napari_apprentice.data.objects.marks import MarkEdit
from napari_apprentice.errors import UserError
from napari_apprentice.project.journal import Action
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.history import Edit
from napari_apprentice.session.images import Images, checked_labels, refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.saving import Saving
from napari_apprentice.session.signals import Signals


class Edits:
    """Changes labels of the current image, and tells of it by ``labels_changed`` and ``confirmed_changed``."""

    def __init__(self, signals: Signals, choices: Choices, images: Images, regions: Regions, saving: Saving) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._regions = regions
        self._saving = saving
        self.new_on_empty_ground = True  # a stroke that begins where no object is begins one
        self._step: tuple[ProjectImage, int] | None = None  # of the stroke under way
        self._looked_after: set[Object] = set()  # by the stroke under way

    @contextmanager
    def stroke(self) -> Iterator[None]:
        """Edits inside are one undo step: a drag of the brush."""
        try:
            with self._regions.holding():
                yield
        finally:
            if not self._regions.is_held:
                self._step = None
                self._looked_after = set()
                self._signals.stroke_ended.emit()

    def id_to_paint(self, entry: ProjectImage, point: Sequence[float], selected: int) -> int:
        """What a stroke paints that begins at ``point`` (t, z, y, x) while an id is ``selected``.

        The object there, or a new one; with ``new_on_empty_ground`` off, and of classes, what is selected.
        """
        if not self.new_on_empty_ground or self._choices.kind != "instances":
            return selected
        return object_begun_in(entry.labels, point, selected) or entry.next_id()

    def record_paint(self, indices: ArrayLike, before: ArrayLike, value: int, *, filled: bool = False) -> None:
        """The layer painted ``value`` (0: erased) into the shared labels at flat ``indices``.

        ``before`` are the labels as they were there.

        Painting confirms what it painted, erasing an object confirms background there, a fill (``filled``) confirms the
        whole object in the slices filled. Whatever else there is of the objects touched stays at the next proposal.
        """
        entry = self._images.open_entry
        delta = edits.paint(entry.labels, entry.confirmed, indices, value, before=before)
        self._edit(entry, delta, labels_shown=True, filled=filled)

    def paint(self, indices: ArrayLike, value: int) -> None:
        """Make voxels (flat ``indices``) object or class ``value``; 0 erases."""
        entry = self._images.open_entry
        self._edit(entry, edits.paint(entry.labels, entry.confirmed, indices, value))

    def paint_background(self, indices: ArrayLike) -> None:
        """The background brush: voxels are background, the user says."""
        entry = self._images.open_entry
        self._edit(entry, edits.paint_background(entry.labels, entry.confirmed, indices))

    def approve_object(self, point: Sequence[float]) -> None:
        """The object at ``point`` (t, z, y, x) is right; `UserError` when none is there."""
        entry = self._images.open_entry
        self.apply(
            entry, edits.approve_object(entry.labels, entry.confirmed, [int(i) for i in point], self._choices.kind)
        )

    def approve_region(self, slices: Sequence[slice]) -> None:
        """Everything in the box (slices for t, z, y, x) is right: objects, and background where there is none."""
        entry = self._images.open_entry
        self.apply(entry, edits.approve_region(entry.labels, entry.confirmed, slices))

    def delete_object(self, point: Sequence[float]) -> None:
        """There is no object at ``point`` (t, z, y, x): what was there is background; `UserError` when none was."""
        entry = self._images.open_entry
        at = [int(i) for i in point]
        self.apply(entry, object_edits.delete_object(entry.labels, entry.confirmed, at, self._choices.kind))

    def why_not_objects(self) -> str:
        """Why objects cannot be merged or split; "" when they can."""
        if self._choices.kind == "classes":
            return "Areas of classes are not objects: there is nothing to merge or to split, paint them."
        return ""

    def merge(self, points: ArrayLike, *, one_slice: bool = False, across: SliceAxis = "z") -> None:
        """The objects at ``points`` (count, 4) as (t, z, y, x) are the first of them; all of it is confirmed.

        With ``one_slice`` only in the slice of the first point, slices being ``across`` an axis: the rest stays as it
        is. `UserError` when there are not two objects.
        """

        def merged(seen: Seen, entry: ProjectImage) -> Delta:
            return object_edits.merge_objects(seen.labels, seen.confirmed, seen.points(points), one_slice=one_slice)

        self._edit_objects(merged, one_slice, across)

    def split(self, places: ArrayLike, *, one_slice: bool = False, across: SliceAxis = "z") -> None:
        """The object in which ``places`` (count, 4) as (t, z, y, x) lie becomes as many parts, all of it confirmed.

        The largest keeps the id. With ``one_slice`` only what lies in their slice is split, and the rest stays as it
        is. `UserError` when they do not lie in one object.
        """
        self._split(splitting.split_at_places, places, one_slice, across)

    def split_along(self, line: ArrayLike, *, one_slice: bool = False, across: SliceAxis = "z") -> None:
        """As `split`, where a ``line`` through points (count, 4) of a slice divides an object; `UserError` if none."""
        self._split(splitting.split_along_line, line, one_slice, across)

    def separate(self, point: Sequence[float], *, one_slice: bool = False, across: SliceAxis = "z") -> None:
        """The piece at ``point`` (t, z, y, x), apart from the rest of its object, gets an id of its own.

        Both are confirmed, with ``one_slice`` in that slice only. `UserError` when the object is in one piece.
        """

        def separated(seen: Seen, entry: ProjectImage) -> Delta:
            at, free = seen.point(point), entry.next_id()
            return object_edits.separate_piece(seen.labels, seen.confirmed, at, free=free, one_slice=one_slice)

        self._edit_objects(separated, one_slice, across)

    def replace_labels(self, labels: Any) -> None:
        """Other labels (T, Z, Y, X), for instance from another layer, where nothing is confirmed; one undo step."""
        entry = self._images.open_entry
        if isinstance(entry, LargeProjectImage):
            raise UserError(
                f"{entry.name} is too large for this: its labels are corrected where you look, "
                "not exchanged as a whole."
            )
        new = self.as_proposal(entry, checked_labels(labels, entry.volume))
        self.apply(entry, edits.replace_labels(entry.labels, entry.confirmed, new))

    def as_proposal(self, entry: ProjectImage, labels: Labels, *, keep_ids: bool = False) -> Labels:
        """Labels of an image as they would be taken in: what is confirmed stays, and its ids are its own.

        With ``keep_ids`` objects keep theirs, through time too, as far as nothing confirmed has them.
        """
        kind, link = self._choices.kind, self._choices.segment.link and not keep_ids
        new = merge_proposal(entry.labels, entry.confirmed, labels, kind, keep_ids=keep_ids)
        return entry.numbered(new, entry.labels, entry.confirmed, link=link) if kind == "instances" else new

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit of the current image to take back."""
        return self._images.current is not None and bool(self._images.current.history.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit of the current image to do again."""
        return self._images.current is not None and bool(self._images.current.history.undone)

    def undo(self) -> None:
        """Take back the last step on the current image, exactly."""
        entry = self._images.current
        if entry is None or not entry.history.done:
            return
        step = entry.history.done[-1]
        if self._regions.exchange_back(entry, step, again=False) or not self._regions.open_for(entry, step):
            return
        self._write(entry, "undo", step.number, *(change.edit.inverse() for change in reversed(step.changes)))
        self._tell(entry, labels=True, confirmed=True)

    def redo(self) -> None:
        """Do the step taken back last again."""
        entry = self._images.current
        if entry is None or not entry.history.undone:
            return
        step = entry.history.undone[-1]
        if self._regions.exchange_back(entry, step, again=True) or not self._regions.open_for(entry, step):
            return
        self._write(entry, "redo", step.number, *(change.edit for change in step.changes))
        self._tell(entry, labels=True, confirmed=True)

    def apply(
        self, entry: ProjectImage, delta: Delta, *, labels_shown: bool = False, record: bytes | None = None
    ) -> None:
        """Do one edit; with ``labels_shown`` the layer has changed its labels already.

        ``record`` is ``delta.to_bytes()``, if that is known.
        """
        if len(delta) == 0:
            return
        self._looked_after = set()
        self._write(entry, "do", self._step_number(entry), delta, record=record)
        self._tell(entry, labels=not labels_shown and delta.changes_labels, confirmed=delta.changes_confirmed)

    def mark(self, entry: ProjectImage, edit: MarkEdit) -> None:
        """Give objects of an image classes, or take them away; one undo step."""
        if len(edit):
            self._write(entry, "do", self._step_number(entry), edit)

    def apply_to_objects(self, entry: ProjectImage, delta: Delta) -> None:
        """Do one edit of objects; what it leaves of those it touches stays at the next proposal."""
        self._edit(entry, delta)

    def _edit(self, entry: ProjectImage, delta: Delta, *, labels_shown: bool = False, filled: bool = False) -> None:
        """Do an edit of objects, of which nothing may be lost; areas of classes are not objects."""
        touched = objects_touched(delta) - self._looked_after if self._choices.kind == "instances" else set()
        whole = with_rest(delta, entry.labels, entry.confirmed, touched, highest=entry.highest_id, filled=filled)
        looked_after = self._looked_after | touched
        self.apply(entry, whole, labels_shown=labels_shown)
        if self._regions.is_held:
            self._looked_after = looked_after

    def _split(self, maker: Callable[..., Delta], points: ArrayLike, one_slice: bool, across: SliceAxis) -> None:
        def split(seen: Seen, entry: ProjectImage) -> Delta:
            def look(frame: int, box: tuple[slice, ...]) -> NDArray[Any]:
                return seen.array(entry.look(frame, seen.back(box)))

            spacing, free = seen.of(entry.volume.spacing), entry.next_id()
            at = seen.points(points)
            return maker(seen.labels, seen.confirmed, at, look, spacing, free=free, one_slice=one_slice)

        self._edit_objects(split, one_slice, across)

    def _edit_objects(self, maker: Callable[[Seen, ProjectImage], Delta], one_slice: bool, across: SliceAxis) -> None:
        """Do an edit of whole objects, of which nothing is left to look after, or of their sections in a slice."""
        refuse(self.why_not_objects())
        entry = self._images.open_entry
        seen = Seen(entry.labels, entry.confirmed, across)
        delta = seen.edit(maker(seen, entry))
        if one_slice:
            self._edit(entry, delta)
        else:
            self.apply(entry, delta)

    def _tell(self, entry: ProjectImage, *, labels: bool, confirmed: bool) -> None:
        if labels:
            self._signals.labels_changed.emit(entry)
        if confirmed:
            self._signals.confirmed_changed.emit(entry)

    def _step_number(self, entry: ProjectImage) -> int:
        if not self._regions.is_held:
            return entry.history.next_number()
        if self._step is None or self._step[0] is not entry:
            self._step = (entry, entry.history.next_number())
        return self._step[1]

    def _write(
        self, entry: ProjectImage, action: Action, step: int, *edits_of_it: Edit, record: bytes | None = None
    ) -> None:
        """Apply and journal changes, of which none is there without the others whenever the process ends."""
        with self._choices.telling_trouble(), entry.folder.together():
            for edit in edits_of_it:
                if isinstance(edit, MarkEdit):
                    entry.mark(action, step, edit)
                else:
                    entry.apply(action, step, edit, record)
        for edit in edits_of_it:
            if isinstance(edit, MarkEdit):
                self._signals.object_classes_changed.emit()
            else:
                self._signals.edited.emit(entry, edit)
