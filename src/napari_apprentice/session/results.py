"""What comes back from a job: taken in on the owning thread, or dropped when it is stale."""

from __future__ import annotations

import time
from pathlib import Path

from napari_apprentice.data import edits, scratch
from napari_apprentice.data.corrections import merge_proposal
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import (
    ClickJob,
    ClickResult,
    ExportResult,
    InsideResult,
    Result,
    SegmentLargeJob,
    SegmentLargeResult,
    SegmentResult,
    StoreRef,
    TeachResult,
)
from napari_apprentice.project.folder import Project
from napari_apprentice.project.versions import Version, now
from napari_apprentice.runners import Runners
from napari_apprentice.session import clicks
from napari_apprentice.session.clicks import ClickProposal
from napari_apprentice.session.large_entry import LargeEntry
from napari_apprentice.session.work import Running, Work

_RETRY_S = 0.5


class Results(Work):
    """Adds `accept`."""

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._generation = 0
        self.click_proposal: ClickProposal | None = None
        self._take_over_at = 0.0
        self._to_take_over: list[tuple[LargeEntry, StoreRef, int]] = []
        super().__init__(project, runners)

    def pump(self) -> bool:
        """Take what running jobs report, and what had to wait."""
        came = super().pump()
        if self._to_take_over and time.monotonic() >= self._take_over_at:
            self._take_over_at = time.monotonic() + _RETRY_S
            try:
                self._take_over()
            except UserError as error:
                self._say_disk_trouble(str(error))
        return came

    def accept(self, result: Result) -> None:
        """Take a result in, or drop it when it is stale."""
        running = next((one for one in self._running if one.job.id == result.job), None)
        if running is None:
            return
        if isinstance(result, SegmentResult):
            self._take_labels(result, running)
        elif isinstance(result, SegmentLargeResult):
            self._take_all(result, running)
        elif isinstance(result, TeachResult):
            self._take_version(result, running)
        elif isinstance(result, ExportResult):
            self.said.emit(f"Labels of {running.entry.name} were written to {result.path}.")
        elif isinstance(result, ClickResult):
            self._take_click(result, running)
        elif isinstance(result, InsideResult):
            self._take_map(result, running)

    def _take_labels(self, result: SegmentResult, running: Running) -> None:
        entry = running.entry
        if entry not in self.entries or running.reading != entry.reading:
            self.said.emit(f"{entry.name} changed while it was segmented: the proposal was dropped, segment again.")
            return
        if running.model != self.model.key:
            self.said.emit("Another model was chosen meanwhile: the proposal was dropped, segment again.")
            return
        proposal = scratch.read(result.labels)[running.inner]
        merged = merge_proposal(entry.labels, entry.vouched, proposal, self.kind)
        if self.kind == "instances":
            merged = entry.named(merged)
        self._apply(entry, edits.replace(entry.labels, entry.vouched, merged))

    def _take_all(self, result: SegmentLargeResult, running: Running) -> None:
        entry, job = running.entry, running.job
        if entry not in self.entries or not isinstance(entry, LargeEntry) or not isinstance(job, SegmentLargeJob):
            return
        if running.readings != entry.readings or job.store is None:
            self.said.emit(f"{entry.name} was read differently meanwhile: the proposal was dropped, segment again.")
            return
        if running.model != self.model.key:  # it took long: what it found is worth keeping
            self.said.emit(f"These masks are from the model that was in use before {self.model.title}.")
        self._to_take_over.append((entry, job.store, job.store.first + result.objects))
        self._take_over()

    def _take_over(self) -> None:
        """Take in labels of large images, but not in the middle of a stroke, and again when the disk refuses."""
        if self._strokes:
            return
        for waiting in self._to_take_over.copy():
            entry, store, top = waiting
            if entry in self.entries:
                entry.take_over(store, top)
                self._tell_exchanged(entry)
            self._to_take_over.remove(waiting)

    def _all_written(self) -> bool:
        return super()._all_written() and not self._to_take_over

    def _take_version(self, result: TeachResult, running: Running) -> None:
        if self.project is None:
            return
        lineage = self.project.lineage
        version = Version(
            id=Path(result.model).stem,
            parent=running.model,
            created=now(),
            score_before=result.score_before,
            score_after=result.score_after,
            better=result.better,
            why_no_score=result.why_no_score,
            voxels=running.voxels,
            steps=result.steps,
            seconds=result.seconds,
        )
        try:
            lineage.add(version)
        except UserError as error:
            self._say_disk_trouble(str(error))  # it is in the list all the same, and waits
        if running.model != self.model.key:
            self.said.emit(f"Another model was chosen meanwhile: {version.title} is kept in the list but not in use.")
        elif version.better is False:
            self.said.emit(
                f"{_capital(version.title)} is not better: {self.model.title} stays in use; "
                "choose it in the list of models if you prefer it."
            )
        else:
            self.choose_model(version.id)
            self.said.emit(f"{_capital(version.title)} is in use now{_why_adopted(version, running.notes)}.")

    def _take_map(self, result: InsideResult, running: Running) -> None:
        raise NotImplementedError  # `looking`

    def _take_click(self, result: ClickResult, running: Running) -> None:
        job = running.job
        if result.generation != self._generation or not isinstance(job, ClickJob) or running.entry not in self.entries:
            return
        if running.reading != running.entry.reading:
            return
        proposal = clicks.proposal_of(
            result, running.entry, job.point, running.inner, instances=self.kind == "instances"
        )
        self.click_proposal = proposal
        if proposal is None:
            self.click_cleared.emit()
            self.said.emit("The network sees nothing to propose here: paint the object with the brush.")
        else:
            self.click_proposed.emit(proposal.mask, proposal.box)


def _why_adopted(version: Version, said: list[str]) -> str:
    if version.better is not None:
        return "; it is better"
    reason = "" if version.why_no_score in said else f" ({version.why_no_score.rstrip('.')})"
    return f"; it could not be judged{reason}, go back if you do not like it"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
