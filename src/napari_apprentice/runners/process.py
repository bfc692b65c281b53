"""Jobs in processes of their own: a warm one for what must answer at once, a fresh one for what takes long."""

from __future__ import annotations

import itertools
import queue
import time

from napari_apprentice.events import Event, Failed, Note, WasCancelled, is_last
from napari_apprentice.jobs import Job
from napari_apprentice.runners.child import Child
from napari_apprentice.runners.door import ENGINE
from napari_apprentice.runners.running import FoundDevice

POLITE_S = 0.8  # how long a job may take to end by itself after it was cancelled
_STILL_S = 4.0  # how long a process may neither report nor compute before that is said
_STILL = (
    "The process that does the work stands still, as when it was paused or waits for a disk: "
    "wait until it goes on, or cancel and try again."
)


class ProcessJob:
    """A job in an engine process."""

    def __init__(self, job: Job, number: int, runners: ProcessRunners) -> None:
        self.job = job
        self.number = number
        self.ended = False
        self.child: Child | None = None
        self._runners = runners
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._began = False
        self._is_given_back = self._is_again = False
        self._end_at: float | None = None
        self._is_still = False

    def poll(self) -> list[Event]:
        """What was reported since the last call; ends a process that does not listen to a cancel."""
        events: list[Event] = []
        while not self.ended and not self._events.empty():
            events.append(self._events.get())
            self.ended = is_last(events[-1])
        if self.ended:
            self._runners.on_ended(self)
        elif self._is_given_back:
            self._is_given_back, self._is_again = False, True
            self._runners.begin_again(self)
        elif self._end_at is not None:
            if time.monotonic() > self._end_at:
                self._runners.break_off(self)
        elif self._has_come_to_rest():
            events.append(Note(text=_STILL))
        return events

    def cancel(self) -> None:
        """Ask politely; what has not begun is cancelled at once."""
        if self.ended or self._end_at is not None or self.child is None:
            return
        self.child.send({"type": "cancel", "number": self.number})
        self._end_at = time.monotonic() + POLITE_S
        if not self._began:
            self.child.forget(self.number)
            self.on_event(WasCancelled())

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._end_at is not None

    def _has_come_to_rest(self) -> bool:
        """Whether its process stands still, and did not when this was asked last."""
        was_still = self._is_still
        self._is_still = self.child is not None and self.child.pulse.still_s() > _STILL_S
        return self._is_still and not was_still

    def on_began(self) -> None:
        """The process works on it."""
        self._began = True

    def on_event(self, event: Event) -> None:
        """The process reported something."""
        self._events.put(event)

    def on_gone(self, why: Failed) -> None:
        """The process ended: one that had worked before and had not begun this job costs nothing but another one."""
        child = self.child
        if self._began or self._is_again or child is None or not child.has_answered:
            self.on_event(why)
        else:
            self._is_given_back = True


class ProcessRunners:
    """Runs jobs in child processes, which end with this one.

    A job says which (`Job.process`): those that must answer at once share a process that stays, with its models loaded;
    one that takes long gets its own, at low priority and with one core left for the window, and gives all its memory
    back when it ends.
    """

    def __init__(self, engine: str = ENGINE) -> None:
        self._engine = engine
        self._numbers = itertools.count(1)
        self._warm: Child | None = None
        self._running: list[ProcessJob] = []
        self._asked: Child | None = None

    def start(self, job: Job) -> ProcessJob:
        """Start a job; nothing here waits for the process."""
        running = ProcessJob(job, next(self._numbers), self)
        self._running.append(running)
        self._hand_over(running)
        return running

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on, the one that "auto" takes first; None until the warm process has answered."""
        try:
            child = self._warm_child()
        except OSError:  # the next job says so
            return None
        if self._asked is not child:
            self._asked = child
            child.send({"type": "devices"})
        return child.devices

    def close(self) -> None:
        """End all processes; what still ran was cancelled."""
        children = {running.child for running in self._running} | {self._warm}
        for child in children:
            if child is not None:
                child.end(wait=True)
        for running in self._running:
            running.on_event(WasCancelled())
        self._running.clear()
        self._warm = None

    def break_off(self, running: ProcessJob) -> None:
        """End the process of a job that did not stop; other jobs in it begin again elsewhere."""
        child = running.child
        if child is None:
            return
        child.end(wait=True)  # what it was writing can be removed then
        running.on_event(WasCancelled())
        for other in self._running:
            if other is running or other.child is not child:
                continue
            if other.is_cancelled:
                other.on_event(WasCancelled())
            else:
                self._hand_over(other)

    def begin_again(self, running: ProcessJob) -> None:
        """Hand a job to another process: the one it was given to was dying then."""
        self._hand_over(running)

    def on_ended(self, running: ProcessJob) -> None:
        """A job gave its last event: a process of its own has done its work."""
        if running not in self._running:
            return
        self._running.remove(running)
        if running.job.process == "own" and running.child is not None:
            running.child.end()

    def _hand_over(self, running: ProcessJob) -> None:
        try:
            own = running.job.process == "own"
            child = Child(self._engine, background=True) if own else self._warm_child()
        except OSError as error:
            why = f"No process could be started for the network ({error.strerror}): close other programs and try again."
            running.on_event(Failed(message=why))
            return
        running.child = child
        if not child.listen(running.number, running):
            self._warm = None  # it died this very moment
            self._hand_over(running)
            return
        child.send({"type": "job", "number": running.number, "job": running.job.model_dump(mode="json")})

    def _warm_child(self) -> Child:
        if self._warm is None or not self._warm.is_alive:
            self._warm = Child(self._engine)
        return self._warm
