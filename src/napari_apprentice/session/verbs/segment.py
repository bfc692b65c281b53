"""*Segment*: the network proposes labels for all of the current image, or for the open part of a large one."""

from __future__ import annotations

from napari_apprentice.data import edits, scratch
from napari_apprentice.data.corrections import merge_proposal
from napari_apprentice.jobs import ArrayRef, SegmentJob, SegmentResult
from napari_apprentice.session.images import refuse
from napari_apprentice.session.parts import Parts
from napari_apprentice.session.queue import Origin, Running
from napari_apprentice.session.requests import pixels_of


class Segment:
    """A proposal is one undo step, and leaves what is vouched for as it is."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        if self._parts.queue.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return self._parts.models.why_not_propose()

    def __call__(self) -> None:
        """Propose labels for the current image. Raises `UserError` with what is missing."""
        refuse(self.why_not())
        self._parts.queue.start(self._job(), self._parts.origin(), self._accept)

    def _job(self) -> SegmentJob:
        parts, (project, entry, model) = self._parts, self._parts.asked()
        id_ = parts.queue.next_id("segment")
        return SegmentJob(
            id=id_,
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            settings=parts.choices.segment,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def _why_stale(self, origin: Origin) -> str:
        if origin.entry not in self._parts.images.entries or not origin.is_same_part:
            return f"{origin.entry.name} changed while it was segmented: the proposal was dropped, segment again."
        if origin.model != self._parts.models.in_use.key:
            return "Another model was chosen meanwhile: the proposal was dropped, segment again."
        return ""

    def _accept(self, running: Running, result: SegmentResult) -> None:
        if why_stale := self._why_stale(running.origin):
            self._parts.signals.said.emit(why_stale)
            return
        entry, kind = running.origin.entry, self._parts.choices.kind
        proposal = scratch.read(result.labels)[running.origin.inner]
        merged = merge_proposal(entry.labels, entry.vouched, proposal, kind)
        if kind == "instances":
            merged = entry.named(merged)
        self._parts.edits.apply(entry, edits.replace(entry.labels, entry.vouched, merged))
