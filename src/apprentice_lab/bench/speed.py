"""Time from pressing *Segment* to complete labels, and of its two halves: the network and the decoding.

Cold: the engine is not running and the model not loaded. Warm: the same button pressed again. What is compared is
measured in turn, so that a machine that is slow for a while is slow for all; ratios are of medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report, speed_adoption, speed_decoding, speed_images, speed_peers
from napari_apprentice.data import samples
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Started, TileDone
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.session import Session
from napari_apprentice.settings import DeviceName, EngineName, SegmentSettings, Settings

Part = Literal["segment", "network", "decoding", "adoption", "peers"]
PARTS: tuple[Part, ...] = ("segment", "network", "decoding", "adoption", "peers")


class SpeedSettings(Settings):
    """What to time."""

    parts: Annotated[tuple[Part, ...], Field(description="What is measured.")] = PARTS
    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    sample: Annotated[str, Field(description="The 2D sample the image is made of, mirrored to size.")] = "nuclei_2d"
    edge: Annotated[int, Field(ge=64, le=8192, description="Height and width of the image in pixels.")] = 1024
    tile: Annotated[int, Field(ge=32, le=1024, description="Edge of the tile of the network alone.")] = 384
    repeats: Annotated[int, Field(ge=1, le=100, description="Warm repeats.")] = 5
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"
    cellpose: Annotated[Path | None, Field(description="The Python of an environment with Cellpose 3.")] = None
    monai: Annotated[Path | None, Field(description="The Python of an environment with MONAI and this package.")] = None
    edges: Annotated[tuple[int, ...], Field(min_length=1, description="Sizes of the images for the peers.")] = (
        1024,
        4096,
    )


def run(out: Path, settings: SpeedSettings) -> Iterator[str]:
    """Write ``results.json``; yields what a person wants to read."""
    results: dict[str, Any] = {"bench": "speed", "settings": settings.model_dump()}
    for part in settings.parts:
        results[part] = yield from _PARTS[part](settings)
        report.write(out, results)  # what comes next may take long


def _segment(settings: SpeedSettings) -> Generator[str, None, dict[str, Any]]:
    """The button, cold, then warm with each engine in turn."""
    engines: tuple[EngineName, ...] = ("torch", "fast") if find_spec("openvino") else ("torch",)
    chosen = {name: SegmentSettings(device=settings.device, engine=name) for name in engines}
    with Session.temporary() as session:  # its runners are processes of their own
        session.add_image(speed_images.mirror(samples.load(settings.sample)[0], settings.edge))
        session.choose_model(settings.model)
        session.segment_settings = chosen["torch"]
        cold = timed_segment(session)
        yield f"cold: {cold['seconds']:.2f} s, first masks after {cold['first_masks_s']:.2f} s, on {cold['device']}"
        warm: dict[str, list[dict[str, Any]]] = {name: [] for name in engines}
        for repeat in range(settings.repeats + 1):
            for name in engines:
                session.segment_settings = chosen[name]
                one = timed_segment(session)
                if repeat:  # the first one makes the fast network, if need be
                    warm[name].append(one)
    seconds = {name: report.spread([one["seconds"] for one in warm[name]]) for name in engines}
    for name in engines:
        last = warm[name][-1]
        yield f"warm, {name}: {seconds[name]['median']:.2f} s, {last['objects']} objects, on {last['device']}"
    return {"cold": cold, "warm": warm, "warm_s": seconds}


def _network(settings: SpeedSettings) -> Generator[str, None, dict[str, Any]]:
    """The network alone, as a share of the machine's matrix-product rate."""
    from apprentice_lab.timing import stopwatch  # here: it loads torch

    pixels = np.asarray(samples.load(settings.sample)[0].pixels[0])
    model = _model_file(settings)
    found = stopwatch.operations(model, pixels, settings.tile, settings.repeats, settings.device)
    rates = {name: float(np.median(values)) for name, values in found["rates"].items()}
    found["share"] = {name: rate / rates["peak"] for name, rate in rates.items() if name != "peak"}
    yield f"matrix product: {rates['peak'] / 1e9:.0f} GFLOP/s, {found['device']}"
    for name, share in found["share"].items():
        yield f"network, {name}: {rates[name] / 1e9:.0f} GFLOP/s, {share:.2f} of the matrix product"
    return found


def _decoding(settings: SpeedSettings) -> Generator[str, None, dict[str, Any]]:
    """Instances from a prediction, against scikit-image."""
    found = speed_decoding.measure(settings.repeats)
    for name, one in found.items():
        ours, peer = (one["seconds"][way]["median"] for way in ("ours", "scikit-image"))
        scores = one["ap50"]
        yield (
            f"decoding {name}, {one['objects']} objects: {ours:.2f} s, AP .50 {scores['ours']:.3f}; "
            f"scikit-image {peer:.2f} s, {scores['scikit-image']:.3f}: {one['ratio']:.1f} times faster"
        )
    return found


def _adoption(settings: SpeedSettings) -> Generator[str, None, dict[str, Any]]:
    """From adopting a model that nobody has seen to its fast form."""
    if not find_spec("openvino"):
        yield "adoption: left out, the fast engine is not installed"
        return {}
    image = speed_images.mirror(samples.load(settings.sample)[0], settings.edge)
    return (yield from speed_adoption.measure(_model_file(settings), image, settings.repeats))


def _peers(settings: SpeedSettings) -> Generator[str, None, dict[str, Any]]:
    """Against Cellpose and MONAI."""
    contest = speed_peers.Contest(
        _model_file(settings),
        settings.sample,
        settings.edges,
        settings.repeats,
        settings.tile,
        settings.cellpose,
        settings.monai,
    )
    return (yield from speed_peers.measure(contest))


def _model_file(settings: SpeedSettings) -> str:
    with Session.temporary() as session:
        session.choose_model(settings.model)
        return str(session.model.file)


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


_PARTS: dict[Part, Callable[[SpeedSettings], Generator[str, None, dict[str, Any]]]] = {
    "segment": _segment,
    "network": _network,
    "decoding": _decoding,
    "adoption": _adoption,
    "peers": _peers,
}
