"""What every place where jobs run offers."""

from __future__ import annotations

from typing import Protocol

from napari_apprentice.events import Event
from napari_apprentice.jobs import Job
from napari_apprentice.settings import DeviceName, Settings


class FoundDevice(Settings):
    """A device a network can run on: its name in the settings, and in words ("CUDA: NVIDIA ...")."""

    name: DeviceName
    words: str


class RunningJob(Protocol):
    """One job under way."""

    @property
    def job(self) -> Job:
        """What was asked for."""

    @property
    def ended(self) -> bool:
        """Whether `poll` has given its last event."""

    def poll(self) -> list[Event]:
        """What was reported since the last call."""

    def cancel(self) -> None:
        """Ask it to stop; `WasCancelled` follows within a second."""


class Runners(Protocol):
    """Starts jobs."""

    def start(self, job: Job) -> RunningJob:
        """Start a job; what goes wrong is an event, not an exception."""

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on, the one that "auto" takes first; None until the answer is there.

        The first call asks, and none blocks: call again later.
        """

    def close(self) -> None:
        """End everything."""
