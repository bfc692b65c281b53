"""From a click to the mask shown, on an image of which nothing was computed before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from apprentice_lab.bench.window.canvas import Took
from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.outlining import middle_of

Place = tuple[int, tuple[float, float]]  # a slice, and (y, x) in it

_AWAY = 3  # pixels from what is kept or proposed, where a click is for a new object


def ask_often(desk: Desk, places: Iterator[Place], count: int, *, one_each: bool) -> list[Took]:
    """So many clicks for new objects: each keeps the one before, or Esc discards it in between."""
    desk.take("click", Qt.Key.Key_C)
    desk.session.verbs.click.one_each = one_each
    found: list[Took] = []
    for z, at in places:
        if len(found) == count:
            break
        desk.go_to(z)
        if one_each and not _is_free(desk, at):
            continue
        found.append(desk.ask(at))
        if not one_each and desk.session.verbs.click.proposal is not None:
            desk.key(Qt.Key.Key_Escape)
    return found


def places_in(labels: NDArray[np.integer], numbers: NDArray[np.integer], rng: np.random.Generator) -> Iterator[Place]:
    """The middle of every object of labels (Z, Y, X) once, where it is largest, in any order, then places anywhere."""
    for number in rng.permutation(numbers):
        mask = labels == number
        z = int(mask.sum(axis=(1, 2)).argmax())
        yield z, middle_of(mask[z])
    while True:
        y, x = (float(rng.integers(_AWAY, n - _AWAY)) for n in labels.shape[1:])
        yield int(rng.integers(len(labels))), (y, x)


def _is_free(desk: Desk, at: tuple[float, float]) -> bool:
    y, x = (slice(max(0, round(i) - _AWAY), round(i) + _AWAY + 1) for i in at)
    return not (desk.labels[y, x].any() or desk.proposed[y, x].any())
