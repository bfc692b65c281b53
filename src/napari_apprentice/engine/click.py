"""One object, or area of a class, around a point, from what a model for all of them predicts there."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

import numpy as np

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.data.image.zoom import TARGET_DIAMETER
from napari_apprentice.data.labels import clicking
from napari_apprentice.data.models import representation_of
from napari_apprentice.engine.predict import Prediction, PredictionStep, predict_steps, wait_for
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.engine.task import Task, open_task, predict_frame
from napari_apprentice.engine.view import view_of
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import ClickJob, ClickResult, PackedMask

_WINDOW = 256  # network pixels around the point
_WINDOW_3D = 80
_WHOLE = {2: 400_000, 3: 150_000}  # network voxels of a frame that is predicted whole, and kept, at the first click
_GROWTH = (1.0, 1.6, 4.0)

Spot = tuple[int, int, int]
Found = tuple[np.ndarray, Slices]


def run(job: ClickJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Propose one object (or region of a class) around ``job.point``; its mask is empty when nothing is there.

    What was predicted before is used again; otherwise a window around the point is predicted.
    """
    task = open_task(job.image, job.model, job.settings, warm or Warm(), cancelled)
    yield Started(device=task.network.device.words)
    t, at = job.point[0], job.point[1:]
    prediction = task.warm.predictions.find(task.key(t))
    shape = network_shape(_shape(task), task.zoom)
    if prediction is None and math.prod(shape) <= _WHOLE[task.network.header.net.dims]:
        prediction = wait_for(predict_frame(task, t))
    mask, box = _grown(task, t, at, prediction)
    packed = PackedMask.of(mask[None], (t, *(part.start for part in box)))
    yield Finished(result=ClickResult(job=job.id, generation=job.generation, mask=packed))


def _grown(task: Task, t: int, at: Spot, prediction: Prediction | None) -> Found:
    """What is found in the smallest window that holds it whole."""
    for factor in _GROWTH if prediction is not None else _GROWTH[:2]:
        box = window_around(task, at, factor)
        found = _propose(task, t, at, prediction, box)
        if not _is_cut(found, box, _shape(task)):
            break
    return found, box


def _propose(task: Task, t: int, at: Spot, prediction: Prediction | None, box: Slices) -> np.ndarray:
    header = task.network.header
    representation = representation_of(header)
    if prediction is None:
        part = wait_for(_predict_window(task, t, box))
        z, y, x = (slice(0, s.stop - s.start) for s in box)
        view = view_of(part, (z, y, x), interpolates=representation.interpolates)
        here = view.place(_inside(at, box))
    else:
        view = view_of(prediction, box, interpolates=representation.interpolates)
        here = view.place(at)
    found = representation.object_at(view.values, here, header.decode)
    mask = view.at_image(found)
    return mask if mask.any() or header.kind == "classes" else _outlined(task, t, at, box)


def _outlined(task: Task, t: int, at: Spot, box: Slices) -> np.ndarray:
    """Where the network saw nothing: what the pixels outline, about as large as an object of the model."""
    pixels = np.asarray(task.pixels[(t, slice(None), *box)])
    image = task.scaling(t).only(slice(0, len(pixels))).linear(pixels).mean(axis=0)
    radius = (task.network.header.object_diameter or TARGET_DIAMETER) / task.zoom / 2
    spacing = task.image.spacing
    deep = max(0.5, radius * (spacing[1] * spacing[2]) ** 0.5 / spacing[0])
    return clicking.outlined_at(image, _inside(at, box), (deep, max(1.0, radius), max(1.0, radius)))


def window_around(task: Task, at: Spot, factor: float) -> Slices:
    """A box of the image around a point: ``factor`` windows wide, moved inside at the image's edges."""
    header = task.network.header
    diameter = header.object_diameter or TARGET_DIAMETER
    window = _WINDOW if _shape(task)[0] == 1 else _WINDOW_3D
    edge = max(window, 4 * diameter) / task.zoom
    spacing = task.image.spacing
    depth = 2.5 * diameter / task.zoom * (spacing[1] * spacing[2]) ** 0.5 / spacing[0]
    sizes = (max(8, depth), edge, edge)
    z, y, x = (_part(i, math.ceil(size * factor), n) for i, size, n in zip(at, sizes, _shape(task), strict=True))
    return z, y, x


def _part(at: int, size: int, length: int) -> slice:
    size = min(size, length)
    start = min(max(0, at - size // 2), length - size)
    return slice(start, start + size)


def _predict_window(task: Task, t: int, box: Slices) -> Generator[PredictionStep, None, Prediction]:
    return predict_steps(
        task.network,
        np.asarray(task.pixels[(t, slice(None), *box)]),
        task.zoom,
        task.settings,
        task.scaling(t),
        task.warm.background,
        task.cancelled,
    )


def _shape(task: Task) -> Spot:
    z, y, x = task.pixels.shape[2:]
    return z, y, x


def _inside(at: Spot, box: Slices) -> Spot:
    z, y, x = (i - part.start for i, part in zip(at, box, strict=True))
    return z, y, x


def _is_cut(mask: np.ndarray, box: Slices, shape: Spot) -> bool:
    """Whether a mask reaches an end of its box that is not an end of the image."""
    for axis, (part, length) in enumerate(zip(box, shape, strict=True)):
        if part.start > 0 and mask.take(0, axis).any():
            return True
        if part.stop < length and mask.take(-1, axis).any():
            return True
    return False
