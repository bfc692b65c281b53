"""Jobs of a window on another machine: those that travel (`Job.travels`) go to a worker, the rest stays here.

Pixels and models are sent in pieces (once: what is there already stays there), events come back several times a second,
and what the job writes is put where it would have been written here.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Job
from napari_apprentice.runners.cluster.asking import Asking, Broken, Lost
from napari_apprentice.runners.cluster.connect import Connection
from napari_apprentice.runners.cluster.remote_job import BEAT_S, POLITE_S, RemoteJob
from napari_apprentice.runners.running import FoundDevice, Runners, RunningJob
from napari_apprentice.settings import ClusterSettings

_FAREWELL_S = 2.0


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
        running = RemoteJob(job, self.worker)
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
                time.sleep(BEAT_S)


def _leave(connection: Connection, running: list[RemoteJob]) -> None:
    """Close a connection once the workers know that nobody waits for them any more."""
    for one in running:
        one.wait(POLITE_S)
    connection.close()
