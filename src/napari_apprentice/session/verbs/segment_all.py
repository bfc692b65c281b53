"""*Segment all of the image*: labels of a large image, in the background, merged with what is confirmed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import psutil

from napari_apprentice.data.image.channels import CHOSEN
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult, StoreRef
from napari_apprentice.runners.cluster.executor import BLOCK_SHARE
from napari_apprentice.session.images import refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.requests import in_file
from napari_apprentice.session.running import Running
from napari_apprentice.session.verbs.segment import Segment
from napari_apprentice.settings import ReadAs, SegmentSettings

_RETRY_S = 0.5


class SegmentAll:
    """Goes on where it was stopped; what it found is taken in when no stroke is under way."""

    def __init__(self, parts: SessionParts, segment: Segment) -> None:
        self._parts = parts
        self._segment = segment
        self._waiting: list[_Waiting] = []
        self._look_at = 0.0
        parts.saving.wait_for(lambda: bool(self._waiting))

    def why_not(self) -> str:
        """What segmenting all of a large image still misses; of others, *Segment* does it."""
        entry, project = self._parts.images.current, self._parts.choices.project
        if not isinstance(entry, LargeProjectImage):
            return "This image is segmented as a whole by Segment."
        if self._parts.choices.why_only_to_look_at:
            return self._parts.choices.why_only_to_look_at
        if project is not None and project.is_temporary and entry.volume.metadata.get(CHOSEN):
            return f"Channels of {entry.name} were chosen: segment it with apprentice segment --blocks --channels."
        if in_file(entry) is None:
            return f"{entry.name} is not as it is in its file: save it as OME-Zarr and open that."
        return self._segment.why_not()

    def __call__(self) -> None:
        """Propose labels for all of a large image; goes on where it was stopped. Raises `UserError`."""
        refuse(self.why_not())
        entry = self._parts.images.current
        if isinstance(entry, LargeProjectImage):
            job = self._job(entry)
            self._parts.queue.start(job, self._parts.origin(), partial(self._accept, job))

    def take_in(self) -> None:
        """Take in labels that wait: not in the middle of a stroke, and again when the disk refuses."""
        if not self._waiting or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _RETRY_S
        with self._parts.choices.telling_trouble():
            self._take_in()

    def _job(self, entry: LargeProjectImage) -> SegmentLargeJob:
        parts = self._parts
        return SegmentLargeJob(
            id=parts.queue.next_id("segment"),
            image=str(entry.folder.image.source),
            read_as=in_file(entry) or ReadAs(),
            model=str(parts.models.in_use.file),
            settings=parts.compute.settings_here,
            memory_mb=BLOCK_SHARE * psutil.virtual_memory().available / 1e6,
            out=str(entry.proposal),
            store=entry.exchange_begins(),
            labels_kind=parts.choices.kind,
        )

    def _accept(self, job: SegmentLargeJob, running: Running, result: SegmentLargeResult) -> None:
        signals, origin, entry = self._parts.signals, running.origin, running.origin.entry
        if entry not in self._parts.images.entries or not isinstance(entry, LargeProjectImage):
            return
        if not origin.is_same_image or job.store is None:
            signals.message.emit(
                f"{entry.name} was read differently meanwhile: the proposal was dropped, segment again."
            )
            return
        in_use = self._parts.models.in_use
        if origin.model != in_use.key:  # it took long: what it found is worth keeping
            signals.message.emit(f"These masks are from the model that was in use before {in_use.title}.")
        top = job.store.first + result.objects
        self._waiting.append(_Waiting(entry, job.store, top, result.doubts, origin.model, job.settings))
        self._take_in()

    def _take_in(self) -> None:
        if self._parts.regions.is_held:
            return
        for waiting in self._waiting.copy():
            entry = waiting.entry
            if entry in self._parts.images.entries:
                entry.take_over(waiting.store, waiting.top)
                self._parts.mask_sources.note(entry, "segment", waiting.model, waiting.settings)
                self._parts.regions.tell_exchanged(entry)
                if waiting.doubts:
                    self._parts.review.take_in(entry, Doubts.from_text(waiting.doubts))
            self._waiting.remove(waiting)


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Labels of an image that wait to be taken in, with ids up to ``top``, and what is doubtful of them."""

    entry: LargeProjectImage
    store: StoreRef
    top: int
    doubts: str
    model: str
    settings: SegmentSettings
