"""What is wrong in masks that were spoiled in a known way, and when a mistake is mended.

Arrays are (Y, X). A mistake concerns one or two objects of the truth, or none; no object has two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.bench.minute_times import ENOUGH

MISSED, CUT, FUSED, FALSE, OUTLINE = "missed", "cut in two", "fused", "false", "bad outline"
KINDS = (MISSED, CUT, FUSED, FALSE, OUTLINE)
Mask = NDArray[np.bool_]
Labels = NDArray[np.uint32]
Numbers = tuple[int, ...]

LEAST = 60  # pixels of an object that is spoiled
CRUMB = 0.1  # of an object: what is smaller is no object
_MOSTLY = 0.5


@dataclass(frozen=True, eq=False)
class Mistake:
    """``numbers`` are the objects of the truth that are wrong; ``site`` is where they, and the wrong masks, lie."""

    kind: str
    numbers: Numbers
    site: Mask


@dataclass(frozen=True, eq=False)
class Spoiled:
    """A truth, labels that are it but for the mistakes, and these. An object is right from an IoU of ``enough``."""

    truth: Labels
    labels: Labels
    mistakes: tuple[Mistake, ...]
    enough: float = ENOUGH

    def mask(self, number: int) -> Mask:
        """An object of the truth."""
        mask: Mask = self.truth == number
        return mask

    def is_mended(self, mistake: Mistake, labels: Labels) -> bool:
        """Whether labels have the objects of a mistake, each by itself, and no other at its site."""
        sizes = [int((self.truth == number).sum()) for number in mistake.numbers]
        crumb = CRUMB * min(sizes, default=int(mistake.site.sum()))
        there = [one for one in mostly_in(labels, mistake.site) if (labels == one).sum() > crumb]
        found = {best for number in mistake.numbers if (best := self._found_as(labels, number))}
        return len(found) == len(mistake.numbers) == len(there)

    def _found_as(self, labels: Labels, number: int) -> int:
        return found_as(labels, self.truth == number, enough=self.enough)

    def newly_spoiled(self, labels: Labels) -> int:
        """Objects that were right and are not any more, and those where no object and no mistake is."""
        wrong = {number for one in self.mistakes for number in one.numbers}
        lost = 0
        for number, box in enumerate(ndimage.find_objects(self.truth.view(np.int32)), start=1):
            if box is None or number in wrong:
                continue
            before = self.truth[box] == number
            lost += found_as(labels, before, box, self.enough) == 0
        known = (self.truth > 0) | (self.labels > 0)
        for one in self.mistakes:
            known = known | one.site
        names, sizes = np.unique(labels[labels > 0], return_counts=True)
        on_ground = np.bincount(labels[~known], minlength=int(labels.max(initial=0)) + 1)[names]
        return lost + int(((on_ground > _MOSTLY * sizes) & (sizes >= LEAST)).sum())


def found_as(
    labels: Labels, truth: Mask, box: tuple[slice, ...] = (slice(None), slice(None)), enough: float = ENOUGH
) -> int:
    """The label that has an object (a mask over ``box``) with an IoU of ``enough``; 0 for none."""
    under = labels[box][truth]
    if not under.any():
        return 0
    best = int(np.bincount(under[under > 0]).argmax())
    shared = int((under == best).sum())
    iou = shared / (len(under) + int((labels == best).sum()) - shared)
    return best if iou >= enough else 0


def mostly_in(labels: Labels, site: Mask) -> list[int]:
    """The labels of which the larger part lies in a place."""
    names, inside = np.unique(labels[site], return_counts=True)
    sizes = np.bincount(labels.ravel(), minlength=int(names.max(initial=0)) + 1)[names]
    return [int(one) for one in names[(names > 0) & (inside >= _MOSTLY * sizes)]]


def middles(labels: Labels) -> Iterator[tuple[int, tuple[float, float]]]:
    """Each label with the middle (y, x) of the box around it."""
    for number, box in enumerate(ndimage.find_objects(labels.view(np.int32)), start=1):
        if box is not None:
            y, x = ((side.start + side.stop - 1) / 2 for side in box)
            yield number, (y, x)
