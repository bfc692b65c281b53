"""*Keep as a version*: a model file with what *Live* learned, beside the network whose maps it looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_apprentice.data.models import LearnedLive, ModelHeader, without_live
from napari_apprentice.data.representations import USUAL
from napari_apprentice.data.storage import room
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.learned import MOST_COLOURS, decode_for
from napari_apprentice.engine.live.fitting import FittedClasses, FittedObjects, fit_all_objects, fit_classes
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import KeepLiveJob, KeepLiveResult
from napari_apprentice.settings import Kind

_FORMAT = 2
_BYTES = 4  # of a weight


def run(job: KeepLiveJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write the model to ``job.out``; `UserError` where what is confirmed does not suffice, or the disk is full."""
    began = time.monotonic()
    fitted = yield from _fitted(job, cancelled, warm or Warm())
    ranges = fitted.sight.ranges
    if ranges is None:
        raise RuntimeError("a head was fitted and nothing was looked at")
    parent, net = checkpoint.load(job.model)
    room.refuse(Path(job.out).parent, parent.net.parameters * _BYTES, "what Live learned")
    checkpoint.save(job.out, _header(job, parent, fitted), net, fitted.head.learned(ranges))
    told = {"job": job.id, "model": job.out, "used": fitted.used, "known": fitted.head.values}
    yield Finished(result=KeepLiveResult(**told, seconds=time.monotonic() - began))


def _fitted(
    job: KeepLiveJob, cancelled: Callable[[], bool], warm: Warm
) -> Generator[Event, None, FittedClasses | FittedObjects]:
    if job.corrections is None:
        return (yield from fit_classes(job, cancelled, warm))
    return (yield from fit_all_objects(job, cancelled, warm))


def _header(job: KeepLiveJob, parent: ModelHeader, fitted: FittedClasses | FittedObjects) -> ModelHeader:
    """The network's, for what was learned; how large objects are, or pixels, as in the image it was learned from."""
    network, sight, image = without_live(parent), fitted.sight, job.image
    channels = int(sight.colour_count)
    live = LearnedLive(
        values=fitted.head.values,
        colours=min(channels, MOST_COLOURS),
        from_gray=channels != network.image_channels,
        kind=network.kind,
        representation=network.representation,
        decode=network.decode,
    )
    kind: Kind = "classes" if isinstance(fitted, FittedClasses) else "instances"
    changes: dict[str, Any] = {
        "format": _FORMAT,
        "id": Path(job.out).stem,
        "name": Path(job.out).stem,
        "kind": kind,
        "representation": USUAL[kind],
        "classes": job.classes,
        "live": live,
        "image_channels": channels,
        "zoom": sight.zoom,
        "measures": False,  # the corrections say how large objects are
        "spacing": None if image.unit == "pixel" else image.spacing,
        "unit": image.unit,
        "channels": (job.colours or image).channels,
        "parent": parent.id,
        "trained_on": tuple(dict.fromkeys((*parent.trained_on, image.name))),
        "scores": {},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": f"what Live learned from {image.name}, on the maps of {parent.name}",
    }
    if isinstance(fitted, FittedObjects):
        changes |= {"object_diameter": fitted.diameter * sight.zoom, "decode": decode_for(fitted.diameter)}
    return ModelHeader.model_validate(network.model_copy(update=changes).model_dump())
