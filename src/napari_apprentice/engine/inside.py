"""*Look inside*: one map of a network for the part of an image that is looked at, and where it lies on the image.

::

    view -- at network resolution --> what is around it, on the grid of the coarsest level --> network
                                                                                                  |
    values, scale, origin <------------- the voxels of the map that touch the view <-------- map of a level
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch

from napari_apprentice.architecture.sizes import corner_of_map
from napari_apprentice.data.models import ModelHeader, outputs_of
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.device import mixed_precision
from napari_apprentice.engine.field import view_in, widen_view
from napari_apprentice.engine.inputs import inputs_for
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.predict import PredictionStep
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.engine.task import Task, open_task, predict_frame
from napari_apprentice.engine.telling import telling
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Progress, Started
from napari_apprentice.jobs import OUTPUT, InsideJob, InsideResult
from napari_apprentice.settings import Triple

_HALF = 6.0e4  # float16 holds no more


def run(job: InsideJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write the map of ``job.level`` (channels, z, y, x) to ``job.out``; `UserError` when there is no such level."""
    task = open_task(job.image, job.model, job.settings, warm or Warm(), cancelled)
    yield Started(device=task.network.device.words)
    if job.level == OUTPUT:
        yield Finished(result=(yield from _output(task, job)))
        return
    look = partial(_look, task, job.level, job.box[0][0], job.box[1:])
    seen = yield from task.warm.background.run(look, cancelled, Progress(done=0, total=1, what="Looking inside"))
    order = np.argsort(-seen.values.std(axis=(1, 2, 3), dtype=np.float64), kind="stable")
    yield Finished(
        result=InsideResult(
            job=job.id,
            generation=job.generation,
            level=job.level,
            map=scratch.write(job.out.path, _small(seen.values[order])),
            channels=tuple(int(i) for i in order),
            frame=job.box[0][0],
            scale=seen.scale,
            origin=seen.origin,
        )
    )


def _output(task: Task, job: InsideJob) -> Generator[Event, None, InsideResult]:
    """The probabilities of a frame, before anything is decided from them; the prediction stays at hand for clicks."""
    t = job.box[0][0]

    def progress(step: PredictionStep) -> Iterator[Event]:
        yield Progress(done=step.done, total=step.total, what="Predicting")

    prediction = yield from telling(predict_frame(task, t), progress)
    names = _names(task.network.header)
    values = prediction.values[: len(names)]
    _, y, x = (n / m for n, m in zip(prediction.shape, values.shape[1:], strict=True))
    return InsideResult(
        job=job.id,
        generation=job.generation,
        level=job.level,
        map=scratch.write(job.out.path, _small(values)),
        channels=tuple(range(len(names))),
        frame=t,
        scale=(1.0, y, x),
        origin=(0.0, (y - 1) / 2, (x - 1) / 2),
        names=names,
    )


def _names(header: ModelHeader) -> tuple[str, ...]:
    """What the probabilities at the front of a prediction are of."""
    if header.kind == "instances":
        return ("foreground",)
    names = {one.value: one.name for one in header.classes}
    classes = [names.get(value, f"class {value}") for value in range(1, max(2, outputs_of(header)))]
    return tuple(classes) if outputs_of(header) == 1 else ("background", *classes)


@dataclass(frozen=True)
class Seen:
    """A map (channels, z, y, x) with the size of its voxels and the centre of the first one, in image voxels."""

    values: np.ndarray
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]


def _look(task: Task, name: str, t: int, edges: tuple[tuple[int, int], ...]) -> Seen:
    net = task.network.header.net
    level = next((one.level for one in net.maps if one.name == name), None)
    if level is None:
        raise UserError(f"This network has no level {name}: choose one of {', '.join(one.name for one in net.maps)}.")
    shape = _triple(task.pixels.shape[2:])
    inputs = inputs_for(task.network.header, task.pixels[t], network_shape(shape, task.zoom), task.scaling(t))
    view = view_in(net, edges, shape, inputs.shape)
    given = widen_view(net, view, inputs.shape)
    values = _map(task, inputs.read(given.read, given.shape), name)
    ratio = [n / m for n, m in zip(shape, inputs.shape, strict=True)]  # image voxels per network voxel
    corner = corner_of_map(net, level, given.shape, _triple(values.shape[1:]))
    kept, scale, origin = [], [], []
    for part, read, at, stride, r in zip(view, given.read, corner, net.strides[level], ratio, strict=True):
        begin = read.start + at
        first = max(0, math.floor((part.start - begin) / stride))
        kept.append(slice(first, math.ceil((part.stop - begin) / stride)))
        scale.append(stride * r)
        origin.append((begin + (first + 0.5) * stride) * r - 0.5)
    return Seen(values[(slice(None), *kept)], (scale[0], scale[1], scale[2]), (origin[0], origin[1], origin[2]))


def _map(task: Task, inputs: np.ndarray, name: str) -> np.ndarray:
    """The map (channels, z, y, x) of inputs (channels, z, y, x)."""
    device, net = task.network.device, cast(Net, task.network.net)
    x = torch.from_numpy(inputs[None]).to(device.torch)
    with torch.inference_mode(), mixed_precision(device):
        found = net.feature_maps(x, (name,))[name]
    return np.asarray(found[0].float().cpu().numpy())


def _small(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16) if float(np.abs(values).max(initial=0)) < _HALF else values


def _triple(sizes: Sequence[int]) -> Triple:
    z, y, x = sizes
    return z, y, x
