"""Foreground and, in it, the direction to the own centre on ways that stay inside; where all ways end are objects.

The idea is Cellpose's (Stringer et al., Nature Methods 2021): follow the flow, and group voxels by where they come to
rest. Here directions are those of geodesics, from one diffusion solved exactly (the heat method: Crane et al., ACM
TOG 2013), ways are followed by doubling, and the places where they end are told apart as basins of their density.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from apprentice_lab.representations.depth_and_centre import centres
from napari_apprentice.data.geometry.basins import basins
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask, rank_ids, whole_objects
from napari_apprentice.data.representations.instances import FOREGROUND, InstanceRepresentation, encode_foreground
from napari_apprentice.data.representations.patch import Patch, encoded_again
from napari_apprentice.data.representations.representation import EVEN, Channel, Spacing, Values
from napari_apprentice.settings import DecodeSettings

_TIME = 2.0  # of diffusion, in squared voxels: short, so that heat falls with distance
_DOUBLINGS = 8  # 256 steps of one voxel
_SPREAD = 1.0  # voxels by which ends are smeared
_FEWEST = 0.5  # voxels that must end about a place


@dataclass(frozen=True)
class Flows(InstanceRepresentation):
    """Foreground and a unit vector along y, x (2D) or z, y, x (3D), 0 at the centre.

    How far, as a logarithm, the density of ends rises above the pass to the next is fitted.
    """

    dims: Literal[2, 3] = 2
    name = "flows"
    choices = {"foreground": FOREGROUND, "prominence": (0.1, 0.3, 0.7, 1.2, 2.0)}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Foreground and the vector."""
        return Channel("foreground"), *(Channel(f"along {axis}", "number", None) for axis in "zyx"[3 - self.dims :])

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight: vectors are known in whole objects only; in background there is no way to go."""
        target, weight = encode_foreground(labels, confirmed, len(self.channels))
        here = whole_objects(labels, confirmed)
        here = here if whole is None else here & whole
        weight[1:] = here
        if here.any():
            ids = np.where(here, rank_ids(labels)[1], 0).astype(np.int64)
            target[1:] = directions(ids, spacing)[3 - self.dims :]
        return target, weight

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """Basins of the density of ends that rise by ``prominence``; a voxel is what its way ends in."""
        ends = follow_flow(np.asarray(values[1:], np.float32), inside, spacing)
        votes = np.bincount(np.ravel_multi_index(tuple(ends), inside.shape), minlength=inside.size)
        spread = [_SPREAD if n > 1 else 0.0 for n in inside.shape]
        density = ndimage.gaussian_filter(votes.reshape(inside.shape).astype(np.float32), spread, truncate=2.5)
        ended = votes.reshape(inside.shape) > 0
        found = basins(np.log1p(density), (density >= _FEWEST) | ended, settings.prominence)
        labels = np.zeros(inside.shape, np.int32)
        labels[inside] = found[tuple(ends)]
        return labels

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """Vectors turn, and are not known beyond the image; in a patch that was bent they are encoded again."""
        if patch.bent:
            return encoded_again(self, patch)
        target = np.concatenate([patch.target[:1], turn_vectors(patch.target[1:], patch)])
        weight = np.concatenate([patch.weight[:1], patch.weight[1:] * within_patch(patch)])
        return target, weight


def directions(ids: np.ndarray, spacing: Spacing = EVEN) -> np.ndarray:
    """Unit vectors (3, Z, Y, X) float32 along which heat from the own centre rises fastest; ids (Z, Y, X), 0 outside.

    Heat does not leave an object, so its gradient runs around corners and through bends to the centre.
    """
    number = np.full(ids.shape, -1, np.int64)
    number[ids > 0] = np.arange(np.count_nonzero(ids))
    pairs = [_neighbours(ids, number, axis) for axis in range(3)]
    count = int(number.max()) + 1
    step = [_TIME * (min(spacing) / width) ** 2 for width in spacing]
    rows = np.concatenate([np.concatenate([a, b]) for a, b in pairs])
    columns = np.concatenate([np.concatenate([b, a]) for a, b in pairs])
    flow = np.concatenate([np.full(2 * len(a), value) for (a, _), value in zip(pairs, step, strict=True)])
    stay = 1.0 + np.bincount(rows, flow, minlength=count)
    matrix = sparse.diags(stay) - sparse.coo_matrix((flow, (rows, columns)), (count, count))
    source = np.zeros(count)
    middle = centres(ids)[np.unique(ids[ids > 0])]
    source[number[tuple(middle.T)]] = 1.0
    heat = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(source)
    level = np.log(np.maximum(heat, 1e-300))
    slope = np.stack([_slope(level, a, b, count) / width for (a, b), width in zip(pairs, spacing, strict=True)])
    slope[:, number[tuple(middle.T)]] = 0.0
    out = np.zeros((3, *ids.shape), np.float32)
    out[:, ids > 0] = slope / np.maximum(np.linalg.norm(slope, axis=0), 1e-9)
    return out


def follow_flow(flow: np.ndarray, inside: np.ndarray, spacing: Spacing = EVEN) -> np.ndarray:
    """Where the way of each voxel `inside` ends, (3, n), after many steps of at most one voxel along `flow`.

    Each round doubles the way: it goes on as it does for the voxel that was reached. No way leaves the foreground.
    """
    vector = flow[:, inside]
    vector = vector / np.maximum(1.0, np.linalg.norm(vector, axis=0))
    move = np.zeros((3, vector.shape[1]), np.float32)
    move[3 - len(flow) :] = vector * voxel_of(spacing)[3 - len(flow) :]
    start = np.stack(np.nonzero(inside)).astype(np.float32)
    number = np.full(inside.shape, -1, np.int64)
    number[inside] = np.arange(start.shape[1])
    last = np.array(inside.shape)[:, None] - 1

    def at(way: np.ndarray) -> np.ndarray:
        reached = np.clip(np.rint(start + way), 0, last).astype(np.int64)
        return np.asarray(number[tuple(reached)])

    there = at(move)
    for axis in range(3):  # along an outline, rather than out of it
        straight = np.where(np.arange(3)[:, None] == axis, np.sign(move) * voxel_of(spacing), 0.0).astype(np.float32)
        slide = (there < 0) & (np.abs(move).argmax(axis=0) == axis)
        move[:, slide] = straight[:, slide]
    there = at(move)
    move[:, there < 0] = 0.0
    there = at(move)
    for _ in range(_DOUBLINGS):
        further = move + move[:, there]
        beyond = at(further)
        out = beyond < 0  # by rounding: to the middle of the voxel that the second half of the way ends in
        beyond[out] = there[there[out]]
        further[:, out] = start[:, beyond[out]] - start[:, out]
        move, there = further, beyond
    return np.asarray(np.clip(np.rint(start + move), 0, last), np.int64)


def voxel_of(spacing: Spacing) -> np.ndarray:
    """How many voxels (3, 1) along each axis a step of the smallest spacing goes."""
    return np.array([[min(spacing) / width] for width in spacing], np.float32)


def _neighbours(ids: np.ndarray, number: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of voxels of one object that follow each other along an axis."""
    low = tuple(slice(None, -1) if i == axis else slice(None) for i in range(3))
    high = tuple(slice(1, None) if i == axis else slice(None) for i in range(3))
    same = (ids[low] == ids[high]) & (ids[low] > 0)
    return number[low][same], number[high][same]


def _slope(level: np.ndarray, low: np.ndarray, high: np.ndarray, count: int) -> np.ndarray:
    """The mean of the differences to the neighbours of the own object along an axis."""
    rise = level[high] - level[low]
    total = np.bincount(low, rise, minlength=count) + np.bincount(high, rise, minlength=count)
    many = np.bincount(low, minlength=count) + np.bincount(high, minlength=count)
    return np.asarray(total / np.maximum(many, 1))


def turn_vectors(vectors: np.ndarray, patch: Patch) -> np.ndarray:
    """Unit vectors (y, x) or (z, y, x) of image positions as directions in the patch."""
    flat = np.linalg.inv(np.array(patch.matrix, np.float32))  # patch (x, y) from image (x, y)
    y, x = vectors[-2], vectors[-1]
    x, y = flat[0, 0] * x + flat[0, 1] * y, flat[1, 0] * x + flat[1, 1] * y
    before, after = (np.maximum(np.hypot(*pair), 1e-6) for pair in ((vectors[-2], vectors[-1]), (x, y)))
    keep = before / after
    ahead = [] if len(vectors) == 2 else [-vectors[0] if patch.flip_z else vectors[0]]
    return np.stack([*ahead, y * keep, x * keep])


def within_patch(patch: Patch) -> np.ndarray:
    """Which pixels (y, x) of a patch look at the image itself, and not at its mirror."""
    y, x = (np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in patch.target.shape[2:])
    (a, b), (c, d) = patch.matrix
    at_x = a * x[None] + b * y[:, None] + patch.centre[1]
    at_y = c * x[None] + d * y[:, None] + patch.centre[0]
    inside = (at_x > -0.5) & (at_x < patch.plane[1] - 0.5) & (at_y > -0.5) & (at_y < patch.plane[0] - 0.5)
    return np.asarray(inside)
