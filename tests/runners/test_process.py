from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from napari_apprentice.events import Event, Failed, Finished, Note, Progress, WasCancelled
from napari_apprentice.jobs import ArrayRef, ClickJob, SegmentJob, TeachJob, TrainingImageRef, VolumeRef
from napari_apprentice.processes import environment
from napari_apprentice.runners import FoundDevice, InlineRunners, ProcessRunners, RunningJob

NOTHING = ArrayRef(path="nothing")


def segment(name: str) -> SegmentJob:
    return SegmentJob(id=name, image=VolumeRef(pixels=NOTHING, name=name), model="m", out=NOTHING)


def click(name: str = "done") -> ClickJob:
    image = VolumeRef(pixels=NOTHING, name=name)
    return ClickJob(id=name, image=image, model="m", point=(0, 0, 0, 0), generation=1)


def teach(name: str) -> TeachJob:
    image = VolumeRef(pixels=NOTHING, name=name)
    training_data = (TrainingImageRef(image=image, labels=NOTHING, confirmed=NOTHING),)
    return TeachJob(id=name, kind="instances", training_data=training_data, out="m")


def wait(running: RunningJob, until: Callable[[Event], bool] | None = None, timeout: float = 60) -> list[Event]:
    """Everything a job reports, to its end, or to the event that is waited for."""
    events: list[Event] = []
    end = time.monotonic() + timeout
    while not running.ended and time.monotonic() < end:
        events += running.poll()
        if until is not None and any(map(until, events)):
            break
        time.sleep(0.005)
    assert events, "nothing was reported"
    return events


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessRunners]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    runners = ProcessRunners("played_engine")
    yield runners
    runners.close()


def worked(event: Event) -> bool:
    return isinstance(event, Progress)


def pid_of(events: list[Event]) -> int:
    """The engine played here says first in which process it runs."""
    first = next(event for event in events if isinstance(event, Note))
    return int(first.text)


def test_segment_and_click_share_a_process_that_stays(runners: ProcessRunners) -> None:
    one = wait(runners.start(segment("done")))
    other = wait(runners.start(click("done")))
    assert isinstance(one[-1], Finished)
    assert isinstance(other[-1], Finished)
    assert pid_of(one) == pid_of(other) != psutil.Process().pid


def test_each_teach_has_a_process_that_ends_with_it(runners: ProcessRunners) -> None:
    pids = {pid_of(wait(runners.start(teach("done")))) for _ in range(2)}
    assert len(pids) == 2
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=1)
    assert not any(is_running(pid) for pid in pids)


def test_teaching_has_low_priority_and_leaves_a_core(runners: ProcessRunners) -> None:
    facts = [event.text for event in wait(runners.start(teach("facts"))) if isinstance(event, Note)]
    niceness, threads = facts[1].split()
    assert int(niceness) >= 10
    assert int(threads) == max(1, (psutil.cpu_count() or 2) - 1)


def test_what_prints_does_not_harm_the_answers(runners: ProcessRunners) -> None:
    events = wait(runners.start(segment("noisy")))
    assert [type(event) for event in events] == [Note, Finished]


def test_a_click_is_answered_while_a_segmentation_goes_on(runners: ProcessRunners) -> None:
    long = runners.start(segment("polite"))
    wait(long, worked)
    assert isinstance(wait(runners.start(click("done")))[-1], Finished)
    assert not long.ended


def test_a_polite_cancel_keeps_the_process(runners: ProcessRunners) -> None:
    running = runners.start(segment("polite"))
    pid = pid_of(wait(running, worked))
    before = time.monotonic()
    running.cancel()
    assert wait(running)[-1] == WasCancelled()
    assert time.monotonic() - before < 0.5
    assert pid_of(wait(runners.start(click("done")))) == pid


@pytest.mark.parametrize("ask", [segment, teach])
def test_who_does_not_listen_to_a_cancel_is_ended_within_a_second(runners: ProcessRunners, ask: Callable) -> None:
    running = runners.start(ask("stubborn"))
    pid = pid_of(wait(running, lambda event: isinstance(event, Note)))
    before = time.monotonic()
    running.cancel()
    assert wait(running)[-1] == WasCancelled()
    assert time.monotonic() - before < 1
    gone_soon(pid)


def test_others_in_an_ended_process_begin_again(runners: ProcessRunners) -> None:
    stubborn, other = runners.start(segment("stubborn")), runners.start(segment("done"))
    wait(stubborn, lambda event: isinstance(event, Note))
    stubborn.cancel()
    assert wait(stubborn)[-1] == WasCancelled()
    assert isinstance(wait(other)[-1], Finished)


def test_what_has_not_begun_is_cancelled_at_once(runners: ProcessRunners) -> None:
    running = runners.start(segment("stubborn"))
    running.cancel()
    assert running.poll() == [WasCancelled()]
    assert isinstance(wait(runners.start(click("done")))[-1], Finished)


def test_a_process_that_dies_is_one_sentence_and_the_next_job_gets_a_new_one(runners: ProcessRunners) -> None:
    events = wait(runners.start(segment("dying")))
    assert isinstance(events[-1], Failed)
    assert "exit code 7" in events[-1].message
    assert "the last words" in events[-1].details
    assert [isinstance(event, Failed) for event in events].count(True) == 1
    assert isinstance(wait(runners.start(segment("done")))[-1], Finished)


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
def test_a_process_that_is_dying_when_it_gets_a_job_costs_the_job_nothing(runners: ProcessRunners) -> None:
    pid = pid_of(wait(runners.start(segment("done"))))
    os.kill(pid, signal.SIGSTOP)  # as one that is being ended, it takes nothing from its pipe
    jobs = [runners.start(segment("done")), runners.start(click("done"))]
    os.kill(pid, signal.SIGKILL)
    (first, *_), (other, *_) = found = [wait(job, lambda event: isinstance(event, Finished)) for job in jobs]
    assert [[type(event) for event in events] for events in found] == [[Note, Finished], [Note, Finished]]
    assert isinstance(first, Note)
    assert first == other
    assert int(first.text) != pid


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
def test_what_has_begun_in_a_dying_process_fails_and_what_waits_begins_again(runners: ProcessRunners) -> None:
    begun = runners.start(segment("paused"))
    pid = pid_of(wait(begun, lambda event: isinstance(event, Note)))
    waiting = runners.start(segment("done"))
    os.kill(pid, signal.SIGKILL)
    last = wait(begun)[-1]
    assert isinstance(last, Failed)
    assert "ended from outside" in last.message
    assert isinstance(wait(waiting)[-1], Finished)


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
def test_a_job_that_waits_in_a_dying_process_is_cancelled_at_once(runners: ProcessRunners) -> None:
    pid = pid_of(wait(runners.start(segment("done"))))
    os.kill(pid, signal.SIGSTOP)
    running = runners.start(segment("done"))
    os.kill(pid, signal.SIGKILL)
    running.cancel()
    assert wait(running) == [WasCancelled()]


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
def test_a_job_begins_again_once_and_then_says_what_happens(runners: ProcessRunners) -> None:
    pid = pid_of(wait(runners.start(segment("done"))))
    os.kill(pid, signal.SIGSTOP)
    known = {one.pid for one in psutil.Process().children()}  # also of other tests
    running = runners.start(segment("done"))
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while not (new := [one for one in psutil.Process().children() if one.pid not in known]) and time.monotonic() < end:
        assert running.poll() == []
    new[0].kill()  # while it begins, or has just begun
    last = wait(running)[-1]
    assert isinstance(last, Failed)
    assert "ended from outside" in last.message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no exit code for being ended from outside")
def test_a_process_ended_from_outside_is_the_users_to_fix(runners: ProcessRunners) -> None:
    running = runners.start(teach("stubborn"))
    psutil.Process(pid_of(wait(running, lambda event: isinstance(event, Note)))).kill()
    last = wait(running)[-1]
    assert isinstance(last, Failed)
    assert last.user_error
    assert "memory runs out" in last.message


@pytest.mark.skipif(sys.platform != "linux", reason="the engine played here finds its pipe in /proc")
@pytest.mark.parametrize("kind", ["list", "empty", "noise", "party"])
def test_a_process_that_speaks_nonsense_is_ended_with_one_sentence(runners: ProcessRunners, kind: str) -> None:
    wait(runners.start(segment("done")))  # it is warm
    before = time.monotonic()
    events = wait(runners.start(segment("nonsense").model_copy(update={"model": kind})))
    assert time.monotonic() - before < 5
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.message == "The process that runs the network did not answer as it should and was ended: try again."
    gone_soon(pid_of(events))
    assert isinstance(wait(runners.start(segment("done")))[-1], Finished)


@pytest.mark.skipif(sys.platform != "linux", reason="the engine played here finds its pipe in /proc")
def test_a_process_that_says_nothing_any_more_is_ended_with_one_sentence(runners: ProcessRunners) -> None:
    wait(runners.start(segment("done")))
    before = time.monotonic()
    last = wait(runners.start(segment("mute")))[-1]
    assert time.monotonic() - before < 5
    assert isinstance(last, Failed)
    assert "did not answer as it should" in last.message


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
@pytest.mark.parametrize("ask", [segment, teach])
def test_a_process_that_stands_still_is_said_once_and_cancel_is_answered(
    runners: ProcessRunners, ask: Callable
) -> None:
    running = runners.start(ask("paused"))
    pid = pid_of(wait(running, lambda event: isinstance(event, Note)))
    before = time.monotonic()
    (said,) = wait(running, lambda event: isinstance(event, Note))
    assert isinstance(said, Note)
    assert said.text.startswith("The process that does the work stands still")
    assert time.monotonic() - before < 7
    time.sleep(0.6)
    assert running.poll() == []
    before = time.monotonic()
    running.cancel()
    assert wait(running)[-1] == WasCancelled()
    assert time.monotonic() - before < 2
    gone_soon(pid)


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that pauses")
def test_a_process_that_goes_on_after_a_while_ends_well(runners: ProcessRunners) -> None:
    running = runners.start(segment("paused"))
    pid = pid_of(wait(running, lambda event: isinstance(event, Note)))
    wait(running, lambda event: isinstance(event, Note))
    os.kill(pid, signal.SIGCONT)
    assert isinstance(wait(running)[-1], Finished)


def test_a_process_that_computes_for_long_does_not_stand_still(runners: ProcessRunners) -> None:
    events = wait(runners.start(segment("computing")))
    assert [type(event) for event in events] == [Note, Finished]


@pytest.mark.skipif(os.name != "posix", reason="needs signals that a process can answer")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_process_that_is_asked_to_end_leaves_nothing(runners: ProcessRunners, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    running = runners.start(segment("writing").model_copy(update={"out": ArrayRef(path=str(out))}))
    first, *_ = wait(running, worked)
    assert isinstance(first, Note)
    assert out.read_text() == "half"
    os.kill(int(first.text), getattr(signal, name))
    *_, last = wait(running)
    assert isinstance(last, Failed)
    assert last.user_error
    assert "ended from outside" in last.message
    assert last.details == ""
    assert not out.exists()


@pytest.mark.parametrize("ask", [segment, teach])
def test_a_process_that_cannot_be_started_is_said(
    runners: ProcessRunners, ask: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    last = wait(runners.start(ask("done")))[-1]
    assert isinstance(last, Failed)
    assert "No process could be started" in last.message
    assert runners.devices() is None


def test_polling_never_waits(runners: ProcessRunners) -> None:
    running = runners.start(segment("stubborn"))
    wait(running, lambda event: isinstance(event, Note))
    before = time.monotonic()
    for _ in range(100):
        assert running.poll() == []
    assert time.monotonic() - before < 0.1


def test_devices_are_known_after_a_while_without_a_job(runners: ProcessRunners) -> None:
    end = time.monotonic() + 20
    while (devices := runners.devices()) is None and time.monotonic() < end:
        time.sleep(0.01)
    assert devices == (FoundDevice(name="cuda", words="CUDA: played"), FoundDevice(name="cpu", words="CPU, 3 threads"))


def test_closing_ends_everything(runners: ProcessRunners) -> None:
    jobs = [runners.start(segment("stubborn")), runners.start(teach("stubborn"))]
    pids = [pid_of(wait(job, lambda event: isinstance(event, Note))) for job in jobs]
    runners.close()
    assert [wait(job)[-1] for job in jobs] == [WasCancelled(), WasCancelled()]
    for pid in pids:
        gone_soon(pid)


def test_no_process_outlives_the_one_that_started_it(runners: ProcessRunners) -> None:
    code = """
import sys, time
from napari_apprentice.runners import ProcessRunners
from napari_apprentice.jobs import ArrayRef, SegmentJob, VolumeRef
nothing = ArrayRef(path="nothing")
running = ProcessRunners("played_engine").start(
    SegmentJob(id="a", image=VolumeRef(pixels=nothing, name="stubborn"), model="m", out=nothing)
)
while not (events := running.poll()):
    time.sleep(0.01)
print(events[0].text, flush=True)
time.sleep(30)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment(one_core_left=False)
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone_soon(pid)


def test_a_file_of_the_folder_napari_was_started_in_is_not_imported(
    runners: ProcessRunners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queue.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    assert isinstance(wait(runners.start(click("done")))[-1], Finished)


def test_inline_runners_do_the_same_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    runners = InlineRunners("played_engine")
    events = wait(runners.start(click("done")))
    assert isinstance(events[-1], Finished)
    assert pid_of(events) == psutil.Process().pid
    running = runners.start(segment("polite"))
    wait(running, worked)
    running.cancel()
    assert wait(running)[-1] == WasCancelled()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone_soon(pid: int) -> None:
    end = time.monotonic() + 1
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(pid)
