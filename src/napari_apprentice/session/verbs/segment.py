"""*Segment*: the network proposes labels for all of the current image, or for the open part of a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from napari_apprentice.data.labels.corrections import Labels
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.storage import scratch
from napari_apprentice.jobs import ArrayRef, Job, SegmentJob, SegmentResult
from napari_apprentice.session.background import Taken, Work
from napari_apprentice.session.images import refuse
from napari_apprentice.session.merging import AT_ONCE, Meaning, Merged, merged_with
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Accept, Origin, Running
from napari_apprentice.settings import Kind

_MOST_MISSES = 2  # how often labels may be edited while they are merged; then the editing waits
TakenIn = Callable[[ProjectImage], None]


class Segment:
    """A proposal is one undo step, and leaves what is confirmed as it is."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        if self._parts.queue.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return self._parts.models.why_not_propose()

    def __call__(self, taken: TakenIn = lambda entry: None) -> None:
        """Propose labels for the current image; ``taken`` hears of the image that has them. Raises `UserError`."""
        refuse(self.why_not())
        self._parts.queue.start(self._job(), self._parts.origin(), self.taking(taken))

    def taking(self, taken: TakenIn = lambda entry: None, by: str = "segment") -> Accept:
        """What takes a proposal in for what labels mean now, wherever it comes from; ``taken`` as of a call.

        ``by`` is what is noted of where masks come from (`mask_sources`).
        """
        return partial(self._accept, Meaning.of(self._parts.choices), taken, by)

    def _job(self) -> SegmentJob:
        parts, (project, entry, model) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("segment")
        return SegmentJob(
            id=id_,
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            settings=parts.choices.segment,
            doubts=True,
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

    def _accept(self, meaning: Meaning, taken: TakenIn, by: str, running: Running, result: SegmentResult) -> Taken:
        doubts = Doubts.from_text(result.doubts) if result.doubts else Doubts.none()
        labels = scratch.read(result.labels)[running.origin.inner]
        note = partial(self._note, by, running.job)
        return self._merging(running.origin, _Proposal(labels, doubts, meaning, taken, note))

    def _note(self, by: str, job: Job, origin: Origin) -> None:
        """A proposal is in the labels; of what *Live* learned in passing there is no model to name but its network."""
        self._parts.mask_sources.note(origin.entry, by, origin.model, getattr(job, "settings", None))

    def _merging(self, origin: Origin, proposed: _Proposal, misses: int = 0) -> Taken:
        """Merge a proposal into the labels beside the window, and again when they were edited meanwhile."""
        if why_stale := self._why_stale(origin, proposed.meaning.kind):
            self._parts.signals.message.emit(why_stale)
            return None

        def take_in(merged: Merged) -> Taken:
            if self._why_stale(origin, proposed.meaning.kind) or merged.change.edits != origin.entry.edits:
                return self._merging(origin, proposed, misses + 1)
            self._parts.edits.apply(origin.entry, merged.change.delta, record=merged.change.record)
            self._parts.review.take_in(origin.entry, proposed.doubts, origin.inner)
            proposed.note(origin)
            if len(merged.change.delta):
                proposed.taken(origin.entry)
            return None

        return Work(
            do=partial(merged_with, origin.entry, proposed.labels, proposed.meaning),
            done=take_in,
            may_go_on=lambda: not self._parts.regions.is_held,  # a stroke is a step of its own
            is_short=origin.entry.labels.size <= AT_ONCE or misses == _MOST_MISSES,
        )


@dataclass(frozen=True, eq=False)
class _Proposal:
    """Labels of what is open, doubtful places of all that was looked at, and what labels meant then."""

    labels: Labels
    doubts: Doubts
    meaning: Meaning
    taken: TakenIn
    note: Callable[[Origin], None]
