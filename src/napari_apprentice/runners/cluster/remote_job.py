"""One job on a worker: files go there, events come back, and what it writes is put where it belongs here.

Files go in pieces, from disk to disk: what is there already stays there, how far it is is told, and a cancel is heard
in between. Dask's own ways hold a file whole in memory, here and there, and do none of that. Measured with 210 MB to a
worker of this machine: these pieces 4 s, 39 MB more memory here and 15 MB there; `Client.scatter` 5 s, 338 and 400 MB;
`Client.upload_file` 12 s, 1,600 and 400 MB.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from napari_apprentice import events
from napari_apprentice.data.storage import disk, scratch
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Note, Progress, Started, TileDone, WasCancelled, is_last
from napari_apprentice.jobs import Job, Provisional
from napari_apprentice.runners.cluster.asking import Asking, Broken, Lost
from napari_apprentice.runners.cluster.job_files import pack_job, pieces

BEAT_S = 0.15
POLITE_S = 0.8  # as long as a job here may take to end after a cancel
_PIECE = 8 << 20

Worker = Callable[[set[str]], Asking]
"""Gives a worker to ask that is none of those; `UserError` when there is none."""


class RemoteJob:
    """A job on a worker; tried once more on another one when that goes away."""

    def __init__(self, job: Job, worker: Worker) -> None:
        self.job = job
        self.ended = False
        self._worker = worker
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
            self._end_at = time.monotonic() + POLITE_S

    def _run(self) -> None:
        lost: set[str] = set()
        try:
            while True:
                self._say(Progress(done=0, total=1, what="Reaching the worker"))
                asking = self._worker(lost)
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
        job, files = pack_job(self.job)
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
                time.sleep(BEAT_S)
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
            with atomic_write(out) as part, part.open("wb") as file:
                while more:
                    piece, more = asking("result", number, file.tell(), _PIECE)
                    file.write(zlib.decompress(piece))
        except OSError as error:
            raise disk.refusal(error, out) from error
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
