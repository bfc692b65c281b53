"""A batch told as lines of JSON on stdout, for a program that runs this one as its child (the window does)."""

from __future__ import annotations

import os
import sys
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable

from napari_apprentice.events import Event, Progress
from napari_apprentice.jobs import Job
from napari_apprentice.processes import lower_priority
from napari_apprentice.runners import FoundDevice, Runners, RunningJob
from napari_apprentice.session.batch import BatchEvent, BatchStep, to_line

_PATIENCE_S = 3.0
_INTERRUPTED = 130
_EVERY_S = 0.1


class Lines:
    """Writes events at low priority; when stdin closes, the batch is interrupted as by Ctrl+C.

    A child never outlives the one that started it, and lets it go first.
    """

    def __init__(self) -> None:
        self._told_at = 0.0
        lower_priority()
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    def tell(self, event: BatchEvent) -> None:
        """One line."""
        sys.stdout.write(to_line(event) + "\n")
        sys.stdout.flush()

    def hear(self, event: Event) -> None:
        """Progress of a job, not too often."""
        if isinstance(event, Progress) and time.monotonic() - self._told_at > _EVERY_S:
            self._told_at = time.monotonic()
            self.tell(BatchStep(done=event.done, total=event.total))

    def _listen(self) -> None:
        while sys.stdin.readline():
            pass
        interrupt_main()
        time.sleep(_PATIENCE_S)
        os._exit(_INTERRUPTED)  # it is busy in compiled code; labels are written atomically


class Heard:
    """Runners whose jobs' events are heard by someone else too."""

    def __init__(self, runners: Runners, hear: Callable[[Event], None]) -> None:
        self._runners = runners
        self._hear = hear

    def start(self, job: Job) -> HeardJob:
        """Start a job."""
        return HeardJob(self._runners.start(job), self._hear)

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on."""
        return self._runners.devices()

    def close(self) -> None:
        """End everything."""
        self._runners.close()


class HeardJob:
    """A job whose events are heard when it is polled."""

    def __init__(self, running: RunningJob, hear: Callable[[Event], None]) -> None:
        self._running = running
        self._hear = hear

    @property
    def job(self) -> Job:
        """What was asked for."""
        return self._running.job

    @property
    def ended(self) -> bool:
        """Whether `poll` has given its last event."""
        return self._running.ended

    def poll(self) -> list[Event]:
        """What was reported since the last call."""
        events = self._running.poll()
        for event in events:
            self._hear(event)
        return events

    def cancel(self) -> None:
        """Ask it to stop."""
        self._running.cancel()
