from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from napari_apprentice.events import Event, Finished, WasCancelled, is_last
from napari_apprentice.jobs import ClickResult, Job, PackedMask, SuggestJob
from napari_apprentice.runners import FoundDevice
from napari_apprentice.session import Session


class Prepared:
    """A job that reports what the test tells it to."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.events: deque[Event] = deque()
        self.ended = False

    def poll(self) -> list[Event]:
        events = list(self.events)
        self.events.clear()
        self.ended = self.ended or any(is_last(event) for event in events)
        return events

    def cancel(self) -> None:
        self.events.append(WasCancelled())


class PreparedRunners:
    """Runners whose jobs the test plays: what matters here is what the session makes of the events.

    What is asked ahead of time about places of a review is answered at once by ``ahead``: with nothing.
    """

    def __init__(self) -> None:
        self.started: list[Prepared] = []
        self.ahead: Callable[[SuggestJob], PackedMask] = lambda job: PackedMask()

    def start(self, job: Job) -> Prepared:
        prepared = Prepared(job)
        if isinstance(job, SuggestJob):
            result = ClickResult(job=job.id, generation=job.generation, mask=self.ahead(job))
            prepared.events.append(Finished(result=result))
        else:
            self.started.append(prepared)
        return prepared

    def devices(self) -> tuple[FoundDevice, ...]:
        return (FoundDevice(name="cuda", words="CUDA: a card"), FoundDevice(name="cpu", words="CPU, 2 threads"))

    def close(self) -> None:
        self.started.clear()


@pytest.fixture
def runners():
    return PreparedRunners()


@pytest.fixture
def session(runners):
    with Session(runners=runners) as session:
        session.sentences = []
        session.message.connect(session.sentences.append)
        yield session
