"""Time from pressing *Segment* to complete labels, through the runners that the window uses.

Cold: the engine is not running and the model not loaded. Warm: the same button pressed again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from napari_apprentice.bench import report
from napari_apprentice.data import samples
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Started, TileDone
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.session import Session
from napari_apprentice.settings import DeviceName, SegmentSettings, Settings


class SpeedSettings(Settings):
    """What to time."""

    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    sample: Annotated[str, Field(description="The 2D sample the image is made of, mirrored to size.")] = "nuclei_2d"
    edge: Annotated[int, Field(ge=64, le=8192, description="Height and width of the image in pixels.")] = 1024
    repeats: Annotated[int, Field(ge=1, le=100, description="Warm repeats.")] = 5
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: SpeedSettings) -> Iterator[str]:
    """Write ``results.json``; yields what a person wants to read."""
    with Session.temporary() as session:  # its runners are processes of their own
        session.add_image(mirrored(samples.load(settings.sample)[0], settings.edge))
        session.choose_model(settings.model)
        session.segment_settings = SegmentSettings(device=settings.device)
        cold = timed_segment(session)
        yield f"cold: {cold['seconds']:.2f} s, first masks after {cold['first_masks_s']:.2f} s, on {cold['device']}"
        warm = [timed_segment(session) for _ in range(settings.repeats)]
    seconds = report.spread([one["seconds"] for one in warm])
    yield f"warm: {seconds['median']:.2f} s (median of {settings.repeats}), {cold['objects']} objects"
    results = {"settings": settings.model_dump(), "cold": cold, "warm": warm, "warm_s": seconds}
    report.write(out, {"bench": "speed", **results})


def mirrored(volume: Volume, edge: int) -> Volume:
    """The first frame and slice of a sample, continued by mirroring to ``edge`` pixels in y and x."""
    pixels = np.asarray(volume.pixels)[:1, :, :1]
    missing = [(0, 0)] * 3 + [(0, max(0, edge - n)) for n in pixels.shape[3:]]
    pixels = np.pad(pixels, missing, mode="symmetric")[..., :edge, :edge]
    return Volume(pixels, spacing=volume.spacing, unit=volume.unit, name=f"{volume.name}-{edge}")


def timed_segment(session: Session) -> dict[str, Any]:
    """Press *Segment* and wait; seconds to the first masks and to complete labels."""
    watch = _Watch()
    session.job_event.connect(watch.on_event)
    session.job_ended.connect(watch.on_ended)
    try:
        session.segment()
        session.run_until_idle()
    finally:
        session.job_event.disconnect(watch.on_event)
        session.job_ended.disconnect(watch.on_ended)
    seconds = watch.seconds
    if isinstance(watch.last, Failed):
        raise UserError(watch.last.message)
    return {**watch.seen, "seconds": seconds}


class _Watch:
    """A stopwatch that hears what a job reports."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {"first_masks_s": float("nan"), "device": "", "objects": 0}
        self.last: Event | None = None
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def on_event(self, kind: str, event: Event) -> None:
        match event:
            case Started(device=device):
                self.seen["device"] = device
            case TileDone() if np.isnan(self.seen["first_masks_s"]):
                self.seen["first_masks_s"] = self.seconds

    def on_ended(self, kind: str, event: Event) -> None:
        self.last = event
        match event:
            case Finished(result=SegmentResult(objects=objects)):
                self.seen["objects"] = objects
