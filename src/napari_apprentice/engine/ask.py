"""One object of an image, asked for by clicks or a box: what the click network says, as the answer of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.gray import GraySlices
from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.predictor import predictor
from napari_apprentice.engine.warm import Warm, frame_key
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import AskJob, Asked, ClickResult, PackedMask, Point


def run(job: AskJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """The object asked for; its mask is empty where nothing is. `UserError` for a model that cannot be asked."""
    warm = warm or Warm()
    network = warm.network(job.click_model, pick(job.settings.device))
    if network.header.kind != "prompts":
        raise UserError(f"{network.header.name} is not a model that is asked for single objects: choose another one.")
    yield Started(device=network.device.words)
    pixels = scratch.read(job.image.pixels)
    t, z = _place(job)
    slices = GraySlices(pixels[t], frame_key(job.image.pixels.path, t), warm)
    found = _in_slice(job, slices(z), z, predictor(network))
    mask = PackedMask() if found.mask is None else PackedMask.of(found.mask[None, None], (t, z, 0, 0))
    yield Finished(result=ClickResult(job=job.id, generation=job.generation, mask=mask, iou=found.iou))


def _place(job: AskJob) -> tuple[int, int]:
    """The frame and the slice that were clicked, or drawn in."""
    at = job.point
    if at is None and job.asked.drawn is not None:
        at = job.asked.drawn[0]
    if at is None:
        raise ValueError("nothing was asked: neither a click nor a box")
    return at[0], at[1]


def _in_slice(job: AskJob, image: NDArray[np.generic], z: int, predict: dialogue.Predict) -> dialogue.Asked:
    asked = _asked(job.asked, image.shape, z)
    if job.point is not None:
        return dialogue.click(image, asked, _flat(job.point), predict, remove=job.removes, width=job.width)
    if asked.box is None:
        raise ValueError("a box was asked for, but not where")
    return dialogue.draw_box(image, asked.box, predict)


def _asked(asked: Asked, shape: tuple[int, ...], z: int) -> dialogue.Asked:
    """What was asked in one slice, with its part of the mask."""
    mask = None
    if asked.mask:
        _, deep, high, wide = asked.mask.slices
        if deep.start <= z < deep.stop:
            mask = np.zeros(shape, bool)
            mask[high, wide] = asked.mask.unpacked()[0, z - deep.start]
    box = None
    if asked.drawn is not None and asked.drawn[0][1] == z:
        (_, _, top, left), (_, _, bottom, right) = asked.drawn
        box = (float(top), float(left), float(bottom + 1), float(right + 1))
    here = [tuple(_flat(point) for point in points if point[1] == z) for points in (asked.add, asked.remove)]
    return dialogue.Asked(here[0], here[1], box, mask)


def _flat(point: Point) -> dialogue.Point:
    return float(point[2]), float(point[3])
