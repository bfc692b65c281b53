"""An engine without torch, for tests of processes: the job's image name says what it does."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from napari_apprentice.events import Event, Finished, Note, Progress, WasCancelled
from napari_apprentice.jobs import ClickResult, Job


class Engine:
    def devices(self) -> list[tuple[str, str]]:
        return [("cuda", "CUDA: played"), ("cpu", "CPU, 3 threads")]

    def prepare(self) -> None:
        pass

    def run(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        name = job.training_data[0].image.name if job.type == "teach" else job.image.name
        yield Note(text=str(os.getpid()))
        yield from getattr(self, f"_{name}")(job, cancelled)

    def _done(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        yield Finished(result=ClickResult(job=job.id, generation=1))

    def _noisy(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        print("printed by Python")  # noqa: T201
        sys.stdout.flush()
        os.write(1, b"\x00\x01printed by a library")
        os.system("echo printed by a program")
        yield from self._done(job, cancelled)

    def _polite(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        while not cancelled():
            time.sleep(0.02)
            yield Progress(done=0, total=1)
        yield WasCancelled()

    def _stubborn(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        time.sleep(30)
        yield from self._done(job, cancelled)

    def _writing(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        path = Path(job.out.path)
        try:
            path.write_text("half", encoding="utf-8")
            yield from self._polite(job, cancelled)
        finally:
            path.unlink()

    def _nonsense(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        frames = {"list": b"\x92\x01\x02", "empty": b"\x80", "noise": b"\xc1\xc1", "party": b"\x81\xa4type\xa5party"}
        content = frames[job.model]
        os.write(_answers(), len(content).to_bytes(4, "little") + content)
        yield from self._stubborn(job, cancelled)

    def _mute(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        os.close(_answers())
        yield from self._stubborn(job, cancelled)

    def _paused(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        os.kill(os.getpid(), signal.SIGSTOP)
        yield from self._done(job, cancelled)

    def _computing(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        until = time.monotonic() + 6
        while time.monotonic() < until:
            pass
        yield from self._done(job, cancelled)

    def _dying(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        os.write(2, b"the last words\n")
        os._exit(7)
        yield from self._done(job, cancelled)

    def _facts(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        nice = os.nice(0) if hasattr(os, "nice") else 10
        yield Note(text=f"{nice} {os.environ.get('OMP_NUM_THREADS')}")
        yield from self._done(job, cancelled)


def _answers() -> int:
    """The pipe that this process answers on."""
    pipes = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2 and _is_answering(int(name))]
    (pipe,) = pipes
    return pipe


def _is_answering(descriptor: int) -> bool:
    try:
        is_pipe = os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:")
    except OSError:
        return False
    flags = int(Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="utf-8").split()[3], 8)
    return is_pipe and flags & os.O_ACCMODE == os.O_WRONLY
