"""A method without learning to compare with: GrabCut (Rother, Kolmogorov and Blake, ACM TOG 2004) told by clicks.

Mixtures of Gaussians say how object and background look, a minimum cut where the outline is, in turns. As the click
network it looks from three distances first, since nothing is known of the size of objects, takes the answer whose
outline is clearest, and looks again so that what was found fills the window. What was clicked is certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from apprentice_lab.clicks.methods import Shown
from napari_apprentice.engine.practice.user import Mask, Point
from napari_apprentice.engine.prompts.dialogue import FIRST_LOOKS, Asked, around
from napari_apprentice.engine.prompts.inputs import RADIUS, image_channels
from napari_apprentice.engine.prompts.window import SIZE, Window

_BEGUN = SIZE / 10  # network pixels around the first click that look like the object
_FAR = 0.42 * SIZE  # network pixels from the first click from which on it is background until it is known better
_TURNS = 3
_GAUSSIANS = (2, 4)  # of object and background
_STEPS = 6  # of expectation maximisation
_LOOKED_AT = 1500  # pixels by which a mixture is fitted
_SMOOTH = 40.0  # what an edge between alike neighbours costs, in nats
_SURE = 1e4  # nats: what was clicked
_MOST = 20.0  # nats: what looks speak for at most
_NEAR = 15.0  # nats: for a pixel beside a click, against one of the other sort
_WHOLE = 100.0  # capacities are whole numbers: so many to a nat
_BAND = 3  # network pixels beside an outline that are compared

Floats = NDArray[np.float64]


class GrabCut:
    """GrabCut told by clicks."""

    name = "GrabCut"
    dims: tuple[int, ...] = (2,)
    expected: float | None = None

    def begin(self, image: Shown) -> None:
        """Ask about another object."""
        self._pixels = image.pixels
        self._asked = Asked()

    def click(self, at: Point, remove: bool) -> Mask:
        """The mask after one more click."""
        y, x = at
        asked = self._asked
        if remove:
            self._asked = replace(asked, remove=(*asked.remove, (y, x)))
        else:
            self._asked = replace(asked, add=(*asked.add, (y, x)))
        if asked.mask is None or not asked.mask.any():
            looks = [self._look(Window((y, x), edge)) for edge in FIRST_LOOKS]
            self._answer(*max(looks, key=lambda look: _clearness(look[1], look[2])))
        mask = self._asked.mask
        if mask is not None and mask.any():
            mask = self._answer(*self._look(around(self._asked)))
        return np.zeros(self._pixels.shape, bool) if mask is None else mask

    def _look(self, window: Window) -> tuple[Window, Mask, Floats]:
        """What is cut out in a window (SIZE, SIZE), and what was seen there (SIZE, SIZE, features)."""
        seen = np.moveaxis(image_channels(window.seen(self._pixels)), 0, -1)[..., :1].astype(float)
        asked = self._asked
        add, remove = (_disks([window.in_window(at) for at in spots]) for spots in (asked.add, asked.remove))
        nearer, out = _nearer(add, remove), remove | _ring()
        if asked.mask is not None and asked.mask.any():
            mask = window.seen(asked.mask) > 0.5
            unknown = np.zeros_like(mask)
        else:
            away = ndimage.distance_transform_edt(~_disks([window.in_window(at) for at in asked.add[-1:]]))
            mask = away <= _BEGUN
            unknown = ~mask & (away < _FAR)
        for _ in range(_TURNS):
            mask = _cut(seen, (mask | add) & ~out, unknown, np.where(out, -_SURE, np.where(add, _SURE, nearer)))
            unknown[:] = False
            if not mask.any():
                break
        return window, _parts_with(mask, add, remove), seen

    def _answer(self, window: Window, mask: Mask, seen: Floats) -> Mask:
        """What was cut out, at the image's pixels, is the mask from now on."""
        height, width = self._pixels.shape
        found = np.zeros((height, width), bool)
        box, values = window.at_image(mask.astype(np.float32), (height, width))
        found[box] = values > 0.5
        self._asked = replace(self._asked, mask=found)
        return found


@dataclass(frozen=True)
class Mixture:
    """Gaussians with diagonal covariance: weights (K,), means and variances (K, features)."""

    weights: Floats
    means: Floats
    variances: Floats

    @classmethod
    def of(cls, values: Floats, count: int) -> Mixture:
        """Fitted to values (N, features), beginning with equal shares in the order of the first feature."""
        values = values[:: max(1, len(values) // _LOOKED_AT)]
        shares = np.array_split(values[np.argsort(values[:, 0])], min(count, len(values)))
        least = 1e-3 + 0.01 * values.var(axis=0)
        mixture = cls(
            np.full(len(shares), 1 / len(shares)),
            np.array([share.mean(axis=0) for share in shares]),
            np.array([share.var(axis=0) + least for share in shares]),
        )
        for _ in range(_STEPS):
            each = mixture.each(values)
            belongs = np.exp(each - np.logaddexp.reduce(each, axis=1, keepdims=True))
            total = belongs.sum(axis=0) + 1e-9
            means = belongs.T @ values / total[:, None]
            spread = belongs.T @ values**2 / total[:, None] - means**2
            mixture = cls(total / total.sum(), means, np.maximum(spread, 0) + least)
        return mixture

    def each(self, values: Floats) -> Floats:
        """Logarithm of the density of values (N, features) in each Gaussian with its weight, (N, K)."""
        off = (values[:, None] - self.means) ** 2 / self.variances + np.log(2 * np.pi * self.variances)
        return np.asarray(np.log(self.weights) - off.sum(axis=2) / 2)

    def log_density(self, values: Floats) -> Floats:
        """Logarithm of the density of values (N, features), (N,)."""
        return np.asarray(np.logaddexp.reduce(self.each(values), axis=1))


def _cut(seen: Floats, mask: Mask, unknown: Mask, told: Floats) -> Mask:
    """One turn: how both look by the mask, then the minimum cut; what is ``unknown`` says nothing of either.

    ``told`` (SIZE, SIZE) is what the clicks say of each pixel, in nats.
    """
    values = seen.reshape(-1, seen.shape[-1])
    inside, outside = values[(mask & ~unknown).ravel()], values[(~mask & ~unknown).ravel()]
    if not len(inside) or not len(outside):
        return mask
    like = Mixture.of(inside, _GAUSSIANS[0]).log_density(values) - Mixture.of(outside, _GAUSSIANS[1]).log_density(
        values
    )
    like = np.clip(like, -_MOST, _MOST) + told.ravel()
    one, other, length = _grid()
    steps = ((values[one] - values[other]) ** 2).sum(axis=1)
    edges = _SMOOTH / length * np.exp(-steps / (2 * max(float(steps.mean()), 1e-9)))
    source, sink = len(values), len(values) + 1
    above, below = np.flatnonzero(like > 0), np.flatnonzero(like <= 0)
    tails = np.concatenate([one, other, np.full(len(above), source), below])
    heads = np.concatenate([other, one, above, np.full(len(below), sink)])
    room = np.rint(_WHOLE * np.concatenate([edges, edges, like[above], -like[below]])).astype(np.int32)
    graph = csr_array((room, (tails, heads)), shape=(sink + 1, sink + 1))
    left = graph - maximum_flow(graph, source, sink).flow
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = np.zeros(sink + 1, bool)
    reached[breadth_first_order(left, source, return_predecessors=False)] = True
    return np.asarray(reached[:source].reshape(mask.shape))


def _clearness(mask: Mask, seen: Floats) -> float:
    """How much inside and outside differ along the outline, by their spread; less where the window's edge cuts it."""
    if not mask.any() or mask.mean() > 0.7:
        return -1.0
    inner = mask & ~ndimage.binary_erosion(mask, iterations=_BAND)
    outer = ndimage.binary_dilation(mask, iterations=_BAND) & ~mask
    one, other = seen[inner], seen[outer]
    differs = float(np.abs(one.mean(axis=0) - other.mean(axis=0)).max() / np.sqrt(one.var() + other.var() + 1e-4))
    on_edge = float((mask & ndimage.binary_dilation(_ring(), iterations=_BAND)).sum())
    return differs * (1 - min(1.0, on_edge / (_BAND * SIZE)))


def _nearer(add: Mask, remove: Mask) -> Floats:
    """How much nearer a pixel is to clicks that add than to those that take away, in nats; 0 without the latter."""
    if not remove.any():
        return np.zeros(add.shape)
    to_add, to_remove = (ndimage.distance_transform_edt(~disks) if disks.any() else SIZE for disks in (add, remove))
    return np.asarray(_NEAR * (to_remove - to_add) / (to_remove + to_add + 1))


def _parts_with(mask: Mask, add: Mask, remove: Mask) -> Mask:
    """The connected parts in which a click lies, without holes but those that were clicked."""
    parts, _ = ndimage.label(mask)
    ids = np.unique(parts[add & mask])
    found = np.isin(parts, ids[ids > 0])
    holes, _ = ndimage.label(ndimage.binary_fill_holes(found) & ~found)
    return np.asarray(found | ((holes > 0) & ~np.isin(holes, np.unique(holes[remove]))))


def _disks(spots: Sequence[tuple[float, float]]) -> Mask:
    y, x = np.ogrid[:SIZE, :SIZE]
    found = np.zeros((SIZE, SIZE), bool)
    for at in spots:
        found |= np.hypot(y - at[0], x - at[1]) <= RADIUS
    return found


def _ring() -> Mask:
    ring = np.ones((SIZE, SIZE), bool)
    ring[2:-2, 2:-2] = False
    return ring


@cache
def _grid() -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Neighbours in a window, eight to a pixel, each pair once, and how far apart they are."""
    index = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
    pairs = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:])]
    pairs += [(index[:-1, :-1], index[1:, 1:]), (index[:-1, 1:], index[1:, :-1])]
    lengths = (1.0, 1.0, 2**0.5, 2**0.5)
    far = np.concatenate([np.full(one.size, length) for (one, _), length in zip(pairs, lengths, strict=True)])
    return np.concatenate([one.ravel() for one, _ in pairs]), np.concatenate([two.ravel() for _, two in pairs]), far
