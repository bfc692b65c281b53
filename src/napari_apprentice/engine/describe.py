"""*Describe*: features of a network and of filters, averaged within each object, part of a slice by part.

::

    slice -- part by part --> features (`features.maps`) --> at some voxels of each object --> mean and deviation
          -- whole ---------> size, shape, intensities (`data.objects.measures`)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import expand_labels

from napari_apprentice.data.image.zoom import median_diameter
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.objects.measures import SHAPES, Measuring
from napari_apprentice.data.objects.table import keys_of
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.features.learned_values import parts_of
from napari_apprentice.engine.features.maps import Box
from napari_apprentice.engine.live.sight import Plane, Sight, open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Progress, Started
from napari_apprentice.jobs import DescribeJob, DescribeResult

_SECTIONS = 5  # slices of an object that are looked at
_POINTS = 48  # voxels of an object in a slice at which features are read, and as many around it
_AROUND = 0.25  # of the usual diameter

Spacing = tuple[float, float, float]


def run(job: DescribeJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write numbers (n, F) of the objects asked for to ``job.out``; what is not there has NaN."""
    began = time.monotonic()
    labels, wanted = scratch.read(job.labels), np.asarray(scratch.read(job.objects))
    diameter = _usual_diameter(labels)
    sight = open_sight(job, cancelled, warm or Warm(), diameter)
    yield Started(device=sight.network.device.words)
    looking = _Looking(sight, job.image.spacing, max(2.0, _AROUND * (diameter or 0.0)), wanted)
    for t in np.unique(wanted[:, 0]).tolist():
        yield from looking.at(t, np.asarray(labels[t]))
    out = scratch.write(job.out.path, looking.found())
    seconds = time.monotonic() - began
    yield Finished(result=DescribeResult(job=job.id, described=out, own=looking.shapes.shape[1], seconds=seconds))


class _Looking:
    """Goes through frames and slices, and gathers what is seen of the objects that are ``wanted`` (n, 2)."""

    def __init__(self, sight: Sight, spacing: Spacing, width: float, wanted: NDArray[np.int64]) -> None:
        self._sight, self._spacing, self._width, self._wanted = sight, spacing, width, wanted
        self._channels = len(sight.colours_of((0, 0)))
        self._inside, self._around = _Pooled(keys_of(wanted)), _Pooled(keys_of(wanted))
        self.shapes = np.full((len(wanted), len(SHAPES) + 2 * self._channels), np.nan, np.float32)
        self._frames = len(np.unique(wanted[:, 0]))
        self._done = 0.0  # frames

    def at(self, t: int, frame: NDArray[Any]) -> Iterator[Event]:
        """A frame (Z, Y, X)."""
        here = np.flatnonzero(self._wanted[:, 0] == t)
        ids = self._wanted[here, 1]
        own = np.where(np.isin(frame, ids), frame, 0)
        sections = _sections(own)
        measuring = Measuring(own, self._spacing, self._channels)
        slices = np.flatnonzero(own.any(axis=(1, 2))).tolist()
        before = self._done
        for number, z in enumerate(slices, start=1):
            yield from self._patiently(partial(self._measure, measuring, (t, z)))
            for box in parts_of(frame.shape[1:]):
                part = (z, slice(*box[0]), slice(*box[1]))
                seen = np.where(np.isin(own[part], sections[z]), own[part], 0)
                if seen.any():
                    ring = np.where(frame[part] == 0, expand_labels(seen, self._width), 0)
                    yield from self._patiently(partial(self._look, (t, z), box, seen, ring))
            self._done = before + number / len(slices)
            yield self._progress()
        self._done = before + 1
        self.shapes[here] = measuring.values(ids)

    def found(self) -> NDArray[np.float32]:
        """Shapes, then features inside (mean, deviation) and around (mean), (n, F)."""
        inside, around = self._inside.values(), self._around.mean()
        none = np.isnan(around)
        around[none] = inside[:, : around.shape[1]][none]  # hemmed in by others
        return np.concatenate([self.shapes, inside, around], axis=1).astype(np.float32)

    def _measure(self, measuring: Measuring, plane: Plane) -> None:
        measuring.add(plane[1], self._sight.colours_of(plane))

    def _look(self, plane: Plane, box: Box, *places: NDArray[Any]) -> None:
        features = self._sight.look_unscaled(plane, box)
        corner = np.array([start for start, _ in box])
        for pooled, one in zip((self._inside, self._around), places, strict=True):
            points, own = _points(one)
            if len(points):
                pooled.add((plane[0] << 32) | own, np.asarray(features.rows(points + corner).numpy()))

    def _patiently(self, call: Callable[[], None]) -> Iterator[Event]:
        """A call on a thread beside, so that a cancel is heard."""
        return self._sight.warm.background.run(call, self._sight.cancelled, self._progress())

    def _progress(self) -> Progress:
        return Progress(done=round(1000 * self._done), total=1000 * self._frames, what="Looking at objects")


class _Pooled:
    """Sums of features of objects, from which mean and deviation follow."""

    def __init__(self, keys: NDArray[np.int64]) -> None:
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        self._count = np.zeros(len(keys))
        self._sums: NDArray[np.float64] | None = None  # (n, 2 F)

    def add(self, keys: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        """Features (m, F) at voxels of objects (m,), which come one object after the other."""
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        at = np.searchsorted(self._keys, keys[starts])
        both = np.concatenate([rows, rows.astype(np.float64) ** 2], axis=1)
        if self._sums is None:
            self._sums = np.zeros((len(self._keys), both.shape[1]))
        self._sums[at] += np.add.reduceat(both, starts, axis=0)
        self._count[at] += np.diff(np.r_[starts, len(keys)])

    def mean(self) -> NDArray[np.float32]:
        """The first half of `values`."""
        both = self.values()
        return both[:, : both.shape[1] // 2]

    def values(self) -> NDArray[np.float32]:
        """Mean and deviation of each feature, (n, 2 F) in the order in which objects were asked for."""
        if self._sums is None:
            return np.zeros((len(self._keys), 0), np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            both = self._sums / self._count[:, None]
        features = both.shape[1] // 2
        mean = both[:, :features]
        deviation = np.sqrt(np.maximum(both[:, features:] - mean**2, 0))
        found = np.empty(both.shape, np.float32)
        found[self._order] = np.concatenate([mean, deviation], axis=1)
        return found


def _usual_diameter(labels: NDArray[Any]) -> float | None:
    """How wide objects are, in the first frame with any."""
    frame = next((one for one in labels if one.any()), labels[0])
    return median_diameter(np.asarray(frame)[None], np.full((1, *frame.shape), AS_LABELLED, np.uint8))


def _sections(own: NDArray[Any]) -> dict[int, NDArray[np.int64]]:
    """By slice of a frame (Z, Y, X), the objects that are looked at there: each in some, evenly through its depth."""
    there: dict[int, list[int]] = {}
    for z, plane in enumerate(own):
        for one in np.unique(plane[plane > 0]).tolist():
            there.setdefault(one, []).append(z)
    found: dict[int, list[int]] = {}
    for one, slices in there.items():
        for place in np.unique(np.linspace(0, len(slices) - 1, min(_SECTIONS, len(slices)) + 2).round()[1:-1]):
            found.setdefault(slices[int(place)], []).append(one)
    return {z: np.array(found.get(z, []), np.int64) for z in range(len(own))}


def _points(part: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places (m, 2) of some voxels of each object in ``part`` (Y, X), and whose they are (m,), ascending."""
    place = np.nonzero(part)
    own = part[place].astype(np.int64)
    order = np.argsort(own, kind="stable")
    own = own[order]
    _, starts, count = np.unique(own, return_index=True, return_counts=True)
    step = np.maximum(1, count // _POINTS)
    rank = np.arange(len(own)) - np.repeat(starts, count)
    some = rank % np.repeat(step, count) == 0
    return np.stack(place, axis=1)[order][some].astype(np.int64), own[some]
