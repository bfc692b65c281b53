"""The truth spoiled in a known way: as many mistakes of each kind as were asked for; arrays are (Y, X)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.bench.interact_mistakes import (
    CUT,
    FALSE,
    FUSED,
    KINDS,
    LEAST,
    MISSED,
    OUTLINE,
    Labels,
    Mask,
    Mistake,
    Numbers,
    Spoiled,
)
from napari_apprentice.errors import UserError

_BESIDE = 3  # pixels between two objects that may be fused
_IOU = (0.52, 0.68)  # of a bad outline
_SHARE = (0.35, 0.65)  # of an object that is cut, in the one part
_AROUND = 4  # pixels between an object where none is and all others
_TRIES = 300


def spoil(truths: Sequence[Labels], count: int, rng: np.random.Generator) -> list[Spoiled]:
    """Truths with so many mistakes between them, spread evenly over the kinds; `UserError` when there is no room."""
    wanted = {kind: count // len(KINDS) + (i < count % len(KINDS)) for i, kind in enumerate(KINDS)}
    spoiling = [_Spoiling(truth, rng) for truth in truths]
    for kind in (FUSED, FALSE, OUTLINE, CUT, MISSED):  # those that find a place most seldom first
        for _ in range(wanted[kind]):
            shares = np.array([len(one.free) for one in spoiling], float)
            if not shares.any():
                break
            order = rng.choice(len(spoiling), np.count_nonzero(shares), replace=False, p=shares / shares.sum())
            if not any(spoiling[i].add(kind) for i in order):
                break
    found = Counter(one.kind for each in spoiling for one in each.mistakes)
    if short := [kind for kind in KINDS if found[kind] < wanted[kind]]:
        raise UserError(
            f"There is no room for {wanted[short[0]]} mistakes of the kind {short[0]}, only for {found[short[0]]}: "
            "ask for fewer with --wrong, or for more --objects."
        )
    return [one.result() for one in spoiling]


class _Spoiling:
    """One truth while it is spoiled; ``free`` are the whole objects that are as they were."""

    def __init__(self, truth: Labels, rng: np.random.Generator) -> None:
        self.truth, self.rng = truth, rng
        self.labels = truth.copy()
        self.mistakes: list[Mistake] = []
        self._boxes = ndimage.find_objects(truth.view(np.int32))
        self.free = {number for number in range(1, len(self._boxes) + 1) if self._is_whole(number)}
        self._next = int(truth.max(initial=0)) + 1

    def result(self) -> Spoiled:
        return Spoiled(self.truth, self.labels, tuple(self.mistakes))

    def add(self, kind: str) -> bool:
        """Make one mistake; False when no object takes it."""
        if kind == FALSE:
            return self._add_false()
        numbers = self.rng.permutation(sorted(self.free)).tolist()
        makers = {MISSED: self._miss, CUT: self._cut, FUSED: self._fuse, OUTLINE: self._draw_badly}
        return any(makers[kind](number) for number in numbers)

    def _is_whole(self, number: int) -> bool:
        box = self._boxes[number - 1]
        if box is None:
            return False
        inside = all(side.start > 0 and side.stop < n for side, n in zip(box, self.truth.shape, strict=True))
        mask = self.truth[box] == number
        return inside and int(mask.sum()) >= LEAST and int(ndimage.label(mask)[1]) == 1

    def _made(self, kind: str, numbers: Numbers, more: Mask | None = None) -> bool:
        site = np.isin(self.truth, numbers) if numbers else np.zeros(self.truth.shape, bool)
        self.mistakes.append(Mistake(kind, numbers, site if more is None else site | more))
        self.free -= set(numbers)
        return True

    def _miss(self, number: int) -> bool:
        self.labels[self.truth == number] = 0
        return self._made(MISSED, (number,))

    def _cut(self, number: int) -> bool:
        """Across, somewhere in the middle of its length."""
        at = np.argwhere(self.truth == number)
        away = at - at.mean(axis=0)
        along = away @ np.linalg.svd(away, full_matrices=False)[2][0]
        part = at[along < np.quantile(along, self.rng.uniform(*_SHARE))]
        mask = np.zeros(self.truth.shape, bool)
        mask[tuple(part.T)] = True
        if any(int(ndimage.label(one)[1]) != 1 for one in (mask, (self.truth == number) & ~mask)):
            return False
        self.labels[mask] = self._new_label()
        return self._made(CUT, (number,))

    def _fuse(self, number: int) -> bool:
        """With a neighbour, and what lies between them."""
        box = _wider(self._boxes[number - 1], _BESIDE, self.truth.shape)
        truth = self.truth[box]
        near = ndimage.distance_transform_edt(truth != number) <= _BESIDE
        beside = sorted((set(np.unique(truth[near]).tolist()) & self.free) - {number})
        for other in self.rng.permutation(beside).tolist():
            both = np.isin(self.truth, (number, other))
            joined = ndimage.binary_closing(both, ndimage.generate_binary_structure(2, 2), iterations=2)
            joined = both | (joined & (self.labels == 0))
            if int(ndimage.label(joined)[1]) == 1:
                self.labels[joined] = number
                return self._made(FUSED, (number, int(other)), joined)
        return False

    def _draw_badly(self, number: int) -> bool:
        """A bite off, or a bulge."""
        mask, iou = self.truth == number, self.rng.uniform(*_IOU)
        edge = np.argwhere(mask & ~ndimage.binary_erosion(mask))
        y, x = edge[self.rng.integers(len(edge))]
        rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
        far = (rows - y) ** 2 + (columns - x) ** 2
        size = int(mask.sum())
        if self.rng.random() < 0.5:
            wrong = _nearest(mask, far, round((1 - iou) * size))
            left = mask & ~wrong
            self.labels[wrong] = 0
            if int(ndimage.label(left)[1]) == 1:
                return self._made(OUTLINE, (number,))
            self.labels[wrong] = number
            return False
        wrong = _nearest((self.labels == 0) & (self.truth == 0), far, round((1 / iou - 1) * size))
        is_near = wrong.any() and far[wrong].max() <= size  # else there is little room beside it
        if not is_near or int(ndimage.label(mask | wrong)[1]) != 1 or _touches_edge(wrong):
            return False
        self.labels[wrong] = number
        return self._made(OUTLINE, (number,), wrong)

    def _add_false(self) -> bool:
        """The shape of an object, turned over, on empty ground."""
        height, width = self.truth.shape
        room = ndimage.distance_transform_edt((self.labels == 0) & (self.truth == 0)) > _AROUND
        numbers = sorted(self.free)
        for _ in range(_TRIES):
            number = int(self.rng.choice(numbers))
            shape = np.flip(self.truth[self._boxes[number - 1]] == number)
            h, w = shape.shape
            if h + 2 >= height or w + 2 >= width:
                continue
            y, x = int(self.rng.integers(1, height - h - 1)), int(self.rng.integers(1, width - w - 1))
            if room[y : y + h, x : x + w][shape].all():
                mask = np.zeros(self.truth.shape, bool)
                mask[y : y + h, x : x + w] = shape
                self.labels[mask] = self._new_label()
                return self._made(FALSE, (), mask)
        return False

    def _new_label(self) -> int:
        self._next += 1
        return self._next - 1


def _nearest(mask: Mask, far: NDArray[np.integer], count: int) -> Mask:
    """So many pixels of a mask, the nearest."""
    found = np.zeros(mask.shape, bool)
    at = np.flatnonzero(mask)
    found.ravel()[at[np.argsort(far.ravel()[at], kind="stable")[:count]]] = True
    return found


def _touches_edge(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _wider(box: tuple[slice, ...], by: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(max(0, one.start - by), min(n, one.stop + by)) for one, n in zip(box, shape, strict=True))
