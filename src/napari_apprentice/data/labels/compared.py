"""An annotation, whole or in part, compared with what was found: which objects are wrong, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import find_boundaries

from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, rank_ids
from napari_apprentice.data.labels.mistakes import KINDS, MistakeKind, Mistakes, mistakes_in, wrong_rows
from napari_apprentice.data.labels.scores import Matches

Index = tuple[int, ...]


@dataclass(frozen=True)
class WrongObject:
    """One mistake: about where it is (t, z, y, x), in voxels, and how many of them it has."""

    kind: MistakeKind
    point: tuple[int, int, int, int]
    voxels: int


class ComparedObjects:
    """Objects (T, Z, Y, X) of an annotation and those found. Frames are compared one by one.

    Parameters
    ----------
    truth, found
        Ids, 0 is none. Arrays of one shape; (Z, Y, X) and (Y, X) are one frame.
    confirmed
        What of ``truth`` is known (`labels.corrections`): where it is not, nothing is right or wrong. None: everywhere.
        With places that are unknown, slices are compared one by one: an object can be whole on a few slices only.
    """

    def __init__(self, truth: NDArray[Any], found: NDArray[Any], confirmed: NDArray[Any] | None = None) -> None:
        self.truth, self.found = truth, found
        self.sure = None if confirmed is None else sure_of(confirmed)
        self.is_partial = self.sure is not None and not bool(self.sure.all())
        self.by_slice = self.is_partial and truth.ndim > 2 and truth.shape[-3] > 1
        self.annotated = self.predicted = 0
        self.matches = [Matches(threshold, 0, 0, 0) for threshold in scores.THRESHOLDS]
        self.mistakes = Mistakes()
        self._wrong: list[tuple[Index, dict[MistakeKind, NDArray[Any]]]] = []  # ids
        for at in self._parts():
            self._compare(at, None if confirmed is None or not self.is_partial else confirmed[at])

    def _parts(self) -> Iterator[Index]:
        shape = self.truth.shape
        yield from np.ndindex(shape[: max(0, len(shape) - 2)] if self.by_slice else shape[: max(0, len(shape) - 3)])

    def _compare(self, at: Index, confirmed: NDArray[Any] | None) -> None:
        truth, found = self.truth[at], self.found[at]
        table = scores.overlap(truth, found)
        known = None if confirmed is None else scores.known_in(truth, found, confirmed)
        now = scores.matches_of(table, known=known)
        self.matches = [one + two for one, two in zip(self.matches, now, strict=True)]
        self.mistakes += mistakes_in(table, known)
        self.annotated += now[0].true_positives + now[0].false_negatives
        self.predicted += now[0].true_positives + now[0].false_positives
        rows = {kind: one for kind, one in wrong_rows(table, known).items() if one.any()}
        ids = {kind: np.unique(labels[labels > 0])[rows[kind]] for kind, labels in self._of_kinds(rows, truth, found)}
        if ids:
            self._wrong.append((at, ids))

    @staticmethod
    def _of_kinds(
        kinds: dict[MistakeKind, Any], truth: NDArray[Any], found: NDArray[Any]
    ) -> Iterator[tuple[MistakeKind, NDArray[Any]]]:
        for kind in kinds:
            yield kind, found if kind == "false" else truth

    @cached_property
    def dice(self) -> float | None:
        """Of the foreground, where it is known; None where there is none."""
        return scores.dice(self.truth > 0, self.found > 0, (1,), self.sure)[1]

    def wrong(self) -> list[WrongObject]:
        """Every mistake, kind by kind; an object that is merged and cut comes twice."""
        made = []
        for at, ids in self._wrong:
            for kind, labels in self._of_kinds(ids, self.truth[at], self.found[at]):
                places = _places(labels, ids[kind])
                made += [WrongObject(kind, _full(at, place), size) for place, size in places]
        return sorted(made, key=lambda one: (KINDS.index(one.kind), one.point))

    def outlines(self) -> NDArray[np.uint8]:
        """The outlines of wrong objects, two voxels wide: 1 + the place of the mistake in `KINDS`, else 0."""
        drawn = np.zeros(self.truth.shape, np.uint8)
        for at, ids in self._wrong:
            for kind, labels in self._of_kinds(ids, self.truth[at], self.found[at]):
                planes = labels.reshape(-1, *labels.shape[-2:])
                for plane, out in zip(planes, drawn[at].reshape(planes.shape), strict=True):
                    here = np.where(np.isin(plane, ids[kind]), plane, 0)
                    if here.any():
                        out[_outline(here)] = KINDS.index(kind) + 1
        return drawn


def sure_of(confirmed: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the annotation is known."""
    sure: NDArray[np.bool_] = (confirmed == BACKGROUND) | (confirmed == AS_LABELLED)
    return sure


def _places(labels: NDArray[Any], ids: NDArray[Any]) -> Iterator[tuple[Index, int]]:
    """Where objects are and how large: the middle of the slice that shows most of one."""
    names, ranks = rank_ids(labels)
    boxes = ndimage.find_objects(ranks)
    for rank in np.searchsorted(names, ids):
        box = boxes[int(rank) - 1]
        inside = ranks[box] == rank
        planes = inside.reshape(-1, *inside.shape[-2:])
        best = int(planes.sum(axis=(1, 2)).argmax())
        middle = [round(float(places.mean())) for places in np.nonzero(planes[best])]
        local = [*map(int, np.unravel_index(best, inside.shape[:-2])), *middle]
        yield tuple(i + part.start for i, part in zip(local, box, strict=True)), int(inside.sum())


def _full(at: Index, place: Index) -> tuple[int, int, int, int]:
    """A place in a part of the labels as (t, z, y, x)."""
    t, z, y, x = ([0] * 4 + [*at, *place])[-4:]
    return t, z, y, x


def _outline(labels: NDArray[Any]) -> NDArray[np.bool_]:
    edge = find_boundaries(labels, mode="inner")
    wide: NDArray[np.bool_] = ndimage.binary_dilation(edge) & (labels > 0)
    return wide
