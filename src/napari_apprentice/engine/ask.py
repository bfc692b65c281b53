"""One object of an image, asked for by clicks or a box: what the click network says, as the answer of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import click
from napari_apprentice.engine.asking import predictor
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.gray import GraySlices
from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.warm import Warm, frame_key
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import Asked, AskJob, ClickJob, ClickResult, PackedMask, Point

# IoU from which the answer of a model for all objects is taken: it is one object to both, and the model knows outlines
# of its domain better. Held out of train: nuclei in fluorescence .66 of first clicks right in place of .53, axons and
# phase contrast, of which the model knows nothing, as without it (docs/accuracy.md).
_AGREES = 0.5


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
    is_first = job.point is not None and not job.asked.mask
    is_unsure = is_first and found.iou < dialogue.LEAST_IOU
    if is_first and job.rival is not None and mask:
        rival = _answer_of(job.rival, cancelled, warm)
        if _iou(mask, rival) >= _AGREES:
            mask, is_unsure = rival, False
    yield Finished(result=ClickResult(job=job.id, generation=job.generation, mask=mask, is_unsure=is_unsure))


def _answer_of(rival: ClickJob, cancelled: Callable[[], bool], warm: Warm) -> PackedMask:
    *_, last = click.run(rival, cancelled, warm)
    return last.result.mask if isinstance(last, Finished) and isinstance(last.result, ClickResult) else PackedMask()


def _iou(mask: PackedMask, other: PackedMask) -> float:
    """Of two masks in boxes."""
    if not (mask and other):
        return 0.0
    low, high = np.minimum(mask.box, other.box)[:, 0], np.maximum(mask.box, other.box)[:, 1]
    both = []
    for one in (mask, other):
        whole = np.zeros(high - low, bool)
        whole[tuple(slice(a - i, b - i) for (a, b), i in zip(one.box, low, strict=True))] = one.unpacked()
        both.append(whole)
    return float((both[0] & both[1]).sum() / (both[0] | both[1]).sum())


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
