"""*Segment*: the network proposes labels for all of the current image, or for the open part of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import Labels, merge_proposal
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.storage import scratch
from napari_apprentice.jobs import ArrayRef, SegmentJob, SegmentResult
from napari_apprentice.session.background import Taken, Work
from napari_apprentice.session.images import refuse
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Accept, Origin, Running
from napari_apprentice.settings import Kind

_AT_ONCE = 1 << 18  # voxels that are merged on the spot, which takes 10 ms
_MOST_MISSES = 2  # how often labels may be edited while they are merged; then the editing waits


class Segment:
    """A proposal is one undo step, and leaves what is confirmed as it is."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        if self._parts.queue.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return self._parts.models.why_not_propose()

    def __call__(self) -> None:
        """Propose labels for the current image. Raises `UserError` with what is missing."""
        refuse(self.why_not())
        self._parts.queue.start(self._job(), self._parts.origin(), self.taking)

    @property
    def taking(self) -> Accept:
        """What takes a proposal in for what labels mean now, wherever it comes from."""
        return partial(self._accept, self._meaning)

    @property
    def _meaning(self) -> _Meaning:
        return _Meaning(self._parts.choices.kind, self._parts.choices.segment.link)

    def _job(self) -> SegmentJob:
        parts, (project, entry, model) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("segment")
        return SegmentJob(
            id=id_,
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            settings=parts.choices.segment,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def _why_stale(self, origin: Origin, kind: Kind) -> str:
        if origin.entry not in self._parts.images.entries or not origin.is_same_part:
            return f"{origin.entry.name} changed while it was segmented: the proposal was dropped, segment again."
        if origin.model != self._parts.models.in_use.key:
            return "Another model was chosen meanwhile: the proposal was dropped, segment again."
        if kind != self._parts.choices.kind:
            return "Masks mean something else now: the proposal was dropped, segment again."
        return ""

    def _accept(self, meaning: _Meaning, running: Running, result: SegmentResult) -> Taken:
        return self._merging(running.origin, meaning, scratch.read(result.labels)[running.origin.inner])

    def _merging(self, origin: Origin, meaning: _Meaning, proposal: Labels, misses: int = 0) -> Taken:
        """Merge a proposal into the labels beside the window, and again when they were edited meanwhile."""
        if why_stale := self._why_stale(origin, meaning.kind):
            self._parts.signals.message.emit(why_stale)
            return None

        def take_in(merged: _Merged) -> Taken:
            if self._why_stale(origin, meaning.kind) or merged.edits != origin.entry.edits:
                return self._merging(origin, meaning, proposal, misses + 1)
            self._parts.edits.apply(origin.entry, merged.delta, record=merged.record)
            return None

        return Work(
            do=partial(_merged, origin.entry, proposal, meaning),
            done=take_in,
            may_go_on=lambda: not self._parts.regions.is_held,  # a stroke is a step of its own
            is_short=origin.entry.labels.size <= _AT_ONCE or misses == _MOST_MISSES,
        )


@dataclass(frozen=True)
class _Meaning:
    """What labels were when a proposal was asked for; with ``link`` objects keep their ids through time."""

    kind: Kind
    link: bool


@dataclass(frozen=True, eq=False)
class _Merged:
    """What a proposal changes in labels that had seen so many edits, and its record for the journal."""

    edits: int
    delta: Delta
    record: bytes


def _merged(entry: ProjectImage, proposal: Labels, meaning: _Meaning) -> _Merged:
    """Runs beside the thread that edits: on copies, which are of use when no edit was made meanwhile."""
    count = entry.edits
    labels, confirmed = entry.labels.copy(), entry.confirmed.copy()
    merged = merge_proposal(labels, confirmed, proposal, meaning.kind)
    if meaning.kind == "instances":
        merged = entry.numbered(merged, labels, confirmed, link=meaning.link)
    delta = edits.replace_labels(labels, confirmed, merged)
    _ = delta.box  # remembered: what takes the edit in may ask for it
    return _Merged(count, delta, delta.to_bytes())
