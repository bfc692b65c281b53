"""Segment, teach, click: asked of the runners, and what comes back through `accept`, on the owning thread."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_apprentice.data import edits, scratch
from napari_apprentice.data.corrections import merge_proposal
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Note, Started, is_last
from napari_apprentice.jobs import (
    ArrayRef,
    ClickJob,
    ClickResult,
    Job,
    SegmentJob,
    SegmentResult,
    TeachJob,
    TeachResult,
)
from napari_apprentice.project.folder import Project
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session import clicks
from napari_apprentice.session.clicks import ClickProposal
from napari_apprentice.session.editing import Editing
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.requests import fresh_net, lessons_of, pixels_of
from napari_apprentice.session.state import refuse

if TYPE_CHECKING:
    from napari_apprentice.runners import Runners, RunningJob

_PAUSE_S = 0.005
_DISK_RETRY_S = 1.0


@dataclass(eq=False)
class Running:
    """A job under way, with what makes its result stale."""

    kind: str
    job: Job
    handle: RunningJob
    entry: Entry
    reading: int  # of the entry's pixels
    model: str  # key
    voxels: int = 0  # vouched object voxels a teach learns from
    shown: Any = None  # memory map of provisional labels


class Jobs(Editing):
    """Adds what needs a network."""

    resegment_after_teach = True

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._runners = runners
        self._running: list[Running] = []
        self._job_number = 0
        self._generation = 0
        self._device_words = ""
        self._synced = 0
        self._retry_at = 0.0
        self.click_proposal: ClickProposal | None = None
        super().__init__(project)

    @property
    def runners(self) -> Runners:
        """Where jobs run; processes of their own unless others were given."""
        if self._runners is None:
            from napari_apprentice.runners import ProcessRunners

            self._runners = ProcessRunners()
        return self._runners

    @property
    def device_words(self) -> str:
        """The device the last job found, in words; "" before one ran."""
        return self._device_words

    def busy(self, kind: str | None = None) -> bool:
        """Whether a job of this kind ("segment", "teach", "click"; None: any) is under way."""
        return any(kind is None or running.kind == kind for running in self._running)

    # what is missing, in one sentence

    def why_not_segment(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        if self.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return self._why_not_propose()

    def why_not_click(self) -> str:
        """What clicking a cell still misses."""
        return self._why_not_propose()

    def why_not_teach(self) -> str:
        """What *Teach* still misses; "" when it can run."""
        if self.current is None:
            return _NO_IMAGE
        if self.busy("teach"):
            return "Teaching is under way: paint on, or cancel it."
        if self.kind == "classes" and not self.classes:
            return "This project has no classes yet: name at least one."
        taught = [entry for entry in self.entries if entry.voxels_taught]
        if not taught:
            what = "objects" if self.kind == "instances" else "areas of each class"
            return f"There is nothing to learn from yet: paint or approve a few {what} first."
        return next((why for entry in taught if (why := self._why_not_teach_from(entry))), "")

    def _why_not_teach_from(self, entry: Entry) -> str:
        if self.model.is_fresh:
            first = self._taught_first
            if first is not None and entry.volume.pixels.shape[1] != first.volume.pixels.shape[1]:
                return (
                    f"{entry.name} and {first.name} have different numbers of channels: "
                    "teach them in projects of their own, or use the same channels of both."
                )
            return ""
        return self.why_not_fits(entry.volume)

    def _why_not_propose(self) -> str:
        if self.current is None:
            return _NO_IMAGE
        if self.model.is_fresh:
            return "A fresh network knows nothing yet: correct a few objects and press Teach."
        return self.why_not_fits(self.current.volume)

    # asking

    def segment(self) -> None:
        """Propose labels for the current image. Raises `UserError` with what is missing."""
        refuse(self.why_not_segment())
        project, entry, model = self._asked()
        id_ = self._job_id("segment")
        job = SegmentJob(
            id=id_,
            image=pixels_of(entry, self.model.header, project.scratch),
            model=str(model),
            settings=self.segment_settings,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        self._start("segment", job, entry)

    def teach(self) -> None:
        """Teach the model, or a fresh network, on all corrections as they are now. Raises `UserError`."""
        refuse(self.why_not_teach())
        project, entry, model = self._asked()
        id_ = self._job_id("teach")
        taught = [one for one in self.entries if one.vouched.any()]
        lessons = lessons_of(taught, self.model.header, project.scratch, project.scratch / id_)
        outputs = 2 if self.kind == "instances" else 1 + max(one.value for one in self.classes)
        job = TeachJob(
            id=id_,
            kind=self.kind,
            classes=self.classes,
            lessons=lessons,
            parent=None if model is None else str(model),
            net=fresh_net([one.volume for one in taught], outputs) if model is None else None,
            settings=self.teach_settings,
            out=str(project.lineage.file(project.lineage.next_id())),
        )
        self._start("teach", job, entry, voxels=sum(one.voxels_taught for one in taught))

    def click(self, point: tuple[float, ...]) -> None:
        """Propose one object around ``point`` (t, z, y, x); answered by `click_proposed`. Raises `UserError`."""
        refuse(self.why_not_click())
        project, entry, model = self._asked()
        at = tuple(round(i) for i in point)
        if len(at) != 4 or not all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True)):
            return
        self._generation += 1
        job = ClickJob(
            id=self._job_id("click"),
            image=pixels_of(entry, self.model.header, project.scratch),
            model=str(model),
            point=(at[0], at[1], at[2], at[3]),
            generation=self._generation,
            settings=self.segment_settings,
        )
        self._start("click", job, entry)

    def keep_click(self) -> None:
        """Make the proposed mask a vouched object (or class); one undo step."""
        proposal = self.click_proposal
        if proposal is None:
            return
        self.discard_click()
        if proposal.entry in self.entries:
            self._apply(proposal.entry, clicks.kept(proposal))

    def discard_click(self) -> None:
        """Forget the proposed mask, and any answer that is still to come."""
        self._generation += 1
        if self.click_proposal is not None:
            self.click_proposal = None
            self.click_cleared.emit()

    def cancel(self, kind: str | None = None) -> None:
        """Stop jobs of this kind (None: all), politely first; `job_ended` follows within a second."""
        for running in self._running:
            if kind is None or running.kind == kind:
                running.handle.cancel()

    def provisional(self, kind: str = "segment") -> Any:
        """Labels (T, Z, Y, X) as far as a running job has them, a read-only memory map; None when there are none."""
        running = next((one for one in self._running if one.kind == kind and isinstance(one.job, SegmentJob)), None)
        if running is None or not isinstance(running.job, SegmentJob):
            return None
        if running.shown is None:
            try:
                running.shown = scratch.read(running.job.out)
            except (OSError, ValueError):
                return None  # not begun
        return running.shown

    # what comes back

    def pump(self) -> bool:
        """Take what running jobs report; to be called often, on the owning thread. Whether anything came."""
        came = False
        for running in self._running.copy():
            for event in self._events_of(running):
                came = True
                self._on_event(running, event)
        self._look_after_disk()
        return came

    def run_until_idle(self) -> None:
        """Pump until no job is left; for work without a window.

        Raises `UserError` when a job failed, and RuntimeError with its traceback when that is a bug.
        """
        failures: list[Failed] = []

        def note_failure(kind: str, event: Event) -> None:
            if isinstance(event, Failed):
                failures.append(event)

        self.job_ended.connect(note_failure)
        try:
            while self._running:
                if not self.pump():
                    time.sleep(_PAUSE_S)
        finally:
            self.job_ended.disconnect(note_failure)
        if failures:
            _raise(failures[0])

    def accept(self, result: SegmentResult | TeachResult | ClickResult) -> None:
        """Take a result in, or drop it when it is stale."""
        running = next((one for one in self._running if one.job.id == result.job), None)
        if running is None:
            return
        if isinstance(result, SegmentResult):
            self._take_labels(result, running)
        elif isinstance(result, TeachResult):
            self._take_version(result, running)
        else:
            self._take_click(result, running)

    def _events_of(self, running: Running) -> list[Event]:
        events = running.handle.poll()
        if running.handle.ended and not any(is_last(event) for event in events) and running in self._running:
            events = [*events, Failed(message=f"The {running.kind} job ended without an answer: try again.")]
        return events

    def _on_event(self, running: Running, event: Event) -> None:
        if running not in self._running:
            return
        if isinstance(event, Started):
            self._device_words = event.device
        elif isinstance(event, Note):
            self.said.emit(event.text)
        if not is_last(event):
            self.job_event.emit(running.kind, event)
            return
        if isinstance(event, Finished):
            self._accept_safely(event.result)
        elif isinstance(event, Failed):
            self.said.emit(event.message)
        self._running.remove(running)
        self._clean_up(running, event)
        self.job_ended.emit(running.kind, event)
        if isinstance(event, Finished) and running.kind == "teach":
            self._segment_again(running)

    def _accept_safely(self, result: SegmentResult | TeachResult | ClickResult) -> None:
        try:
            self.accept(result)
        except UserError as error:
            self.said.emit(str(error))

    def _take_labels(self, result: SegmentResult, running: Running) -> None:
        entry = running.entry
        if entry not in self.entries or running.reading != entry.reading:
            self.said.emit(f"{entry.name} changed while it was segmented: the proposal was dropped, segment again.")
            return
        if running.model != self.model.key:
            self.said.emit("Another model was chosen meanwhile: the proposal was dropped, segment again.")
            return
        proposal = scratch.read(result.labels)
        merged = merge_proposal(entry.labels, entry.vouched, proposal, self.kind)
        self._apply(entry, edits.replace(entry.labels, entry.vouched, merged))

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
            self.said.emit(str(error))  # it is in the list all the same, until the project is closed
        if running.model != self.model.key:
            self.said.emit(f"Another model was chosen meanwhile: {version.title} is kept in the list but not in use.")
        elif version.better is False:
            self.said.emit(
                f"{_capital(version.title)} is not better: {self.model.title} stays in use; "
                "choose it in the list of models if you prefer it."
            )
        else:
            self.choose_model(version.id)
            why = f"it could not be judged: {version.why_no_score}" if version.better is None else "it is better"
            self.said.emit(f"{_capital(version.title)} is in use now; {why.rstrip('.')}.")

    def _take_click(self, result: ClickResult, running: Running) -> None:
        job = running.job
        if result.generation != self._generation or not isinstance(job, ClickJob) or running.entry not in self.entries:
            return
        if running.reading != running.entry.reading:
            return
        proposal = clicks.proposal_of(result, running.entry, job.point, instances=self.kind == "instances")
        self.click_proposal = proposal
        if proposal is None:
            self.click_cleared.emit()
            self.said.emit("The network sees nothing to propose here: paint the object with the brush.")
        else:
            self.click_proposed.emit(proposal.mask, proposal.box)

    def _segment_again(self, taught: Running) -> None:
        """What is visible is segmented with the version that was adopted."""
        if self.resegment_after_teach and self.model.key != taught.model and not self.why_not_segment():
            try:
                self.segment()
            except UserError as error:
                self.said.emit(str(error))

    # how it is done

    def _asked(self) -> tuple[Project, Entry, Path | None]:
        if self.project is None or self.current is None:
            raise UserError(_NO_IMAGE)
        return self.project, self.current, self.model.file

    @property
    def _taught_first(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.voxels_taught), None)

    def _job_id(self, kind: str) -> str:
        self._job_number += 1
        return f"{kind}-{self._job_number}"

    def _start(self, kind: str, job: Job, entry: Entry, *, voxels: int = 0) -> None:
        handle = self.runners.start(job)
        self._running.append(Running(kind, job, handle, entry, entry.reading, self.model.key, voxels))
        self.job_started.emit(kind)

    def _clean_up(self, running: Running, event: Event) -> None:
        running.shown = None
        if isinstance(running.job, SegmentJob):
            _remove(Path(running.job.out.path))
        elif isinstance(running.job, TeachJob):
            shutil.rmtree(Path(running.job.lessons[0].labels.path).parent, ignore_errors=True)
            if not isinstance(event, Finished):
                _remove(Path(running.job.out))

    def _look_after_disk(self) -> None:
        if self.project is None:
            return
        trouble = self.project.flusher.take_trouble()
        if trouble is not None:
            self._say_disk_trouble(f"The disk reports trouble ({trouble.strerror}): copy the project to another one.")
        if self.project.flusher.synced != self._synced:
            self._synced = self.project.flusher.synced
            self.saved.emit()
        if any(entry.folder.is_behind for entry in self.entries) and time.monotonic() >= self._retry_at:
            self._retry_at = time.monotonic() + _DISK_RETRY_S
            self._retry_disk()


_NO_IMAGE = "There is no image: drag a file into napari, or use File > Open Sample."


def _raise(failure: Failed) -> None:
    if failure.user_error:
        raise UserError(failure.message)
    raise RuntimeError(f"{failure.message}\n{failure.details}")


def _remove(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is still mapped; it goes with the scratch folder
        path.unlink(missing_ok=True)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
