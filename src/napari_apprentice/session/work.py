"""Jobs under way: started, listened to on the owning thread, cancelled, cleaned up after."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_apprentice.data import claims, scratch
from napari_apprentice.data.regions import Region
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Note, Started, TileDone, is_last
from napari_apprentice.jobs import ClickJob, ExportJob, InsideJob, Job, Result, SegmentJob, TeachJob
from napari_apprentice.project.folder import Project
from napari_apprentice.runners import FoundDevice, ProcessRunners, Runners, RunningJob
from napari_apprentice.runners.cluster.remote import ClusterRunners
from napari_apprentice.session.editing import Editing
from napari_apprentice.session.entry import Entry
from napari_apprentice.settings import ClusterSettings

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
    readings: int  # of the entry
    inner: Region  # where the entry's labels lie in what the job looks at
    model: str  # key
    voxels: int = 0  # vouched object voxels a teach learns from
    notes: list[str] = field(default_factory=list)  # said already
    shown: Any = None  # memory map of provisional labels


class Work(Editing):
    """Adds runners, and the pump that listens to them."""

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._runners = runners
        self._running: list[Running] = []
        self._device_words = ""
        self._synced = 0
        self._retry_at = 0.0
        self._was_away = False  # the project's folder
        super().__init__(project)
        self.settings_changed.connect(self._on_settings_changed)

    @property
    def runners(self) -> Runners:
        """Where jobs run; processes of their own unless others were given."""
        if self._runners is None:
            self._runners = ProcessRunners()
        return self._runners

    @property
    def place(self) -> ClusterSettings:
        """Where *Segment* and *Teach* run: with a scheduler there, else on this computer."""
        return self._runners.settings if isinstance(self._runners, ClusterRunners) else ClusterSettings()

    def run_on(self, place: ClusterSettings) -> None:
        """Let *Segment* and *Teach* run with a scheduler's workers, or (without one) on this computer again.

        Clicks and looks inside stay on this computer. A job under way at another place is cancelled.
        """
        if place == self.place:
            return
        here = self.runners
        if isinstance(here, ClusterRunners):
            here.hang_up()
            here = here.here
        self._runners = ClusterRunners(place, here) if place.scheduler else here
        self._device_words = ""
        self.settings_changed.emit()

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on, the best first; None until a process has looked: ask again later."""
        return self.runners.devices()

    @property
    def device_words(self) -> str:
        """The device the last job found, or the one the next would take, in words; "" while that is not known."""
        if self._device_words:
            return self._device_words
        found = self.devices() or ()
        wanted = self.segment_settings.device
        return next((device.words for device in found if wanted in ("auto", device.name)), "")

    def busy(self, kind: str | None = None) -> bool:
        """Whether a job of this kind ("segment", "teach", "export", "click", "inside"; None: any) is under way."""
        return any(kind is None or running.kind == kind for running in self._running)

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
        return running.shown[running.inner]

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

    def _on_settings_changed(self) -> None:
        self._device_words = ""  # another one may have been chosen

    def _in_use(self) -> set[Path]:
        """Files that jobs under way read."""
        jobs = (one.job for one in self._running)
        return {Path(job.image.pixels.path) for job in jobs if isinstance(job, SegmentJob | ClickJob | InsideJob)}

    def remove_image(self, entry: Entry) -> None:
        """Take an image out of the project, with its labels, for good; what runs for it is stopped."""
        for running in self._running:
            if running.entry is entry:
                running.handle.cancel()
        super().remove_image(entry)

    def _start(self, kind: str, job: Job, entry: Entry, *, voxels: int = 0) -> None:
        handle = self.runners.start(job)
        self._running.append(
            Running(kind, job, handle, entry, entry.reading, entry.readings, entry.inner, self.model.key, voxels)
        )
        self.job_started.emit(kind)

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
            running.notes.append(event.text)
            self.said.emit(event.text)
        if isinstance(event, TileDone):
            self._show_tile(running, event)
            return
        if not is_last(event):
            self.job_event.emit(running.kind, event)
            return
        try:
            if isinstance(event, Finished):
                self._accept_safely(event.result)
            elif isinstance(event, Failed):
                self.said.emit(event.message)
        finally:  # a bug in a listener must not leave a job running for ever
            self._running.remove(running)
            self._clean_up(running, event)
        self.job_ended.emit(running.kind, event)
        self._after(running, event)

    def _show_tile(self, running: Running, tile: TileDone) -> None:
        """Tell of a tile where it lies in the entry's labels; a part of what was looked at is only around them."""
        if running.reading != running.entry.reading:
            return  # of another part
        edges = [
            (max(0, start - part.start), min(part.stop, stop) - part.start)
            for (start, stop), part in zip(tile.region, running.inner, strict=True)
        ]
        if all(start < stop for start, stop in edges):
            self.job_event.emit(running.kind, TileDone(region=tuple(edges)))

    def accept(self, result: Result) -> None:
        """Take a result in, or drop it when it is stale."""
        raise NotImplementedError  # `results`

    def _after(self, running: Running, event: Event) -> None:
        """What follows the end of a job."""

    def _accept_safely(self, result: Result) -> None:
        try:
            self.accept(result)
        except UserError as error:
            self.said.emit(str(error))

    def _clean_up(self, running: Running, event: Event) -> None:
        running.shown = None
        if isinstance(running.job, SegmentJob | InsideJob):
            _remove(Path(running.job.out.path))
        elif isinstance(running.job, TeachJob):
            for lesson in running.job.lessons[:1]:
                shutil.rmtree(Path(lesson.labels.path).parent, ignore_errors=True)
            if not isinstance(event, Finished):
                _remove(Path(running.job.out))
        elif isinstance(running.job, ExportJob):
            shutil.rmtree(Path(running.job.labels).parent, ignore_errors=True)
            if not isinstance(event, Finished):
                claims.clear()  # of the process that was ended, if it was

    def _look_after_disk(self) -> None:
        if self.project is None:
            return
        trouble = self.project.flusher.take_trouble()
        if trouble is not None:
            self._say_disk_trouble(
                f"The disk reports trouble ({trouble.strerror}): save the project in another folder, on another disk."
            )
        if self.project.flusher.synced != self._synced:
            self._synced = self.project.flusher.synced
            self.saved.emit()
        for mended in self.project.place.take_notices():
            self.said.emit(mended)
        if self.project.trouble:
            self._was_away = True
            self._say_disk_trouble(self.project.trouble)
        elif (self._was_away or self._is_behind) and time.monotonic() >= self._retry_at:
            self._was_away = False
            self._retry_at = time.monotonic() + _DISK_RETRY_S
            self._retry_disk()


def _raise(failure: Failed) -> None:
    if failure.user_error:
        raise UserError(failure.message)
    raise RuntimeError(f"{failure.message}\n{failure.details}")


def _remove(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is still mapped; it goes with the scratch folder
        path.unlink(missing_ok=True)
