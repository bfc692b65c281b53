from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from napari_apprentice.data import samples
from napari_apprentice.data.storage import scratch
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import AskJob, ClickResult, PackedMask
from napari_apprentice.runners import FoundDevice, Runners


@pytest.fixture(scope="session")
def cropped() -> Callable[[Path, int, int], Path]:
    """Fill a folder with so many square parts, so many pixels wide, of the sample of rendered nuclei."""

    def crop(folder: Path, count: int, edge: int) -> Path:
        volume, truth = samples.load("nuclei_2d")
        for part, array in (("images", np.asarray(volume.pixels)[0, 0, 0]), ("labels", truth[0, 0])):
            (folder / part).mkdir()
            for i in range(count):
                tifffile.imwrite(folder / part / f"{i}.tif", array[:edge, edge * i : edge * (i + 1)])
        return folder

    return crop


class AtOnce:
    """An answer that is there: the bright part that was clicked, added to the mask so far or taken from it."""

    def __init__(self, job: AskJob) -> None:
        found = ndimage.label(scratch.read(job.image.pixels)[:, 0] > 500)[0]
        mask = np.zeros(found.shape, bool)
        if job.asked.mask:
            mask[job.asked.mask.slices] = job.asked.mask.unpacked()
        mask[found == found[job.point]] = not job.removes
        result = ClickResult(job=job.id, generation=job.generation, mask=PackedMask.of(mask, (0, 0, 0, 0)))
        self.job, self.ended = job, False
        self._events: deque[Event] = deque([Finished(result=result)])

    def poll(self) -> list[Event]:
        events = list(self._events)
        self._events.clear()
        self.ended = True
        return events

    def cancel(self) -> None:
        self.ended = True


class AtOnceRunners:
    def start(self, job: Any) -> AtOnce:
        return AtOnce(job)

    def devices(self) -> tuple[FoundDevice, ...]:
        return (FoundDevice(name="cpu", words="CPU, 2 threads"),)

    def close(self) -> None:
        pass


@pytest.fixture
def at_once() -> Runners:
    return AtOnceRunners()
