"""Segmenting an image that memory cannot hold: predicted tile by tile, decoded block by block, numbered at the end.

::

    image --tiles--> prediction (zarr, float16) --blocks--> objects under their places --> ids 1, 2, 3, ...
          (`predict_tile`)                      (`decode_block`)                       (`renumber`)

Each step reads a part, writes a chunk of its own and may run anywhere, in any order, again after a crash. A block is
read with a margin wider than objects are: of an object that reaches over the edge of blocks each of them sees all, and
knows it by the place of its first voxel, so that nothing has to be agreed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.geometry.lattice import Lattice, Part
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.doubting import doubts_of
from napari_apprentice.engine.features.learned_values import LearnedSlices
from napari_apprentice.engine.large.spare import forward_sparing
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.predict import Prediction
from napari_apprentice.engine.resample import resize
from napari_apprentice.settings import Triple

Places = NDArray[np.uint64]
NO_PAIRS: Places = np.zeros((0, 2), np.uint64)
_NO_PLACES = np.zeros((0, 0, 0), np.uint64)
_NOTHING = (_NO_PLACES, _NO_PLACES, _NO_PLACES)


@dataclass(frozen=True)
class FoundObjects:
    """Which objects are in a block's own part, by their places, or which classes.

    ``cut`` are those of them that its margin cut, ``joined`` pairs (n, 2) of places that are one object.
    """

    there: Places
    cut: Places
    joined: Places = field(default_factory=lambda: NO_PAIRS)

    @classmethod
    def together(cls, found: Sequence[FoundObjects], joined: Sequence[Places] = ()) -> FoundObjects:
        """What is in several blocks, with more that are one."""
        there, cut = (np.unique(np.concatenate(one)) for one in zip(*((f.there, f.cut) for f in found), strict=True))
        return cls(there, cut, np.concatenate([*(one.joined for one in found), *joined]))


Beyond = tuple[Places, Places, Places]


@dataclass(frozen=True)
class Decoded:
    """A block's own part as places, or classes; and ``beyond``, how it sees the first voxels of what is next to it.

    ``beyond`` are layers one voxel thick at the far faces across z, y and x; where the image ends, and of classes, they
    have no voxels. ``doubts`` are the doubtful places whose point lies in the own part, as of the whole frame.
    """

    places: NDArray[Any]
    found: FoundObjects
    beyond: Beyond
    doubts: Doubts = field(default_factory=Doubts.none)


def predict_tile(network: Network, lattice: Lattice, pixels: Any, scaling: Scaling, tile: Part) -> NDArray[np.float16]:
    """What the network says of what a tile keeps, (K, z, y, x); ``pixels`` (C, Z, Y, X) are read as far as needed."""
    inputs = scaling.with_logarithm(_seen(lattice, pixels, scaling, tile, network.header.net.multiple))
    values = forward_sparing(network, inputs)
    return np.asarray(values[(slice(None), *tile.keep)], np.float16)


def learned_tile(
    zoom: float, network: Network, lattice: Lattice, pixels: Any, scaling: Scaling, tile: Part
) -> NDArray[np.float16]:
    """The same of a model that *Live* learned, whose network sees the image at ``zoom``: its tiles are of the image."""
    read = np.asarray(pixels[(slice(None), *lattice.in_image(tile.read))])
    slices = LearnedSlices(network, read, zoom, scaling)
    z, y, x = tile.keep
    box = (y.start, y.stop), (x.start, x.stop)
    return np.stack([slices.values(i, box) for i in range(z.start, z.stop)], axis=1).astype(np.float16)


def decode_block(
    network: Network,
    lattice: Lattice,
    values: NDArray[Any],
    block: Part,
    spacing: tuple[float, float, float],
    *,
    with_doubts: bool = False,
) -> Decoded:
    """The objects in a block's own part of the image, each as the place of its first voxel, counted from 1; or classes.

    ``values`` (K, z, y, x) is the prediction of all that the block reads. With ``with_doubts`` it also says which of
    the objects are doubtful.
    """
    region, own = lattice.in_image(block.read), lattice.in_image(block.put)
    shape = tuple(s.stop - s.start for s in region)
    values = _whole_pixels(lattice, values)
    size = (shape[0], *(n * lattice.down // lattice.up for n in values.shape[2:]))
    prediction = Prediction(values, size)
    whole = labels_of(prediction, network.header, spacing)
    labels = whole[:, : shape[1], : shape[2]]
    inner = _within(region, own)
    if network.header.kind == "classes":
        inside = labels[inner]
        known = np.array([one.value for one in network.header.classes], np.uint64)
        there = [bool((inside == value).any()) for value in known]
        return Decoded(inside, FoundObjects(known[there], np.zeros(0, np.uint64)), _NOTHING)
    names, first = np.unique(labels, return_index=True)
    table = np.zeros(int(names[-1]) + 1, np.uint64)
    table[names] = _places(first, region, lattice.shape)
    table[0] = 0
    inside = table[labels[inner]]
    cut = table[_at_edges(labels, region, lattice.shape)]
    known = np.unique(inside[inside > 0])
    beyond = [table[labels[_after(inner, axis)]] for axis in range(3)]
    doubts = _doubts(prediction, whole, network, region, own) if with_doubts else Doubts.none()
    return Decoded(inside, FoundObjects(known, np.intersect1d(known, cut)), (beyond[0], beyond[1], beyond[2]), doubts)


def _doubts(
    prediction: Prediction,
    labels: NDArray[np.uint32],
    network: Network,
    region: tuple[slice, ...],
    own: tuple[slice, ...],
) -> Doubts:
    """Doubtful places of a block in voxels of the frame; those around its own part are seen by other blocks."""
    found = doubts_of(prediction, labels, network.header).moved((0, *(one.start for one in region)))
    return found.only(found.inside((slice(0, 1), *own)))


def joins(one: Places, two: Places, cut: Places) -> Places:
    """Pairs (n, 2) of places that are one object, of which the margin of a block cut one.

    ``one`` and ``two`` are the same voxels as two blocks see them; they share most of the smaller one's.
    """
    both = (one > 0) & (two > 0) & (one != two)
    both[both] = np.isin(one[both], cut) | np.isin(two[both], cut)
    if not both.any():
        return NO_PAIRS
    pairs, shared = np.unique(np.stack([one[both], two[both]], 1), axis=0, return_counts=True)
    smaller = [min(np.count_nonzero(one == a), np.count_nonzero(two == b)) for a, b in pairs]
    return pairs[2 * shared > np.array(smaller)]


def numbers(places: Places, joined: Places) -> tuple[Places, NDArray[np.uint32]]:
    """Sorted places and the id of each, from 1 without gaps; those ``joined`` (n, 2) have the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    known = np.unique(np.concatenate([places, joined.ravel()]))  # one of a pair may be all beyond the face
    if not len(joined):
        return known, np.arange(1, len(known) + 1, dtype=np.uint32)
    rows, columns = np.searchsorted(known, joined[:, 0]), np.searchsorted(known, joined[:, 1])
    graph = coo_array((np.ones(len(joined), bool), (rows, columns)), shape=(len(known), len(known)))
    _, groups = connected_components(graph, directed=False)
    _, ids = np.unique(groups, return_inverse=True)
    return known, (ids + 1).astype(np.uint32)


def renumber(places: Places, known: Places, ids: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A block of places as ids; ValueError for a place that is not known."""
    labels = np.zeros(places.shape, np.uint32)
    there = places > 0
    index = np.searchsorted(known, places[there])
    if index.max(initial=-1) >= len(known) or not np.array_equal(known[index], places[there]):
        raise ValueError("a place has no id")
    labels[there] = ids[index]
    return labels


def _seen(lattice: Lattice, pixels: Any, scaling: Scaling, tile: Part, multiple: Triple) -> NDArray[np.float32]:
    """Linear inputs (C, z, y, x) of a tile at network resolution, mirrored at the end up to the pooling grid."""
    linear = scaling.linear_part(pixels, lattice.in_image(tile.read))
    plane = [-(-(s.stop - s.start) * lattice.down // lattice.up) for s in tile.read[1:]]
    linear = _mirrored(linear, (linear.shape[1], *plane))
    size = tuple(s.stop - s.start for s in tile.read)
    if lattice.up != lattice.down:
        linear = resize(torch.from_numpy(linear), (size[1], size[2])).numpy()
    return _mirrored(linear, tuple(-(-n // m) * m for n, m in zip(size, multiple, strict=True)))


def _mirrored(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values (C, z, y, x) mirrored at the far ends up to a shape (z, y, x)."""
    short = [(0, wanted - n) for wanted, n in zip(shape, values.shape[1:], strict=True)]
    return values if not any(more for _, more in short) else np.pad(values, [(0, 0), *short], mode="symmetric")


def _whole_pixels(lattice: Lattice, values: NDArray[Any]) -> NDArray[Any]:
    """A prediction (K, z, y, x) that ends within a pixel of the image, up to that pixel's end."""
    short = [(0, -n % lattice.up) for n in values.shape[2:]]
    return values if not any(more for _, more in short) else np.pad(values, [(0, 0), (0, 0), *short], mode="edge")


def _within(region: tuple[slice, ...], own: tuple[slice, ...]) -> tuple[slice, ...]:
    return tuple(slice(o.start - r.start, o.stop - r.start) for r, o in zip(region, own, strict=True))


def _places(first: NDArray[Any], region: tuple[slice, ...], shape: Triple) -> Places:
    """Voxels counted within a region, as they count in the whole image, from 1."""
    inside = np.unravel_index(first, tuple(s.stop - s.start for s in region))
    z, y, x = (axis.astype(np.uint64) + np.uint64(s.start) for axis, s in zip(inside, region, strict=True))
    return np.asarray((z * np.uint64(shape[1]) + y) * np.uint64(shape[2]) + x + np.uint64(1))


def _after(inner: tuple[slice, ...], axis: int) -> tuple[slice, ...]:
    """The layer that follows a part along an axis."""
    stop = inner[axis].stop
    return (*inner[:axis], slice(stop, stop + 1), *inner[axis + 1 :])


def _at_edges(labels: NDArray[Any], region: tuple[slice, ...], shape: Triple) -> NDArray[Any]:
    """The objects at the edges of a region that are not edges of the image."""
    found = [np.zeros(0, labels.dtype)]
    for axis, (part, size) in enumerate(zip(region, shape, strict=True)):
        if part.start > 0:
            found.append(np.unique(labels.take(0, axis)))
        if part.stop < size:
            found.append(np.unique(labels.take(-1, axis)))
    return np.unique(np.concatenate(found))
