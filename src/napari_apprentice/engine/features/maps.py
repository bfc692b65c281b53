"""Features of a part of a slice: maps of a network and of filters, brought to one range and kept in half precision."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.architecture.sizes import corner_of_map
from napari_apprentice.data.geometry.patches import round_up
from napari_apprentice.engine import filters
from napari_apprentice.engine.device import computes_float16, mixed_precision
from napari_apprentice.engine.features.grids import Grid, onto
from napari_apprentice.engine.field import Given, view_in, widen_view
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.learned import MOST_COLOURS, Ranges, levels
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling

Box = tuple[tuple[int, int], tuple[int, int]]  # (start, stop) for y and x, in pixels of the image

_SAMPLED = 4096  # pixels of a map that tell its range
_FARTHEST = 5.0  # of the usual deviations from the middle; beyond it all is the same
_LOUDNESS = 8.0  # how much a map with all its channels counts, however many there are
_AT_ONCE = 1 << 16  # pixels that are turned into single precision at the same time


@dataclass(frozen=True)
class Map:
    """Values (channels, y, x) in half precision, and where they lie."""

    values: torch.Tensor
    grid: Grid


@dataclass(frozen=True, eq=False)
class Features:
    """What is known of each pixel in ``box`` of a slice."""

    box: Box
    maps: tuple[Map, ...]

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return sum(one.values.nbytes for one in self.maps)

    def rows(self, points: NDArray[np.int64]) -> torch.Tensor:
        """Features (n, F) float32 of pixels (n, 2) of the image (y, x)."""
        found = []
        for one in self.maps:
            top, bottom, down = one.grid.weighted(0, points[:, 0].astype(np.float64))
            left, right, along = one.grid.weighted(1, points[:, 1].astype(np.float64))
            if not (down.any() or along.any()):  # on its pixels
                found.append(one.values[:, top, left].float())
                continue
            above = one.values[:, top, left].float() * (1 - along) + one.values[:, top, right].float() * along
            below = one.values[:, bottom, left].float() * (1 - along) + one.values[:, bottom, right].float() * along
            found.append(above * (1 - down) + below * down)
        return torch.cat(found).T.contiguous()

    def scores(self, weights: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Of each pixel in the box, (K, y, x) float32: features times ``weights`` (F, K), and ``bias`` (K)."""
        parts: dict[Grid, torch.Tensor] = {}
        first = 0
        for one in self.maps:
            channels = len(one.values)
            found = _product(one.values, weights[first : first + channels])
            first += channels
            parts[one.grid] = parts[one.grid] + found if one.grid in parts else found
        total, own = None, None
        for grid in sorted(parts, key=lambda grid: -grid.step[0]):
            total = parts[grid] if total is None or own is None else onto(total, own, grid) + parts[grid]
            own = grid
        if total is None or own is None:
            raise ValueError("there are no maps")
        return onto(total, own, grid_of(self.box)) + bias[:, None, None]


def grid_of(box: Box) -> Grid:
    """The pixels of the image in a box."""
    (top, bottom), (left, right) = box
    return Grid((bottom - top, right - left), (float(top), float(left)), (1.0, 1.0))


def look(
    network: Network, inputs: NetworkInputs, image: NDArray[np.float32], box: Box, ranges: Ranges | None
) -> tuple[Features, Ranges]:
    """Features of a part of a slice, and the ranges they were brought to.

    Parameters
    ----------
    inputs
        What the network sees of the slice, (1, Y', X') in its own resolution.
    image
        The slice (C, Y, X), each channel from about 0 to 1, for the filters.
    ranges
        As of another part of the image, so that one head fits both; None: as they are here.
    """
    seen = _seen(network, inputs, image, box)
    if ranges is None:
        ranges = _ranges([values for maps in seen for values, _ in maps])
    first, maps = 0, []
    for values, grid in itertools.chain(*seen):
        even = []
        for one in values:
            own = slice(first, first + len(one))
            middle, width = ranges.middle[own, None, None], ranges.width[own, None, None]
            first = own.stop
            even.append(((one.float() - middle) / width).clamp_(-_FARTHEST, _FARTHEST))
            even[-1] *= _LOUDNESS / math.sqrt(len(one))
        maps.append(Map(torch.cat(even).half(), grid))
    return Features(box, tuple(maps)), ranges


def look_unscaled(network: Network, inputs: NetworkInputs, image: NDArray[np.float32], box: Box) -> Features:
    """As `look`, but in the values that maps have, which mean the same in every image."""
    maps = [
        Map(torch.cat(values).half(), grid) for values, grid in itertools.chain(*_seen(network, inputs, image, box))
    ]
    return Features(box, tuple(maps))


def _seen(
    network: Network, inputs: NetworkInputs, image: NDArray[np.float32], box: Box
) -> list[list[tuple[list[torch.Tensor], Grid]]]:
    """Maps of the network and of filters, each by their grid."""
    shape = (image.shape[1], image.shape[2])
    # of both apart: whether a filter lies on the grid of a map must not decide which feature is which
    return [_together(_of_network(network, inputs, shape, box)), _together(_of_filters(image, box))]


def _of_network(
    network: Network, inputs: NetworkInputs, shape: tuple[int, int], box: Box
) -> list[tuple[torch.Tensor, Grid]]:
    net = network.header.net
    view = view_in(net, ((0, 1), *box), (1, *shape), inputs.shape)
    given = widen_view(net, view, inputs.shape)
    names = levels(net)
    values = inputs.read(given.read, given.shape)
    short = net.in_channels - len(values)  # a network that is asked: nothing was clicked
    if short > 0:
        values = np.concatenate([values, np.zeros((short, *values.shape[1:]), np.float32)])
    x = torch.from_numpy(values[None]).to(network.device.torch)
    with torch.inference_mode(), mixed_precision(network.device):
        maps = cast(Net, network.net).feature_maps(x, names)
    ratio = tuple(n / m for n, m in zip(shape, inputs.shape[1:], strict=True))
    places = {one.name: one.level for one in net.maps}
    found = [_cropped(torch.from_numpy(values[:, 0]), given, view[1:], (0, 0), (1, 1), ratio, net.multiple[1:])]
    for name in names:
        one = maps[name][0, :, 0].cpu()
        level = places[name]
        corner = corner_of_map(net, level, given.shape, (1, one.shape[1], one.shape[2]))[1:]
        found.append(_cropped(one, given, view[1:], corner, net.strides[level][1:], ratio, net.multiple[1:]))
    return found


def _cropped(
    values: torch.Tensor,
    given: Given,
    view: Sequence[slice],
    corner: Sequence[float],
    stride: Sequence[int],
    ratio: Sequence[float],
    multiple: Sequence[int],
) -> tuple[torch.Tensor, Grid]:
    """A map without what lies far outside the view, on whole pixels of the coarsest map."""
    kept, origin = [], []
    for axis in (0, 1):
        begin = given.read[1 + axis].start
        first, last = 0, values.shape[1 + axis]
        if corner[axis] == 0:
            n = multiple[axis]
            first = (view[axis].start - begin) // n * n // stride[axis]
            last = min(last, round_up(view[axis].stop - begin, n) // stride[axis])
        kept.append(slice(first, last))
        origin.append((begin + corner[axis] + (first + 0.5) * stride[axis]) * ratio[axis] - 0.5)
    values = values[:, kept[0], kept[1]]
    step = (stride[0] * ratio[0], stride[1] * ratio[1])
    return values, Grid((values.shape[1], values.shape[2]), (origin[0], origin[1]), step)


def _of_filters(image: NDArray[np.float32], box: Box) -> list[tuple[torch.Tensor, Grid]]:
    coarsest = 1 << (filters.OCTAVES - 1)
    first = [max(0, start - filters.REACH) // coarsest * coarsest for start, _ in box]
    last = [min(n, stop + filters.REACH) for (_, stop), n in zip(box, image.shape[1:], strict=True)]
    part = image[:, first[0] : last[0], first[1] : last[1]]
    more = [(0, round_up(n, coarsest) - n) for n in part.shape[1:]]
    part = np.pad(part, [(0, 0), *more], mode="symmetric")
    # of the box, on whole pixels of the largest octave
    kept = [((s - f) // coarsest, -(-(e - f) // coarsest)) for (s, e), f in zip(box, first, strict=True)]
    found = []
    for channel in part:
        for octave, values in enumerate(filters.octaves(channel)):
            size, times = 1 << octave, coarsest >> octave
            (top, bottom), (left, right) = ((a * times, b * times) for a, b in kept)
            values = values[:, top:bottom, left:right]
            origin = (first[0] + (top + 0.5) * size - 0.5, first[1] + (left + 0.5) * size - 0.5)
            grid = Grid((values.shape[1], values.shape[2]), origin, (float(size), float(size)))
            found.append((torch.from_numpy(values), grid))
    return found


def _together(seen: Iterable[tuple[torch.Tensor, Grid]]) -> list[tuple[list[torch.Tensor], Grid]]:
    """Maps that lie on the same grid."""
    grids: dict[Grid, list[torch.Tensor]] = {}
    for values, grid in seen:
        grids.setdefault(grid, []).append(values)
    return [(values, grid) for grid, values in grids.items()]


def scaled(pixels: NDArray[np.generic], scaling: Scaling) -> NDArray[np.float32]:
    """A slice (C, Y, X), each channel from about 0 to 1, of as many as filters are computed of."""
    return np.asarray(scaling.linear(np.asarray(pixels)[:, None])[:MOST_COLOURS, 0])


def _ranges(maps: Iterable[Sequence[torch.Tensor]]) -> Ranges:
    """Of all features, in their order."""
    found = [_range(values) for same in maps for values in same]
    return Ranges(torch.cat([middle for middle, _ in found]), torch.cat([width for _, width in found]))


def _range(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The middle of each channel of a map, and how far it usually is from that.

    Robust: a hot pixel, or one bright object, must not make all else the same.
    """
    flat = values.reshape(len(values), -1)
    some = flat[:, :: max(1, flat.shape[1] // _SAMPLED)].float()
    low, high = torch.quantile(some, torch.tensor([0.05, 0.95]), dim=1)
    middle = some.mean(dim=1).clamp(low, high)
    return middle, torch.maximum((high - low) / 3.3, 0.1 * some.std(dim=1, correction=0)).clamp_min(1e-6)


def _product(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Values (C, y, x) in half precision times weights (C, K): (K, y, x) float32."""
    flat = values.reshape(len(values), -1)
    if computes_float16():  # at a third of the time; what it rounds is a thousandth of what is multiplied
        return torch.mm(weights.T.half(), flat).float().reshape(-1, *values.shape[1:])
    out = torch.empty(weights.shape[1], flat.shape[1])
    for start in range(0, flat.shape[1], _AT_ONCE):
        torch.mm(weights.T, flat[:, start : start + _AT_ONCE].float(), out=out[:, start : start + _AT_ONCE])
    return out.reshape(-1, *values.shape[1:])
