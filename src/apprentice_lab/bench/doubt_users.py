"""Users who look at one object after the other and mend what is wrong, until an image is right enough.

What they do is counted in objects looked at: whether it is wrong is seen only then. Mending an object puts the truth in
its place: the annotated objects of which half lies in it, or the one that it fits best; what else was proposed there
goes. A user in random order sees all that was proposed and all that was not found; one who is led sees the list of
*Next*, and then all the rest in the same random order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.bench.doubt_images import LookedAt
from napari_apprentice.data.labels.doubts import DOUBTFUL

_GOAL = 0.9  # of AP .50, where full annotation has 1
_MOSTLY, _SOME = 0.5, 0.1  # shares of an object


@dataclass(frozen=True)
class Look:
    """At a proposed object, or at an annotated one that was missed, by their rows; -1 for none of either."""

    proposed: int = -1
    annotated: int = -1


def looks_needed(image: LookedAt, order: Iterable[Look]) -> int:
    """After how many looks the AP .50 of an image is .90."""
    mended, count = _Mended(image), 0
    looks = iter(order)
    while mended.precision < _GOAL:
        look = next(looks)
        if not mended.is_settled(look):
            count += 1
            mended.mend(look)
    return count


def led(image: LookedAt, rng: np.random.Generator) -> Iterator[Look]:
    """The list of *Next*, then all the rest at random."""
    doubtful = image.doubts.only(image.doubts.values >= DOUBTFUL)
    rows, truth_at = (which[image.doubts.values >= DOUBTFUL] for which in (image.rows, image.truth_at))
    told = set()
    for i in doubtful.order(image.spacing).tolist():
        look = Look(proposed=int(rows[i])) if rows[i] >= 0 else Look(annotated=int(truth_at[i]))
        told.add(look)
        yield look
    yield from (look for look in at_random(image, rng) if look not in told)


def at_random(image: LookedAt, rng: np.random.Generator) -> Iterator[Look]:
    """All that was proposed, and all that was not found."""
    looks = [Look(proposed=row) for row in range(len(image.wrong))]
    looks += [Look(annotated=int(row)) for row in np.flatnonzero(~_Mended(image).found)]
    return (looks[i] for i in rng.permutation(len(looks)))


class _Mended:
    """The counts of an image as it is mended."""

    def __init__(self, image: LookedAt) -> None:
        self._image = image
        table = image.table
        good = table.iou >= _MOSTLY
        self.found = _marked(table.truth[good], len(table.truth_size))
        self._right = _marked(table.predicted[good], len(table.predicted_size))
        self.is_gone = np.zeros(len(table.predicted_size), bool)

    @property
    def precision(self) -> float:
        """TP / (TP + FP + FN)."""
        right, wrong = int(self.found.sum()), int((~self._right & ~self.is_gone).sum())
        total = len(self.found) + wrong
        return right / total if total else 1.0

    def is_settled(self, look: Look) -> bool:
        """Whether there is nothing to look at any more."""
        if look.proposed >= 0:
            return bool(self.is_gone[look.proposed])
        return look.annotated >= 0 and bool(self.found[look.annotated])

    def mend(self, look: Look) -> None:
        """Put right what is looked at."""
        table = self._image.table
        if look.proposed < 0:
            self._draw([look.annotated] if look.annotated >= 0 else [])
            return
        here = table.predicted == look.proposed
        held = table.truth[here][table.shared[here] >= _MOSTLY * table.truth_size[table.truth[here]]].tolist()
        if not self._right[look.proposed]:
            if not held and here.any():
                best = np.flatnonzero(here)[int(np.argmax(table.iou[here]))]
                held = [int(table.truth[best])] if table.iou[best] >= _SOME else []
            self.is_gone[look.proposed] = True
        self._draw(held)

    def _draw(self, rows: Iterable[int]) -> None:
        table = self._image.table
        for row in rows:
            self.found[row] = True
            here = table.truth == row
            inside = table.predicted[here][table.shared[here] >= _MOSTLY * table.predicted_size[table.predicted[here]]]
            self.is_gone[inside[~self._right[inside]]] = True


def _marked(rows: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    mark = np.zeros(count, bool)
    mark[rows] = True
    return mark
