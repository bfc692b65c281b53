"""*Live*: labels of the view that follow what is confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.live.head import Head
from napari_apprentice.engine.live.maps import Features
from napari_apprentice.engine.live.sight import open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import LiveJob, LiveResult


def run(job: LiveJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write class values (y, x) of ``job.box`` to ``job.out``; all 0 while there are not two classes to tell apart."""
    began = time.perf_counter()
    sight = open_sight(job, cancelled, warm or Warm())
    yield Started(device=sight.network.device.words)
    (t, _), (z, _), rows, columns = job.box
    features, looked_s = yield from sight.features((t, z), (rows, columns))
    head, used = sight.head(*job.samples.unpacked())
    shape = (rows[1] - rows[0], columns[1] - columns[0])
    labels = scratch.create(job.out.path, shape, np.uint8)  # it is not kept: nothing waits for the disk
    if head is not None:
        labels[:] = decode(features, head)
    yield Finished(
        result=LiveResult(
            job=job.id,
            generation=job.generation,
            labels=job.out,
            box=job.box,
            known=() if head is None else head.values,
            used=used,
            looked_s=looked_s,
            seconds=time.perf_counter() - began,
        )
    )


def decode(features: Features, head: Head) -> NDArray[np.uint8]:
    """The class of each pixel (y, x)."""
    scores = features.scores(head.weights, head.bias)
    best, where = scores[0].clone(), torch.full(scores.shape[1:], head.values[0], dtype=torch.uint8)
    for value, one in zip(head.values[1:], scores[1:], strict=True):  # a tenth of the time of `argmax` along channels
        where.masked_fill_(one > best, value)
        torch.maximum(best, one, out=best)
    return np.asarray(where.numpy())
