"""*Live*: labels of the view that follow what is confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.features.maps import Features
from napari_apprentice.engine.live import objects
from napari_apprentice.engine.live.head import Head
from napari_apprentice.engine.live.sight import open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import LiveJob, LiveResult


def run(job: LiveJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write what is proposed for ``job.box`` (y, x) to ``job.out``; all 0 while there is nothing to tell apart."""
    began = time.perf_counter()
    answer = yield from (_classes if job.corrections is None else _objects)(job, cancelled, warm or Warm())
    out = scratch.create(job.out.path, answer.labels.shape, answer.labels.dtype)  # not kept: nothing waits for the disk
    out[:] = answer.labels
    yield Finished(
        result=LiveResult(
            job=job.id,
            generation=job.generation,
            labels=job.out,
            box=job.box,
            known=answer.known,
            used=answer.used,
            looked_s=answer.looked_s,
            seconds=time.perf_counter() - began,
        )
    )


class _Answer(NamedTuple):
    labels: NDArray[np.integer]
    known: tuple[int, ...]
    used: int
    looked_s: float


def _classes(job: LiveJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, _Answer]:
    sight = open_sight(job, cancelled, warm)
    yield Started(device=sight.network.device.words)
    (t, _), (z, _), rows, columns = job.box
    features, looked_s = yield from sight.features((t, z), (rows, columns))
    head, used = sight.head(*job.samples.unpacked())
    if head is None:
        return _Answer(np.zeros((rows[1] - rows[0], columns[1] - columns[0]), np.uint8), (), used, looked_s)
    return _Answer(decode(features, head), head.values, used, looked_s)


def _objects(job: LiveJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, _Answer]:
    labels, confirmed, diameter = objects.corrected_in(job)
    sight = open_sight(job, cancelled, warm, diameter)
    yield Started(device=sight.network.device.words)
    nothing = np.zeros(labels.shape[2:], np.uint32)
    if diameter is None:  # how large objects are says at which size to look
        return _Answer(nothing, (), 0, 0.0)
    (t, _), (z, _), rows, columns = job.box
    features, looked_s = yield from sight.features((t, z), (rows, columns))
    corner = np.array([start for start, _ in job.box])
    head, used = objects.fit_objects(sight, labels, confirmed, corner, diameter)
    if head is None:
        return _Answer(nothing, (), used, looked_s)
    found = objects.decode_objects(head.values(features)[:, None], head, job.image.spacing)
    return _Answer(objects.beside_confirmed(found[None], labels, confirmed)[0, 0], (0, 1), used, looked_s)


def decode(features: Features, head: Head) -> NDArray[np.uint8]:
    """The class of each pixel (y, x)."""
    scores = features.scores(head.weights, head.bias)
    best, where = scores[0].clone(), torch.full(scores.shape[1:], head.values[0], dtype=torch.uint8)
    for value, one in zip(head.values[1:], scores[1:], strict=True):  # a tenth of the time of `argmax` along channels
        where.masked_fill_(one > best, value)
        torch.maximum(best, one, out=best)
    return np.asarray(where.numpy())
