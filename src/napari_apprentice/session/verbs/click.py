"""*Click a cell*: the network proposes one object around a point, which is kept as an edit or discarded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, KEPT, UNKNOWN, teaching_part
from napari_apprentice.data.labels.deltas import Delta, read_flat
from napari_apprentice.jobs import ClickJob, ClickResult, Point
from napari_apprentice.session.images import refuse
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Running

Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ClickProposal:
    """A mask over ``box`` ((start, stop) for t, z, y, x) that waits to be kept or discarded.

    ``repairs`` is the object it stands for (0: a new one).
    """

    entry: ProjectImage
    box: Box
    mask: NDArray[np.bool_]
    repairs: int
    class_value: int | None


class Click:
    """One proposal waits at a time; a newer click, another region or *Discard* make older answers stale."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._generation = 0
        self.proposal: ClickProposal | None = None
        parts.signals.region_changed.connect(self._on_region_changed)

    def why_not(self) -> str:
        """What clicking a cell still misses; "" when it can be done."""
        return self._parts.models.why_not_propose()

    def __call__(self, point: tuple[float, ...]) -> None:
        """Propose one object around ``point`` (t, z, y, x); answered by ``click_proposed``. Raises `UserError`."""
        refuse(self.why_not())
        entry = self._parts.images.open_entry
        at = tuple(round(i) for i in point)
        if len(at) != 4 or not all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True)):
            return
        self._generation += 1
        job = self._job(at)
        self._parts.queue.start(job, self._parts.origin(), partial(self._accept, job))

    def keep(self) -> None:
        """Make the proposed mask a confirmed object (or class); one undo step."""
        proposal = self.proposal
        if proposal is None:
            return
        self.discard()
        if proposal.entry in self._parts.images.entries:
            self._parts.edits.apply(proposal.entry, keeping_edit(proposal))

    def discard(self) -> None:
        """Forget the proposed mask, and any answer that is still to come."""
        self._generation += 1
        if self.proposal is not None:
            self.proposal = None
            self._parts.signals.click_cleared.emit()

    def _job(self, at: tuple[int, ...]) -> ClickJob:
        parts, (project, entry, model) = self._parts, self._parts.subject()
        return ClickJob(
            id=parts.queue.next_id("click"),
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            point=looked_at(at, entry.inner),
            generation=self._generation,
            settings=parts.compute.settings_here,
        )

    def _is_stale(self, running: Running, result: ClickResult) -> bool:
        origin = running.origin
        is_there = origin.entry in self._parts.images.entries and origin.is_same_part
        return result.generation != self._generation or not is_there

    def _accept(self, job: ClickJob, running: Running, result: ClickResult) -> None:
        if self._is_stale(running, result):
            return
        signals, origin, instances = self._parts.signals, running.origin, self._parts.choices.kind == "instances"
        self.proposal = proposal_of(result, origin.entry, job.point, origin.inner, instances=instances)
        if self.proposal is None:
            signals.click_cleared.emit()
            signals.message.emit("The network sees nothing to propose here: paint the object with the brush.")
        else:
            signals.click_proposed.emit(self.proposal.mask, self.proposal.box)

    def _on_region_changed(self, *_: Any) -> None:
        self.discard()


def looked_at(point: tuple[int, ...], inner: Region) -> Point:
    """A voxel of an entry's labels in what a network looks at; labels lie at ``inner`` there."""
    t, z, y, x = (i + part.start for i, part in zip(point, inner, strict=True))
    return t, z, y, x


def proposal_of(
    result: ClickResult, entry: ProjectImage, point: Point, inner: Region, *, instances: bool
) -> ClickProposal | None:
    """The answer, cut where something else is confirmed; None when nothing is left.

    ``point`` and the answer are in what the network looked at; the entry's labels lie at ``inner`` there.
    """
    found = tuple((int(start), int(stop)) for start, stop in result.box)
    if not result.bits or len(found) != 4:
        return None
    shape = tuple(stop - start for start, stop in found)
    packed = np.frombuffer(bytes.fromhex(result.bits), np.uint8)
    mask = np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape).astype(bool)
    kept = tuple(
        slice(max(start, part.start), min(stop, part.stop)) for (start, stop), part in zip(found, inner, strict=True)
    )
    if any(one.start >= one.stop for one in kept):
        return None
    mask = mask[tuple(slice(k.start - start, k.stop - start) for k, (start, _) in zip(kept, found, strict=True))].copy()
    box = tuple((k.start - part.start, k.stop - part.start) for k, part in zip(kept, inner, strict=True))
    t, z, y, x = (i - part.start for i, part in zip(point, inner, strict=True))
    at = tuple(slice(start, stop) for start, stop in box)
    labels, confirmed = entry.labels[at], entry.confirmed[at]
    open_ = instances and entry.confirmed[t, z, y, x] in (UNKNOWN, KEPT)
    repairs = int(entry.labels[t, z, y, x]) if open_ else 0
    taken = confirmed == BACKGROUND
    if instances:
        taken |= (confirmed != UNKNOWN) & (labels != repairs)
    else:
        taken |= confirmed == AS_LABELLED
    mask &= ~taken
    return ClickProposal(entry, box, mask, repairs, result.class_value) if mask.any() else None


def keeping_edit(proposal: ClickProposal) -> Delta:
    """The edit that makes the proposal a confirmed object; what was left of the one it repairs is cleared."""
    labels, confirmed = proposal.entry.labels, proposal.entry.confirmed
    value = proposal.class_value or proposal.repairs or None
    added = edits.new_object(labels, confirmed, proposal.mask, proposal.box, value, free=proposal.entry.next_id())
    if not proposal.repairs:
        return added
    frame = proposal.box[0][0]
    open_ = (labels[frame] == proposal.repairs) & (teaching_part(confirmed[frame]) == UNKNOWN)
    left = np.setdiff1d(np.flatnonzero(open_) + frame * open_.size, added.indices, assume_unique=True)
    before = np.full(len(left), proposal.repairs, np.uint32)
    sure = read_flat(confirmed, left)
    return added.beside(Delta(added.shape, left, before, np.zeros_like(before), sure, np.full_like(sure, UNKNOWN)))
