"""Basins of a height map, and which of them belong together.

Every local maximum has a basin, the voxels that climb to it; neighbouring basins are joined while the lower of the two
peaks rises less than a prominence above the pass between them. This is topological persistence (Edelsbrunner et al.,
2002) on the watershed's adjacency graph, for 2D and 3D.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.geometry.ascent import AscentParts, climb
from napari_apprentice.data.geometry.blocks import Block, Size, blocks, each, widen

try:
    from bioimage_cpp.segmentation import watershed as _fast_watershed
except ImportError:  # no wheel for Linux on ARM
    _fast_watershed = None


@dataclass(frozen=True)
class Basins:
    """Parts of basins, so that objects can be chosen and numbered before any voxel is written."""

    part: np.ndarray  # (Z, Y, X) int32, 0 outside
    basin: np.ndarray  # of each part, from 1; entry 0 is 0
    size: np.ndarray  # voxels of each basin; entry 0 is 0

    def paint(self, values: np.ndarray) -> np.ndarray:
        """The value of each voxel's basin (Z, Y, X); the first value is for outside."""
        table = values[self.basin]
        out = np.empty(self.part.shape, values.dtype)

        def fill(box: Block) -> None:
            out[box] = table[self.part[box]]

        each(fill, blocks(out.shape))
        return out


def basins(height: np.ndarray, inside: np.ndarray, prominence: float) -> np.ndarray:
    """Split the voxels `inside` (Z, Y, X) into the basins of the peaks of `height`; labels 1..n as int32.

    A peak counts when it rises at least `prominence` above the pass to any higher one; voxels touch by faces, but
    what has a higher voxel across an edge or corner is no peak, unless no way leads on from there.
    """
    found = divide(height, inside, prominence)
    return found.paint(np.arange(len(found.size), dtype=np.int32))


def divide(height: np.ndarray, inside: np.ndarray, prominence: float, block: Size | None = None) -> Basins:
    """As `basins`, in the order of their peaks in the array, before they are painted."""
    height = np.ascontiguousarray(height, dtype=np.float32)
    parts = climb(height, inside, block)
    top = np.r_[np.float32(-np.inf), height.ravel()[parts.at]]
    least = np.r_[np.float32(0), np.where(_overtopped(height, inside, parts.at), np.inf, np.float32(prominence))]
    basin = _joined(top, least, *_passes(parts, height))[parts.peak]
    return Basins(parts.number, basin, np.bincount(basin, parts.size).astype(np.int64))


def flood(height: np.ndarray, marks: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Let marks (Z, Y, X) int32 grow downhill over the voxels `inside`; voxels touch by faces."""
    if _fast_watershed is not None:
        flat = height.shape[0] == 1
        picked = (a[0] if flat else a for a in (-height, marks, inside))
        image, markers, mask = (np.ascontiguousarray(a) for a in picked)
        flooded = _fast_watershed(image, markers, mask=mask)
        return np.asarray(flooded[None] if flat else flooded)
    from skimage.segmentation import watershed

    return np.asarray(watershed(-height, marks, mask=inside, connectivity=1), np.int32)


@dataclass(frozen=True, eq=False)
class SecondPeaks:
    """Of each object (n,), in ascending order of ids, how far its second peak rises above the pass to a higher one.

    ``first`` and ``second`` (n, 3) are voxels of the two peaks; where ``rise`` is 0 there is one peak only, and they
    say nothing.
    """

    rise: np.ndarray
    first: np.ndarray
    second: np.ndarray


def second_peaks(height: np.ndarray, labels: np.ndarray, ids: np.ndarray, least: float) -> SecondPeaks:
    """The peak within each object of ``labels`` (Z, Y, X) that counts most beside its highest one.

    Of two peaks that meet, the lower one counts as far as it rises above their pass, where what climbs to either is a
    share of ``least`` of the object. ``ids`` ascend.
    """
    inside = labels > 0
    for axis in range(3):  # what touches another object is left out on one side, so that no way leads there
        before = tuple(slice(None, -1) if i == axis else slice(None) for i in range(3))
        after = tuple(slice(1, None) if i == axis else slice(None) for i in range(3))
        inside[before] &= (labels[before] == labels[after]) | (labels[after] == 0)
    height = np.ascontiguousarray(height, dtype=np.float32)
    parts = climb(height, inside)
    a, b, level = _passes(parts, height)
    top = height.ravel()[parts.at]
    owner = np.searchsorted(ids, labels.ravel()[parts.at])
    sizes = np.bincount(parts.peak, parts.size, minlength=len(top) + 1)[1:]
    enough = least * np.bincount(owner, sizes, minlength=len(ids))
    rise, pair = _met(top, owner, sizes, enough, (a - 1, b - 1, level))
    where = np.zeros((len(ids), 2, 3), np.int64)
    found = rise > 0
    where[found] = np.stack(np.unravel_index(parts.at[pair[found]], height.shape), axis=-1)
    return SecondPeaks(rise, where[:, 0], where[:, 1])


def _met(
    top: np.ndarray,
    owner: np.ndarray,
    sizes: np.ndarray,
    enough: np.ndarray,
    passes: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Of each owner how far the peak rises that does so most, and the numbers of the higher peak and of that one."""
    parent, size, tops = list(range(len(top))), sizes.tolist(), top.tolist()
    rise, pair = np.zeros(len(enough)), np.zeros((len(enough), 2), np.int64)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    a, b, level = passes
    order = np.argsort(-level, kind="stable")
    for one, two, at in zip(a[order].tolist(), b[order].tolist(), level[order].tolist(), strict=True):
        low, high = sorted((root(one), root(two)), key=lambda i: (tops[i], -i))
        if low == high:
            continue
        mine = int(owner[low])
        if tops[low] - at > rise[mine] and min(size[low], size[high]) >= enough[mine]:
            rise[mine], pair[mine] = tops[low] - at, (high, low)
        parent[low] = high
        size[high] += size[low]
    return rise, pair


def _overtopped(height: np.ndarray, inside: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which voxels of the flat array have a higher one beside them, also across an edge or corner."""
    place = np.stack(np.unravel_index(at, height.shape))
    last = np.array(height.shape)[:, None] - 1
    found = np.zeros(len(at), bool)
    for step in itertools.product((-1, 0, 1), repeat=3):
        beside = tuple(np.clip(place + np.array(step)[:, None], 0, last))
        found |= inside[beside] & (height[beside] > height.ravel()[at])
    return found


def _joined(
    top: np.ndarray, least: np.ndarray, first: np.ndarray, second: np.ndarray, passes: np.ndarray
) -> np.ndarray:
    """The basin of each peak, from their heights, what they must rise at least, and passes between pairs of them."""
    tops, rises, parent = top.tolist(), least.tolist(), list(range(len(top)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    # From the highest pass down, so that every merge meets the final peaks of both sides.
    order = np.argsort(-passes, kind="stable")
    for a, b, level in zip(first[order].tolist(), second[order].tolist(), passes[order].tolist(), strict=True):
        low, high = sorted((root(a), root(b)), key=lambda i: (tops[i], -i))
        if tops[low] - level < rises[low] or tops[low] <= level:
            parent[low] = high
    ends = np.array([root(i) for i in parent])
    return np.asarray(np.cumsum(ends == np.arange(len(ends)))[ends] - 1)


def _passes(parts: AscentParts, height: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of peaks whose basins touch, and the height of the highest pass between them."""

    def among(box: Block) -> tuple[np.ndarray, np.ndarray]:
        wide = widen(box, (0, 0, 0), (1, 1, 1), height.shape)
        return _touching(np.ascontiguousarray(parts.number[wide]), np.ascontiguousarray(height[wide]), parts.peak)

    found = each(among, blocks(height.shape))
    key, value = _highest(*(np.concatenate(one) for one in zip(*found, strict=True)))
    return key // len(parts.peak), key % len(parts.peak), value


def _touching(number: np.ndarray, height: np.ndarray, peak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys of pairs of peaks whose parts touch in a block, and the highest pass."""
    flat, level = number.ravel(), height.ravel()
    keys, heights = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    step = 1
    for length in reversed(number.shape):
        at = np.flatnonzero(flat[:-step] != flat[step:]) if length > 1 else np.zeros(0, np.int64)
        at = at[(at // step) % length < length - 1]  # neighbours, not the end of one line and the start of the next
        a, b = peak[flat[at]].astype(np.int64), peak[flat[at + step]].astype(np.int64)
        apart = (a > 0) & (b > 0) & (a != b)
        a, b, at = a[apart], b[apart], at[apart]
        keys.append(np.minimum(a, b) * len(peak) + np.maximum(a, b))
        heights.append(np.minimum(level[at], level[at + step]))
        step *= length
    return _highest(np.concatenate(keys), np.concatenate(heights))


def _highest(key: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest value of each key."""
    if len(key) == 0:
        return key, value
    order = np.argsort(key, kind="stable")
    keys, start = np.unique(key[order], return_index=True)
    return keys, np.maximum.reduceat(value[order], start)
