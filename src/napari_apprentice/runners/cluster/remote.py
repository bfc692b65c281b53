"""Jobs of a window on another machine: those that travel (`Job.travels`) go to a worker, the rest stays here.

Pixels and models are sent in pieces (once: what is there already stays there), events come back several times a second,
and what the job writes is put where it would have been written here.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice import events
from napari_apprentice.data import disk, scratch
from napari_apprentice.data.whole import whole
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Note, Progress, Started, TileDone, WasCancelled, is_last
from napari_apprentice.jobs import Job, Provisional
from napari_apprentice.runners.cluster.connect import Connection
from napari_apprentice.runners.cluster.luggage import packed, pieces
from napari_apprentice.runners.running import FoundDevice, Runners, RunningJob
from napari_apprentice.settings import ClusterSettings

_PIECE = 8 << 20
_BEAT_S = 0.15
_FAREWELL_S = 2.0
_POLITE_S = 0.8  # as long as a job here may take to end after a cancel


class Lost(Exception):
    """The worker went away."""


class Broken(Exception):
    """A bug on the worker, with its traceback."""


class ClusterRunners:
    """Sends jobs that travel to a scheduler's workers; all else is done by the runners here.

    Nothing here blocks: each job has a thread that talks to the worker.
    """

    def __init__(self, settings: ClusterSettings, here: Runners) -> None:
        self.settings = settings
        self.here = here
        self._lock = threading.Lock()  # of whoever connects
        self._connection: Connection | None = None
        self._hung_up = False
        self._looking: threading.Thread | None = None
        self._devices: tuple[FoundDevice, ...] | None = None
        self._running: list[RemoteJob] = []
        self._last = ""
        self._leaving: threading.Thread | None = None

    def start(self, job: Job) -> RunningJob:
        """Start a job, there or here."""
        if not job.travels:
            return self.here.start(job)
        running = RemoteJob(job, self)
        self._running = [one for one in self._running if not one.ended] + [running]
        return running

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices of the worker that takes the next job; None until it has answered."""
        if self._devices is None and self._looking is None:
            self._looking = threading.Thread(target=self._look, name="remote devices", daemon=True)
            self._looking.start()
        return self._devices

    def hang_up(self) -> None:
        """Cancel what runs there, and close the connection; runners here go on."""
        self._hung_up = True
        for running in self._running:
            running.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._leaving = threading.Thread(target=_leave, args=(connection, self._running), name="hang up")
            self._leaving.daemon = True
            self._leaving.start()

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        if self._leaving is not None:
            self._leaving.join(_FAREWELL_S)
        self.here.close()

    def worker(self, lost: set[str]) -> Asking:
        """A worker to ask, the one of last time if it is there; `UserError` when there is none."""
        connection = self._connected()
        try:
            there = [one for one in connection.client.nthreads() if one not in lost]
        except OSError as error:
            raise UserError(f"The scheduler at {connection.words} went away: start it again.") from error
        if not there:
            raise UserError(f"No other worker is there at {connection.words}: start one, or run on this computer.")
        self._last = self._last if self._last in there else there[0]
        return Asking(connection, self._last)

    def _connected(self) -> Connection:
        with self._lock:
            connection = self._connection
            if connection is None or connection.is_lost:
                connection = Connection(self.settings)
                if self._hung_up:
                    connection.close()
                    raise UserError("Another place to run was chosen meanwhile.")
                self._connection = connection
            return connection

    def _look(self) -> None:
        until = time.monotonic() + 60
        with suppress(UserError, Lost, Broken):  # the next job says what is wrong
            asking = self.worker(set())
            while self._devices is None and time.monotonic() < until:
                found = asking("devices")
                if found is not None:
                    self._devices = tuple(FoundDevice.model_validate(device) for device in found)
                time.sleep(_BEAT_S)


def _leave(connection: Connection, running: list[RemoteJob]) -> None:
    """Close a connection once the workers know that nobody waits for them any more."""
    for one in running:
        one.wait(_POLITE_S)
    connection.close()


class Asking:
    """Calls methods of a worker's desk."""

    def __init__(self, connection: Connection, worker: str) -> None:
        self.worker = worker
        self.host = worker.split("://")[-1]
        self._connection = connection

    def __call__(self, what: str, *arguments: Any) -> Any:
        """The answer; `Lost` when nobody is there any more, `UserError` or `Broken` when it is that."""
        from napari_apprentice.runners.cluster.worker import ask

        if self._connection.is_lost:
            raise Lost(self.host)
        try:
            kind, answer = self._connection.client.run(ask, what, arguments, workers=[self.worker])[self.worker]
        except Exception as error:  # whatever dask raises: the worker itself says what went wrong there
            raise Lost(self.host) from error
        if kind == "mistake":
            raise UserError(answer)
        if kind == "bug":
            raise Broken(answer)
        return answer


class RemoteJob:
    """A job on a worker; tried once more on another one when that goes away."""

    def __init__(self, job: Job, runners: ClusterRunners) -> None:
        self.job = job
        self.ended = False
        self._runners = runners
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._end_at: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"remote {job.id}", daemon=True)
        self._thread.start()

    def poll(self) -> list[Event]:
        """What was reported since the last call."""
        found: list[Event] = []
        while not self.ended and not self._events.empty():
            found.append(self._events.get())
            self.ended = is_last(found[-1])
        if not self.ended and self._end_at is not None and time.monotonic() > self._end_at:
            found.append(WasCancelled())  # the worker hears of it later
            self.ended = True
        return found

    def wait(self, seconds: float) -> None:
        """Until the worker has heard how it ended."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """Ask the worker to stop."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._end_at = time.monotonic() + _POLITE_S

    def _run(self) -> None:
        lost: set[str] = set()
        try:
            while True:
                self._say(Progress(done=0, total=1, what="Reaching the worker"))
                asking = self._runners.worker(lost)
                try:
                    self._once(asking)
                    return
                except Lost:
                    lost.add(asking.worker)
                if self._cancelled.is_set():
                    self._say(WasCancelled())
                    return
                if len(lost) > 1:
                    why = f"Workers went away twice in the middle, {asking.host} last: run on this computer instead."
                    self._say(Failed(message=why))
                    return
                self._say(Note(text=f"The worker {asking.host} went away in the middle: trying once more on another."))
        except UserError as error:
            self._say(WasCancelled() if self._cancelled.is_set() else Failed(message=str(error)))
        except Broken as error:
            why = "Something went wrong in the program on the worker: please report it with the details."
            self._say(Failed(message=why, user_error=False, details=str(error)))
        except OSError as error:
            self._say(Failed(message=f"The worker cannot be reached, or what it found kept here ({error}): try again."))
        except Exception:  # nobody may wait for ever
            why = "The worker answered something unexpected: install the same version there and here."
            self._say(Failed(message=why, user_error=False, details=traceback.format_exc()))

    def _once(self, asking: Asking) -> None:
        job, files = packed(self.job)
        if not self._sent(asking, files):
            self._say(WasCancelled())
            return
        self._say(Progress(done=0, total=1, what=f"Starting on {asking.host}"))
        number = asking("start", job.model_dump(mode="json"))
        asked, shown = False, _Shown(self.job.provisional)
        try:
            while True:
                if self._cancelled.is_set() and not asked:
                    asking("cancel", number)
                    asked = True
                for plain in asking("poll", number):
                    event = events.from_plain(plain)
                    if isinstance(event, Started):
                        event = Started(device=f"{asking.host}: {event.device}")
                    elif isinstance(event, TileDone) and not asked:
                        shown.put(event.region, asking("region", number, event.region))
                    elif isinstance(event, Finished) and not asked:
                        event = self._brought(asking, number, event, shown)
                    self._say(event)
                    if is_last(event):
                        return
                time.sleep(_BEAT_S)
        finally:
            with suppress(Lost, Broken):
                asking("forget", number)

    def _sent(self, asking: Asking, files: dict[str, Path]) -> bool:
        """Send what is not there yet; False when the job was cancelled meanwhile."""
        missing = asking("missing", list(files))
        total = sum(files[name].stat().st_size for name in missing)
        done = 0
        for name in missing:
            whole = files[name].stat().st_size
            for start, piece in pieces(files[name], _PIECE):
                if self._cancelled.is_set():
                    return False
                asking("put", name, start, piece, whole)
                done += len(piece)
                self._say(Progress(done=done, total=total, what=f"Sending {total / 1e6:,.0f} MB to {asking.host}"))
        return not self._cancelled.is_set()

    def _brought(self, asking: Asking, number: int, event: Finished, shown: _Shown) -> Finished:
        """Put what the job wrote where it belongs here."""
        shown.close()
        out = Path(self.job.writes)
        out.parent.mkdir(parents=True, exist_ok=True)
        more = True
        try:
            with whole(out) as part, part.open("wb") as file:
                while more:
                    piece, more = asking("result", number, file.tell(), _PIECE)
                    file.write(zlib.decompress(piece))
        except OSError as error:
            raise disk.refused(error, out) from error
        return Finished(result=event.result.brought(str(out), asking.host))

    def _say(self, event: Event) -> None:
        self._events.put(event)


class _Shown:
    """Labels as far as they are there, in the file where a window looks for them."""

    def __init__(self, provisional: Provisional | None) -> None:
        self._provisional = provisional
        self._labels: np.memmap | None = None

    def put(self, region: events.Region, packed_labels: bytes) -> None:
        """Labels of a region came."""
        if self._provisional is None:
            return
        if self._labels is None:
            shape = scratch.read(self._provisional.image).shape
            self._labels = scratch.create(self._provisional.labels.path, (shape[0], *shape[2:]), np.uint32)
        place = tuple(slice(start, stop) for start, stop in region)
        found = np.frombuffer(zlib.decompress(packed_labels), np.uint32)
        self._labels[place] = found.reshape(self._labels[place].shape)

    def close(self) -> None:
        """Let go of the file."""
        self._labels = None
