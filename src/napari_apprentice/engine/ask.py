"""One object of an image, asked for by clicks or a box: what the click network says, as the answer of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import click
from napari_apprentice.engine.asking import predictor
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.gray import GraySlices
from napari_apprentice.engine.prompts import dialogue, volume
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.warm import Warm, frame_key
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Started
from napari_apprentice.jobs import Asked, AskingJob, ClickJob, ClickResult, PackedMask, Point

# IoU from which the answer of a model for all objects is taken: it is one object to both, and the model knows outlines
# of its domain better. Held out of train: nuclei in fluorescence .66 of first clicks right in place of .53, axons and
# phase contrast, of which the model knows nothing, as without it (docs/accuracy.md).
_AGREES = 0.5


def run(job: AskingJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """The object asked for; its mask is empty where nothing is. `UserError` for a model that cannot be asked."""
    warm = warm or Warm()
    network = warm.network(job.click_model, pick(job.settings.device))
    if network.header.kind != "prompts":
        raise UserError(f"{network.header.name} is not a model that is asked for single objects: choose another one.")
    yield Started(device=network.device.words)
    pixels, predict = scratch.read(job.image.pixels), predictor(network)
    t, z, *_ = _corners(job.asked)[0] if job.point is None else job.point
    gray = GraySlices(pixels[t], frame_key(job.image.pixels.path, t), warm)
    in_slice = job.one_slice or gray.shape[0] == 1
    found = (_in_slice if in_slice else _in_volume)(job, gray, (t, z), predict)
    is_first = job.point is not None and not job.asked.mask
    mask, is_unsure = found.mask, is_first and found.iou < dialogue.LEAST_IOU
    if is_first and job.rival is not None and mask:
        rival = _answer_of(job.rival, cancelled, warm)
        rival = rival.only_slice(z) if in_slice else rival
        if mask.iou(rival) >= _AGREES:
            mask, is_unsure = rival, False
    told = {"mask": mask, "is_unsure": is_unsure, "smoothing": found.smoothing}
    yield Finished(result=ClickResult(job=job.id, generation=job.generation, **told))


class _Found(NamedTuple):
    mask: PackedMask
    iou: float
    smoothing: float | None = None


def _answer_of(rival: ClickJob, cancelled: Callable[[], bool], warm: Warm) -> PackedMask:
    try:
        *_, last = click.run(rival, cancelled, warm)
    except UserError:  # such as a model whose file is damaged: nobody asked for it
        return PackedMask()
    return last.result.mask if isinstance(last, Finished) and isinstance(last.result, ClickResult) else PackedMask()


def _in_slice(job: AskingJob, gray: GraySlices, place: tuple[int, int], predict: dialogue.Predict) -> _Found:
    """The object in one slice, ``place`` (t, z); what there is of it in others stays."""
    t, z = place
    before, image = job.asked.mask, gray(z)
    asked = _asked_in_slice(job.asked, image.shape, z)
    if job.point is None:
        found = dialogue.draw_box(image, _edges(job.asked), predict)
    elif job.removes and asked.mask is None:
        return _Found(before, 0.0, job.asked.smoothing)  # there is nothing of it here
    else:
        at = (float(job.point[2]), float(job.point[3]))
        found = dialogue.click(image, asked, at, predict, remove=job.removes, width=job.width)
    if found.mask is None:
        return _Found(before, found.iou, job.asked.smoothing)
    mask = PackedMask.of(found.mask[None, None], (t, z, 0, 0))
    return _Found(before.with_slice(mask, z), found.iou, job.asked.smoothing)


def _asked_in_slice(asked: Asked, shape: tuple[int, ...], z: int) -> dialogue.Asked:
    """What was asked in one slice, with its part of the mask."""
    mask = None
    if asked.mask:
        _, deep, high, wide = asked.mask.slices
        if deep.start <= z < deep.stop:
            mask = np.zeros(shape, bool)
            mask[high, wide] = asked.mask.unpacked()[0, z - deep.start]
    box = _edges(asked) if asked.drawn is not None and asked.drawn[0][1] == z else None
    add, remove = (
        tuple((float(y), float(x)) for _, at, y, x in points if at == z) for points in (asked.add, asked.remove)
    )
    return dialogue.Asked(add, remove, box, mask)


def _in_volume(job: AskingJob, gray: GraySlices, place: tuple[int, int], predict: dialogue.Predict) -> _Found:
    """The object through all slices, asked for in the one at ``place`` (t, z)."""
    t, z = place
    seen = Volume((gray.shape[0], gray.shape[1], gray.shape[2]), job.image.spacing, gray.box)
    asked = job.asked
    if job.point is None:
        found = volume.draw_box(seen, z, _edges(asked), predict, smoothing=asked.smoothing)
    else:
        before = volume.AskedVolume(
            tuple(_voxel(at) for at in asked.add),
            tuple(_voxel(at) for at in asked.remove),
            None if asked.drawn is None else (asked.drawn[0][1], _edges(asked)),
            *_piece(asked.mask),
            smoothing=asked.smoothing,
        )
        found = volume.click(seen, before, _voxel(job.point), predict, remove=job.removes)
    mask = PackedMask() if found.mask is None else PackedMask.of(found.mask[None], (t, *found.corner))
    return _Found(mask, found.iou, found.smoothing)


def _piece(mask: PackedMask) -> tuple[tuple[int, int, int], NDArray[np.bool_] | None]:
    """A mask (Z, Y, X) with its first voxel."""
    if not mask:
        return (0, 0, 0), None
    _, z, y, x = mask.slices
    return (z.start, y.start, x.start), mask.unpacked()[0]


def _corners(asked: Asked) -> tuple[Point, Point]:
    """Two corners of the box that was drawn, both inside it."""
    if asked.drawn is None:
        raise ValueError("nothing was asked: neither a click nor a box")
    return asked.drawn


def _edges(asked: Asked) -> tuple[float, float, float, float]:
    """Top, left, bottom and right of the box that was drawn."""
    (_, _, y, x), (_, _, v, u) = _corners(asked)
    return float(min(y, v)), float(min(x, u)), float(max(y, v) + 1), float(max(x, u) + 1)


def _voxel(point: Point) -> tuple[float, float, float]:
    _, z, y, x = point
    return float(z), float(y), float(x)
