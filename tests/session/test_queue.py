"""The queue knows no kind of job: one that nothing else knows is run, accepted and cleaned up after."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished, WasCancelled
from napari_apprentice.jobs import ClickResult, Job, Result
from napari_apprentice.jobs.base import ResultClass
from napari_apprentice.session.background import Work
from napari_apprentice.session.running import Origin


class CountJob(Job):
    """Counts something, with a file of its own and one that is only there when it ends well."""

    verb: ClassVar[str] = "count"
    result: ClassVar[ResultClass] = ClickResult

    type: str = "count"
    folder: Path

    @property
    def temporary(self) -> tuple[Path, ...]:
        return (self.folder / "copy",)

    @property
    def unfinished_files(self) -> tuple[Path, ...]:
        return (self.folder / "counts",)


def counted(job: Job) -> Finished:
    return Finished(result=ClickResult(job=job.id, generation=1))


@pytest.fixture
def origin(session) -> Origin:
    pixels = np.random.default_rng(0).integers(0, 99, (1, 1, 1, 8, 9)).astype(np.uint8)
    return Origin.of(session.add_image(Volume(pixels, name="cells")), "nuclei-2d")


@pytest.fixture
def job(session, tmp_path: Path) -> CountJob:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "labels.npy").touch()
    (tmp_path / "counts").touch()
    return CountJob(id=session.queue.next_id("count"), folder=tmp_path)


def test_a_result_is_accepted_then_told_then_followed(session, runners, origin, job) -> None:
    order: list[str] = []

    def accept(running, result: Result):
        assert running.origin is origin
        assert result.job == job.id
        order.append("accepted")
        return lambda: order.append("followed")

    session.job_ended.connect(lambda verb, event: order.append(f"{verb} ended"))
    session.queue.start(job, origin, accept, lambda: order.append("broke off"))
    assert session.busy("count")
    assert not session.busy("segment")
    runners.started[-1].events.append(counted(job))
    session.run_until_idle()
    assert order == ["accepted", "count ended", "followed"]
    assert not (job.folder / "copy").exists()
    assert (job.folder / "counts").exists()


@pytest.mark.parametrize("ending", [Failed(message="It could not be counted."), WasCancelled()])
def test_what_was_not_finished_goes_when_a_job_breaks_off(session, runners, origin, job, ending) -> None:
    broke_off: list[bool] = []
    session.queue.start(job, origin, lambda running, result: None, lambda: broke_off.append(True))
    runners.started[-1].events.append(ending)
    session.pump()
    assert broke_off == [True]
    assert not session.busy()
    assert not (job.folder / "copy").exists()
    assert not (job.folder / "counts").exists()


def test_a_result_that_cannot_be_taken_in_is_said_and_the_job_is_over(session, runners, origin, job) -> None:
    def accept(running, result: Result) -> None:
        raise UserError("The counts do not fit: count again.")

    session.queue.start(job, origin, accept)
    runners.started[-1].events.append(counted(job))
    session.pump()
    assert session.sentences[-1] == "The counts do not fit: count again."
    assert not session.busy()


def test_slow_work_is_done_beside_the_owning_thread_and_what_came_of_it_on_it(session, runners, origin, job) -> None:
    threads: list[int] = []

    def slow() -> int:
        threads.append(threading.get_ident())
        return 7

    def done(found: int):
        threads.append(threading.get_ident())
        return Work(slow, done, lambda: True) if len(threads) < 4 else lambda: threads.append(found)

    session.queue.start(job, origin, lambda running, result: Work(slow, done, lambda: True))
    runners.started[-1].events.append(counted(job))
    session.pump()
    assert session.busy("count")
    assert (job.folder / "copy").exists()
    session.run_until_idle()
    here = threading.get_ident()
    assert [one == here for one in threads] == [False, True, False, True, False]
    assert threads[-1] == 7
    assert not (job.folder / "copy").exists()


@pytest.mark.parametrize("is_short", [False, True])
def test_a_job_is_over_when_slow_work_comes_to_nothing(session, runners, origin, job, is_short) -> None:
    def fail(error: Exception):
        def do() -> None:
            raise error

        return Work(do, lambda found: None, lambda: True, is_short)

    session.queue.start(job, origin, lambda running, result: fail(UserError("The counts are lost: count again.")))
    runners.started[-1].events.append(counted(job))
    session.run_until_idle()
    assert session.sentences[-1] == "The counts are lost: count again."
    session.queue.start(job, origin, lambda running, result: fail(ZeroDivisionError("a bug")))
    runners.started[-1].events.append(counted(job))
    with pytest.raises(ZeroDivisionError):
        session.run_until_idle()
    assert not session.busy()


def test_a_session_that_closes_cleans_up_after_a_job_that_does_not_end(session, runners, origin, job, monkeypatch):
    session.queue.start(job, origin, lambda running, result: None)
    monkeypatch.setattr("napari_apprentice.session.queue._LONGEST_CANCEL_S", 0.05)
    monkeypatch.setattr(runners.started[-1], "cancel", lambda: None)
    ended: list[str] = []
    session.job_ended.connect(lambda verb, event: ended.append(event.type))
    session.close()
    assert ended == ["cancelled"]
    assert not (job.folder / "copy").exists()


def test_an_origin_tells_another_part_from_another_reading(session, origin) -> None:
    assert origin.is_same_part
    assert origin.is_same_image
    other = np.random.default_rng(1).integers(0, 99, (1, 1, 1, 8, 9)).astype(np.uint8)
    session.images.reinterpret(origin.entry, Volume(other, name="cells"))
    assert not origin.is_same_part
    assert not origin.is_same_image
