"""The objects of labels that memory cannot hold, some at a time, each of them whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.exports.export import MANY, ExportRequest
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import rank_ids
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

_WINDOW = {2: (1, 1024, 1024), 3: (32, 256, 256)}
_BYTES = 50  # for each voxel of the box around an object, while it is measured
_LOOKING = 0.3  # of the work: finding out where objects lie


@dataclass(frozen=True)
class _Boxes:
    """Where objects lie: ``ids`` (n,) sorted, ``first`` and ``end`` (n, 3)."""

    ids: NDArray[np.uint32]
    first: NDArray[np.int64]
    end: NDArray[np.int64]

    def among(self, chosen: NDArray[Any]) -> _Boxes:
        return _Boxes(self.ids[chosen], self.first[chosen], self.end[chosen])


def some_at_a_time(
    labels: Any, image: Volume, confirmed: Any = None, *, seen: bool
) -> Iterator[tuple[float, ExportRequest | None]]:
    """Objects of ``labels``, a chunked array (T, Z, Y, X), with the share that is done; None while it only looks.

    ``confirmed`` is another one, of what was confirmed by hand (None: not known). The first part has no object.
    `UserError` for an object that is too large by itself.
    """
    frames, *shape = labels.shape
    window = _window(labels)
    z, y, x = (range(0, n, side) for n, side in zip(shape, window, strict=True))
    corners = list(itertools.product(z, y, x))
    nothing = np.zeros((1, 1, 1, 1), np.uint32)
    sure = None if confirmed is None else nothing.astype(np.uint8)
    yield 0.0, ExportRequest(nothing, image, seen=seen, confirmed=sure)
    for t in range(frames):
        found = []
        for n, corner in enumerate(corners, 1):
            found.append(_boxes(labels, t, corner, window))
            yield (t + _LOOKING * n / len(corners)) / frames, None
        boxes = _merged(found)
        groups = _by_window(boxes, window)
        for n, group in enumerate(groups, 1):
            for some in _together(boxes.among(group), window):
                share = (t + _LOOKING + (1 - _LOOKING) * n / len(groups)) / frames
                yield share, _read(labels, confirmed, t, some, image, seen=seen)


def _window(labels: Any) -> Triple:
    """What is looked at in one go: about as large as `_WINDOW`, in whole chunks."""
    sides = zip(_WINDOW[3 if labels.shape[1] > 1 else 2], labels.chunks[1:], strict=True)
    z, y, x = (max(1, side // chunk) * chunk for side, chunk in sides)
    return z, y, x


def _boxes(labels: Any, t: int, corner: Triple, window: Triple) -> _Boxes:
    part = tuple(slice(start, start + side) for start, side in zip(corner, window, strict=True))
    names, ranks = rank_ids(np.asarray(labels[(t, *part)]), MANY)
    found = {int(names[rank]): box for rank, box in enumerate(ndimage.find_objects(ranks), 1) if box is not None}
    sides = np.array([[(s.start, s.stop) for s in box] for box in found.values()], np.int64).reshape(-1, 3, 2)
    return _Boxes(np.array(list(found), np.uint32), sides[..., 0] + corner, sides[..., 1] + corner)


def _merged(found: list[_Boxes]) -> _Boxes:
    """The box of each object from those of its parts."""
    ids = np.concatenate([one.ids for one in found])
    order = np.argsort(ids, kind="stable")
    names, starts = np.unique(ids[order], return_index=True)
    if not len(names):
        return found[0]
    first = np.minimum.reduceat(np.concatenate([one.first for one in found])[order], starts)
    end = np.maximum.reduceat(np.concatenate([one.end for one in found])[order], starts)
    return _Boxes(names, first, end)


def _by_window(boxes: _Boxes, window: Triple) -> list[NDArray[np.int64]]:
    """Places of the objects whose boxes begin in the same window, window by window."""
    if not len(boxes.ids):
        return []
    _, group = np.unique(boxes.first // window, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group.ravel()[order])) + 1)


def _together(boxes: _Boxes, window: Triple) -> Iterator[_Boxes]:
    """Those of a window that are not larger than one at once, each of the others by itself."""
    small = np.all(boxes.end - boxes.first <= window, axis=1)
    if small.any():
        yield boxes.among(np.flatnonzero(small))
    for one in np.flatnonzero(~small):
        if math.prod((boxes.end[one] - boxes.first[one]).tolist()) * _BYTES > psutil.virtual_memory().available:
            raise UserError(
                f"Object {boxes.ids[one]} is too large to be measured: erase it or split it, or export OME-TIFF or "
                "OME-Zarr."
            )
        yield boxes.among(np.array([one]))


def _read(labels: Any, confirmed: Any, t: int, boxes: _Boxes, image: Volume, *, seen: bool) -> ExportRequest:
    """The box around some objects, with nothing else in it."""
    near, far = boxes.first.min(0).tolist(), boxes.end.max(0).tolist()
    part = (t, *(slice(a, b) for a, b in zip(near, far, strict=True)))
    values = np.asarray(labels[part])
    sure = None if confirmed is None else np.asarray(confirmed[part])[None]
    names, ranks = rank_ids(values, MANY)
    own = np.where(np.isin(names, boxes.ids), names, np.uint32(0))[ranks]
    return ExportRequest(own[None], image, seen=seen, corner=(t, near[0], near[1], near[2]), confirmed=sure)
