"""How doubtful each proposed object is, from what the network said beside what was decided.

A proposal is a decision, and what the network says tells how narrow it was:

- ``unsure``: how far its probability of foreground is from yes and no, within the object (mean of 4 p (1 - p));
- ``mismatch``: how far the distance to the outline that it predicts is from the distance to the outline it got. An
  object that holds two, or half of one, has another distance than the network saw;
- ``joint``: how nearly it was joined with a neighbour: 1 where the lower of both peaks rises just by the prominence
  above the saddle between them, and less by a factor of e for each prominence more;
- ``unusual``: how far its size is from the median, as a logarithm;
- ``peaks``: how far the second peak of the predicted distance in it rises above the pass to the first, in prominences.
  It counts from 1 on, where the network itself would have made two of it.

Weights of a logistic regression on whether an object is right (IoU .50 with the truth), fitted on images of nuclei in
fluorescence and stained tissue and of cells in phase contrast, and rounded. How well each of them and all of them rank
wrong objects is measured by ``apprentice bench doubt`` (docs/review.md), where two others were left out because they
added nothing: ``peaks`` below 1, and how much an object shrinks at a higher probability. What ``peaks`` count was set
by hand, for no proposal of the network's own has them.

How likely it is right to join an object with its neighbour, to cut it or to delete it are three more regressions of
the same kind, on what comes of doing so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.geometry.basins import SecondPeaks, second_peaks
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.instances import finite
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.settings import DecodeSettings

Values = NDArray[np.floating]
_PER_OBJECT = NDArray[np.float64]

_BIAS, _UNSURE, _MISMATCH, _JOINT, _UNUSUAL = -5.8, 5.0, 5.0, 2.5, 1.0
_TWO = 3.0  # of a second peak that the network would part
_JOIN_BIAS, _JOIN_JOINT, _JOIN_SIZE = -2.3, 2.6, -0.9  # sizes are logarithms of how many times the median
_CUT_BIAS, _CUT_PEAKS, _CUT_TWO, _CUT_SIZE = -2.8, 1.8, 3.0, 0.6
_DELETE_BIAS, _DELETE_FAINT, _DELETE_SIZE = -5.0, 14.0, -0.5
_LEAST_PART = 0.1  # of an object: what is smaller is not cut off
_MISSED_BIAS, _MISSED_PEAK, _MISSED_SIZE = -1.5, 2.0, 0.4  # the same of places without an object
_ALMOST = 0.3  # of the probability that makes foreground: so much is nearly an object
_LEAST_VOXELS = 4  # of such a place
_LEAST_DOUBT = 0.1  # of such a place: what is fainter is not kept
_MOST_MISMATCH, _MOST_UNUSUAL = 3.0, 3.0
_UNKNOWN_REACH = 16  # of a place, where there are no objects to compare with
_MOST_LOGARITHM = 12.0  # of a distance


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks against each object; arrays (n,) in the order of ``ids``. ``points`` (n, 3) lie deep inside.

    ``faint`` is how far its mean probability is from 1, ``partner`` the row of the neighbour that it is most nearly
    one with, -1 where it has none, and ``second`` where its peaks are.
    """

    ids: NDArray[np.int64]
    points: NDArray[np.int64]
    size: _PER_OBJECT
    unsure: _PER_OBJECT
    mismatch: _PER_OBJECT
    joint: _PER_OBJECT
    unusual: _PER_OBJECT
    peaks: _PER_OBJECT
    faint: _PER_OBJECT
    partner: NDArray[np.int64]
    second: SecondPeaks

    @property
    def doubt(self) -> _PER_OBJECT:
        """How likely each is wrong."""
        against = _UNSURE * self.unsure + _MISMATCH * self.mismatch + _JOINT * self.joint + _UNUSUAL * self.unusual
        return _logistic(_BIAS + against + _TWO * (self.peaks >= 1))

    def mends(self) -> Mends:
        """How each may be mended, in frame 0."""
        if not len(self.ids):
            return Mends.nothing(0)
        wide = np.log(self.size / np.median(self.size))
        has_partner, has_peaks = self.partner >= 0, self.peaks > 0
        both = np.log((self.size + self.size[self.partner]) / np.median(self.size))
        join = _logistic(_JOIN_BIAS + _JOIN_JOINT * self.joint + _JOIN_SIZE * both)
        peaks = _CUT_PEAKS * np.minimum(self.peaks, 1) + _CUT_TWO * (self.peaks >= 1)
        cut = _logistic(_CUT_BIAS + peaks + _CUT_SIZE * wide)
        delete = _logistic(_DELETE_BIAS + _DELETE_FAINT * self.faint + _DELETE_SIZE * wide)
        known = Mends.nothing(len(self.ids))
        known.joins[has_partner] = _at_first_frame(self.points[self.partner[has_partner]])
        known.cuts[has_peaks] = _at_first_frame(np.stack([self.second.first, self.second.second], axis=1)[has_peaks])
        return Mends(known.joins, known.cuts, np.stack([join * has_partner, cut * has_peaks, delete], axis=1))


def evidence_of(
    probability: Values, distance: Values | None, labels: NDArray[np.uint32], settings: DecodeSettings
) -> Evidence:
    """The evidence against the objects of ``labels`` (Z, Y, X).

    ``probability`` of foreground and ``distance``, the logarithm of that to the own outline in the plane, are of the
    same shape; without a distance mismatch, joint and peaks are 0.
    """
    at = np.flatnonzero(labels)
    names = labels.reshape(-1)[at]
    count = int(names.max(initial=0)) + 1
    size = np.bincount(names, minlength=count).astype(float)
    ids = np.flatnonzero(size)
    size = size[ids]
    if not len(ids):
        nothing, nowhere = np.zeros(0), np.zeros((0, 3), np.int64)
        one, none = SecondPeaks(nothing, nowhere, nowhere), np.zeros(0, np.int64)
        return Evidence(ids, nowhere, nothing, nothing, nothing, nothing, nothing, nothing, nothing, none, one)

    def mean(values: Values) -> _PER_OBJECT:
        found: _PER_OBJECT = np.bincount(names, values, count)[ids] / size
        return found

    own = np.stack([finite(edt.edt(np.ascontiguousarray(plane, np.uint32), parallel=1)) for plane in labels])
    depth = own.reshape(-1)[at]
    p = np.asarray(probability.reshape(-1)[at], np.float32)
    mismatch, joint, partner = np.zeros(len(ids)), np.zeros(len(ids)), np.full(len(ids), -1)
    second = SecondPeaks(np.zeros(len(ids)), *np.zeros((2, len(ids), 3), np.int64))
    if distance is not None:
        height = np.asarray(distance, np.float32)
        inside = height.reshape(-1)[at]
        predicted = np.expm1(np.minimum(inside, _MOST_LOGARITHM))
        mismatch = np.minimum(mean(np.abs(predicted - depth)) / np.maximum(mean(depth), 0.5), _MOST_MISMATCH)
        joint, partner = _joint(height, _tops(inside, names, count), labels, ids, settings.prominence)
        second = second_peaks(height, labels, ids, _LEAST_PART)
    unusual = np.minimum(np.abs(np.log(size / np.median(size))), _MOST_UNUSUAL)
    points = _highest(depth, names, at, _tops(depth, names, count), labels.shape)[ids]
    peaks, unsure, faint = second.rise / max(settings.prominence, 1e-6), mean(4 * p * (1 - p)), 1 - mean(p)
    return Evidence(ids, points, size, unsure, mismatch, joint, unusual, peaks, faint, partner, second)


def doubts_in(
    probability: Values, distance: Values | None, labels: NDArray[np.uint32], settings: DecodeSettings
) -> Doubts:
    """Objects of one frame (Z, Y, X) and places where nearly one was, as of frame 0; parameters as `evidence_of`."""
    against = evidence_of(probability, distance, labels, settings)
    places = ndimage.find_objects(labels.view(np.int32))
    boxes = np.array([_edges(places[i - 1]) for i in against.ids.tolist()], np.int64).reshape(-1, 3, 2)
    objects = replace(_in_frame(against.points, boxes, against.doubt, missed=False), mends=against.mends())
    typical = _Typical(float(max(settings.min_size, _LEAST_VOXELS)), np.full(3, _UNKNOWN_REACH))
    if len(against.ids):
        typical = _Typical(
            float(np.median(against.size)), np.median(np.diff(boxes, axis=2)[..., 0], axis=0).astype(int)
        )
    return Doubts.together([objects, _near_misses(probability, labels, settings, typical)])


@dataclass(frozen=True, eq=False)
class _Typical:
    """An object of median size: its voxels, and how far (z, y, x) it may reach from a voxel of it."""

    voxels: float
    reach: NDArray[np.int64]


def _near_misses(
    probability: Values, labels: NDArray[np.uint32], settings: DecodeSettings, typical: _Typical
) -> Doubts:
    """Connected places that are nearly foreground, beside all objects and not just around them."""
    p = np.asarray(probability, np.float32)
    almost = p >= np.float32(_ALMOST * settings.foreground)
    free = labels == 0
    almost &= free
    for axis in range(3):
        before = tuple(slice(None, -1) if i == axis else slice(None) for i in range(3))
        after = tuple(slice(1, None) if i == axis else slice(None) for i in range(3))
        almost[before] &= free[after]
        almost[after] &= free[before]
    found, count = ndimage.label(almost)
    if count == 0:
        return Doubts.none()
    at = np.flatnonzero(almost)
    names, values = found.reshape(-1)[at], p.reshape(-1)[at]
    size, peak = np.bincount(names, minlength=count + 1).astype(float), _tops(values, names, count + 1)
    share = np.clip(size / typical.voxels, 1e-6, 1)  # what is larger than an object is haze in part
    doubt = _logistic(_MISSED_BIAS + _MISSED_PEAK * peak + _MISSED_SIZE * np.log(share))
    kept = np.flatnonzero((size >= _LEAST_VOXELS) & (doubt >= _LEAST_DOUBT))
    places = ndimage.find_objects(found)
    boxes = np.array([_edges(places[i - 1]) for i in kept.tolist()], np.int64).reshape(-1, 3, 2)
    points = _highest(values, names, at, peak, labels.shape)[kept]
    boxes[..., 0] = np.maximum(boxes[..., 0], points - typical.reach)
    boxes[..., 1] = np.minimum(boxes[..., 1], points + typical.reach + 1)
    return _in_frame(points, boxes, doubt[kept], missed=True)


def _joint(
    height: Values,
    top: NDArray[np.float32],
    labels: NDArray[np.uint32],
    ids: NDArray[np.int64],
    prominence: float,
) -> tuple[_PER_OBJECT, NDArray[np.int64]]:
    """How nearly each of ``ids`` was joined with a neighbour that it touches, and the row of that; 0 and -1 without."""
    count = len(top)
    keys, passes = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for axis in range(3):
        before = tuple(slice(None, -1) if i == axis else slice(None) for i in range(3))
        after = tuple(slice(1, None) if i == axis else slice(None) for i in range(3))
        one, two = labels[before], labels[after]
        touch = one != two
        first, second = one[touch].astype(np.int64), two[touch].astype(np.int64)
        both = (first > 0) & (second > 0)
        keys.append((np.minimum(first, second) * count + np.maximum(first, second))[both])
        passes.append(np.minimum(height[before][touch][both], height[after][touch][both]))
    pairs, number = np.unique(np.concatenate(keys), return_inverse=True)
    saddle = _tops(np.concatenate(passes), number, len(pairs))
    a, b = pairs // count, pairs % count
    rises = np.asarray((np.minimum(top[a], top[b]) - saddle) / max(prominence, 1e-6), float)
    ways = np.searchsorted(ids, np.c_[np.r_[a, b], np.r_[b, a]]).reshape(-1, 2)
    rises = np.r_[rises, rises]
    joint, partner = np.zeros(len(ids)), np.full(len(ids), -1)
    order = np.argsort(-rises, kind="stable")  # of several neighbours the last one counts, over the flattest pass
    partner[ways[order, 0]], joint[ways[order, 0]] = ways[order, 1], np.exp(-np.maximum(rises[order] - 1, 0))
    return joint, partner


def _tops(values: Values, names: NDArray[np.integer], count: int) -> NDArray[np.float32]:
    """The largest value of each name."""
    top = np.full(count, -np.inf, np.float32)
    np.maximum.at(top, names, values)
    return top


def _highest(
    values: Values, names: NDArray[np.integer], at: NDArray[np.int64], top: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """The first voxel (len(top), 3) of each name where it has its ``top`` value; voxels are ``at`` in flat arrays."""
    there = np.flatnonzero(values == top[names])
    found, first = np.unique(names[there], return_index=True)
    points = np.zeros((len(top), 3), np.int64)
    points[found] = np.stack(np.unravel_index(at[there[first]], shape), axis=1)
    return points


def _at_first_frame(voxels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Voxels (..., 3) as (0, z, y, x)."""
    return np.concatenate([np.zeros((*voxels.shape[:-1], 1), np.int64), voxels], axis=-1)


def _in_frame(points: NDArray[np.int64], boxes: NDArray[np.int64], doubt: _PER_OBJECT, *, missed: bool) -> Doubts:
    """Places (n, 3) of frame 0."""
    first = np.zeros((len(points), 1), np.int64)
    frame = np.broadcast_to(np.array([0, 1]), (len(points), 1, 2))
    return Doubts(
        np.concatenate([first, points], axis=1),
        np.concatenate([frame, boxes], axis=1),
        np.asarray(doubt, float),
        np.full(len(points), missed),
    )


def _edges(place: tuple[slice, ...]) -> list[tuple[int, int]]:
    return [(one.start, one.stop) for one in place]


def _logistic(value: _PER_OBJECT) -> _PER_OBJECT:
    found: _PER_OBJECT = 1 / (1 + np.exp(-np.asarray(value, float)))
    return found
