"""How well thin lines such as membranes are found: precision and recall within a tolerance, section by section.

Truth and prediction are masks. Each XY section of both is thinned to its centre line, one pixel wide, so that a thick
line gains nothing over a thin one (`lines`); then

- precision is the share of predicted line pixels that have a true line pixel within ``tolerance``,
- recall the share of true line pixels that have a predicted one within it,
- F1 their harmonic mean,

with Euclidean distances between pixel centres in the section, and pixels of all sections counted together (sum the
counts of several stacks: ``a + b``). It is the boundary F1 of Csurka et al. (BMVC 2013) on centre lines; pixels are
not paired one to one (Martin, Fowlkes and Malik, PAMI 2004): lines one pixel wide leave little to gain by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import edt
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize
from skimage.segmentation import find_boundaries

TOLERANCE = 2.0  # pixels


@dataclass(frozen=True)
class LineCounts:
    """Counts of line pixels: predicted ones, those of them near the truth, true ones, those near the prediction."""

    predicted: int
    predicted_near: int
    true: int
    true_near: int

    def __add__(self, other: LineCounts) -> LineCounts:
        return LineCounts(
            self.predicted + other.predicted,
            self.predicted_near + other.predicted_near,
            self.true + other.true,
            self.true_near + other.true_near,
        )

    @property
    def precision(self) -> float:
        """Share of predicted pixels that are right; 1 when nothing is predicted."""
        return self.predicted_near / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """Share of true pixels that are found; 1 when there is none."""
        return self.true_near / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """2 P R / (P + R)."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r > 0 else 0.0


def compare(
    truth: NDArray[Any], prediction: NDArray[Any], tolerance: float = TOLERANCE, *, thin: bool = True
) -> LineCounts:
    """Counts over all sections of two masks (..., Y, X); everything above 0 is line.

    With ``thin=False`` the masks are taken as they are: more lenient, since whatever is thick reaches further.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"masks of shapes {truth.shape} and {prediction.shape} cannot be compared")
    total = LineCounts(0, 0, 0, 0)
    plane = truth.shape[-2:]
    for one, two in zip(truth.reshape(-1, *plane) > 0, prediction.reshape(-1, *plane) > 0, strict=True):
        true, found = (lines(one), lines(two)) if thin else (one, two)
        total += LineCounts(
            int(found.sum()), _near(found, true, tolerance), int(true.sum()), _near(true, found, tolerance)
        )
    return total


def lines(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """The centre lines of a mask (Y, X), one pixel wide (Zhang and Suen, CACM 1984)."""
    thinned: NDArray[np.bool_] = skeletonize(mask > 0)
    return thinned


def between(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Boundaries of objects (Z, Y, X) as a mask of 0 and 1: pixels that touch another id in their section.

    Two pixels wide, one on either side; ids that differ between sections leave none, so that another orientation of
    the same volume has other boundaries.
    """
    planes = [find_boundaries(plane, connectivity=1, mode="thick") for plane in labels]
    return np.stack(planes).astype(np.uint8)


def _near(pixels: NDArray[np.bool_], others: NDArray[np.bool_], tolerance: float) -> int:
    if not others.any():
        return 0
    away = edt.edt(np.ascontiguousarray(~others), black_border=False, parallel=1)
    return int((away[pixels] <= tolerance).sum())
