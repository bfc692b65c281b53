"""Jobs under way, whatever they are: started, listened to on the owning thread, cancelled, cleaned up after."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Note, Started, TileDone, WasCancelled, is_last
from napari_apprentice.jobs import Job
from napari_apprentice.session.background import Background, Next, Taken, Work
from napari_apprentice.session.compute import Compute
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.running import Accept, Origin, Running
from napari_apprentice.session.signals import Signals

_PAUSE_S = 0.005
_LONGEST_CANCEL_S = 2.0


class Queue:
    """Starts jobs and brings what they report to those who asked for them."""

    def __init__(self, signals: Signals, compute: Compute) -> None:
        self._signals = signals
        self._compute = compute
        self._running: list[Running] = []
        self._number = 0

    def next_id(self, verb: str) -> str:
        """An id that no job of this session had."""
        self._number += 1
        return f"{verb}-{self._number}"

    def start(self, job: Job, origin: Origin, accept: Accept, broke_off: Callable[[], None] = lambda: None) -> None:
        """Run a job; ``accept`` gets its result, ``broke_off`` is called when it ends without one."""
        handle = self._compute.runners.start(job)
        self._running.append(Running(job, handle, origin, accept, broke_off))
        self._signals.job_started.emit(job.verb)

    def busy(self, verb: str | None = None) -> bool:
        """Whether a job of this verb (None: any) is under way."""
        return bool(self._of(verb))

    def cancel(self, verb: str | None = None) -> None:
        """Stop jobs of this verb (None: all), politely first; ``job_ended`` follows within a second."""
        for running in self._of(verb):
            running.cancel()

    def cancel_for(self, entry: ProjectImage) -> None:
        """Stop what runs for an image."""
        for running in self._running:
            if running.origin.entry is entry:
                running.cancel()

    def holds_region(self, entry: ProjectImage) -> bool:
        """Whether labels for the open part of an image are on their way."""
        return any(running.origin.entry is entry and running.job.holds_region for running in self._running)

    @property
    def files(self) -> set[Path]:
        """What jobs under way read."""
        return {Path(path) for running in self._running for path in running.job.reads}

    @property
    def unfinished_files(self) -> set[Path]:
        """What jobs under way will have written."""
        return {path for running in self._running for path in running.job.unfinished_files}

    def provisional(self, verb: str) -> Any:
        """Labels (T, Z, Y, X) as far as a running job has them, a read-only memory map; None when there are none."""
        for running in self._of(verb):
            provisional = running.job.provisional
            if provisional is None:
                continue
            if running.shown is None:
                try:
                    running.shown = scratch.read(provisional.labels)
                except (OSError, ValueError):
                    return None  # not begun
            return running.shown[running.origin.inner]
        return None

    def pump(self) -> bool:
        """Take what running jobs report; to be called often, on the owning thread. Whether anything came."""
        came = False
        for running in self._running.copy():
            if running.taking_in is not None:
                came |= self._go_on(running, running.taking_in)
                continue
            for event in self._events_of(running):
                came = True
                self._on_event(running, event)
        return came

    def run_until_idle(self, pump: Callable[[], bool]) -> None:
        """Call ``pump`` until no job is left.

        Raises `UserError` when a job failed, and RuntimeError with its traceback when that is a bug.
        """
        failures: list[Failed] = []

        def note_failure(verb: str, event: Event) -> None:
            if isinstance(event, Failed):
                failures.append(event)

        self._signals.job_ended.connect(note_failure)
        try:
            while self._running:
                if not pump():
                    time.sleep(_PAUSE_S)
        finally:
            self._signals.job_ended.disconnect(note_failure)
        if failures:
            _raise(failures[0])

    def end_all(self) -> None:
        """Cancel and wait as long as a cancel may take; runners of others are left idle."""
        self.cancel()
        until = time.monotonic() + _LONGEST_CANCEL_S
        while any(running.is_at_work for running in self._running) and time.monotonic() < until:
            for running in self._running:
                running.handle.poll()
            time.sleep(0.01)
        ended = self._running.copy()
        self._running.clear()
        for running in ended:
            running.clean_up(finished=False)
        for running in ended:
            self._signals.job_ended.emit(running.job.verb, WasCancelled())

    def _of(self, verb: str | None) -> list[Running]:
        return [running for running in self._running if verb is None or running.job.verb == verb]

    def _events_of(self, running: Running) -> list[Event]:
        events = running.handle.poll()
        if running.handle.ended and not any(is_last(event) for event in events) and running in self._running:
            events = [*events, Failed(message=f"The {running.job.verb} job ended without an answer: try again.")]
        return events

    def _on_event(self, running: Running, event: Event) -> None:
        if running not in self._running:
            return
        if isinstance(event, Started):
            self._compute.found_device(event.device)
        elif isinstance(event, Note):
            running.notes.append(event.text)
            self._signals.message.emit(event.text)
        if isinstance(event, TileDone):
            self._show_tile(running, event)
        elif isinstance(event, Finished):
            running.finished = event
            self._take_in(running, lambda: self._accept(running, event))
        elif is_last(event):
            if isinstance(event, Failed):
                self._signals.message.emit(event.message)
            self._end(running, event)
        else:
            self._signals.job_event.emit(running.job.verb, event)

    def _go_on(self, running: Running, taking_in: Background) -> bool:
        """Take a result further in; whether the job is over."""
        if running not in self._running or (running.is_cancelled and taking_in.is_running):
            return False
        if running.is_cancelled:
            self._end(running, WasCancelled())
        else:
            self._take_in(running, taking_in.advance)
        return running not in self._running

    def _take_in(self, running: Running, step: Callable[[], Taken]) -> None:
        """The job is over when no work is left of taking its result in."""
        taken: Taken = None
        try:
            taken = step()
        except UserError as error:
            self._signals.message.emit(str(error))
        except BaseException:  # a bug in a listener must not leave a job running for ever
            self._forget(running, finished=True)
            raise
        if not isinstance(taken, Work):
            self._end(running, running.finished or WasCancelled(), taken)

    def _end(self, running: Running, event: Event, following: Next | None = None) -> None:
        self._forget(running, finished=isinstance(event, Finished))
        self._signals.job_ended.emit(running.job.verb, event)
        if following is not None:
            following()

    def _forget(self, running: Running, *, finished: bool) -> None:
        self._running.remove(running)
        running.taking_in = None  # and with it what its files are mapped by
        running.clean_up(finished=finished)

    def _accept(self, running: Running, event: Finished) -> Taken:
        if not isinstance(event.result, running.job.result):
            raise TypeError(f"a job of type {running.job.type} came to a result of type {event.result.type}")
        taken = running.accept(running, event.result)
        if not isinstance(taken, Work):
            return taken
        running.taking_in = Background(taken)
        return running.taking_in.advance()

    def _show_tile(self, running: Running, tile: TileDone) -> None:
        """Tell of a tile where it lies in the entry's labels; a part of what was looked at is only around them."""
        if not running.origin.is_same_part:
            return
        edges = [
            (max(0, start - part.start), min(part.stop, stop) - part.start)
            for (start, stop), part in zip(tile.region, running.origin.inner, strict=True)
        ]
        if all(start < stop for start, stop in edges):
            self._signals.job_event.emit(running.job.verb, TileDone(region=tuple(edges)))


def _raise(failure: Failed) -> None:
    if failure.user_error:
        raise UserError(failure.message)
    raise RuntimeError(f"{failure.message}\n{failure.details}")
