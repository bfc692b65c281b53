"""Users who correct an image before a network is taught: well, without need, and badly in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.bench.user import background_stroke
from napari_apprentice.data.labels.corrections import dilate_in_planes
from napari_apprentice.data.labels.mistakes import unmatched_in
from napari_apprentice.data.labels.scores import overlap
from napari_apprentice.session import Session

UserName = Literal["good", "mends", "approves", "one cell", "background", "outlines", "shifted", "denies"]
Labels = NDArray[np.uint32]
_TOO_WIDE = 4  # pixels
_STROKES = 4


def corrects(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Paints true objects at random, and a stroke of background."""
    chosen = _drawn(truth, count, rng)
    _paint(session, [truth == value for value in chosen])
    return [*chosen, *_stroke(session, truth, rng)]


def mends(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Paints only objects that the model has wrong, as people do who look through a proposal, and a stroke."""
    wrong = np.where(unmatched_in(truth, found), truth, 0)
    chosen = _drawn(wrong, count, rng)
    _paint(session, [truth == value for value in chosen])
    return [*chosen, *_stroke(session, truth, rng)]


def approves(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Approves objects that the model has found, as they are: nothing is to be learned from them."""
    table = overlap(truth, found)
    names, found_names = (np.unique(labels[labels > 0]) for labels in (truth, found))
    right = rng.permutation(np.flatnonzero(table.iou >= 0.5))[:count]
    _paint(session, [found == found_names[table.predicted[i]] for i in right])
    return [int(names[table.truth[i]]) for i in right] + _stroke(session, truth, rng)


def paints_one(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Paints one object, whatever the ``count``, and nothing else."""
    chosen = _drawn(truth, 1, rng)
    _paint(session, [truth == value for value in chosen])
    return chosen


def paints_background(
    session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator
) -> Sequence[int]:
    """Paints strokes of background, and a single object, without which nothing can be taught."""
    chosen = _drawn(truth, 1, rng)
    _paint(session, [truth == value for value in chosen])
    for _ in range(_STROKES):
        _stroke(session, truth, rng)
    return chosen


def outlines_badly(
    session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator
) -> Sequence[int]:
    """Outlines objects too wide by some pixels, or too narrow, as it comes."""
    chosen = _drawn(truth, count, rng)
    masks = []
    for value in chosen:
        mask = truth == value
        narrow = ndimage.binary_erosion(mask, _disk(_TOO_WIDE))
        wide = dilate_in_planes(mask, _TOO_WIDE) & ((truth == value) | (truth == 0))
        masks.append(narrow if rng.random() < 0.5 and narrow.any() else wide)
    _paint(session, masks)
    return chosen


def shifts(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Paints objects beside where they are, by half their width, each in another direction."""
    chosen = _drawn(truth, count, rng)
    masks = []
    for value in chosen:
        mask = truth == value
        angle, far = rng.uniform(0, 2 * np.pi), np.sqrt(mask.sum(axis=(2, 3)).max() / np.pi)
        dy, dx = (round(float(far * part)) for part in (np.sin(angle), np.cos(angle)))
        masks.append(ndimage.shift(mask.astype(np.uint8), (0, 0, dy, dx), order=0) > 0)
    _paint(session, masks)
    return _under(truth, masks)


def denies(session: Session, truth: Labels, found: Labels, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Says of half of the objects that there is nothing, and paints the other half."""
    chosen = _drawn(truth, count, rng)
    _paint(session, [truth == value for value in chosen[::2]])
    for value in chosen[1::2]:
        session.paint_background(np.flatnonzero(truth == value))
    return chosen


USERS: dict[UserName, Callable[[Session, Labels, Labels, int, np.random.Generator], Sequence[int]]] = {
    "good": corrects,
    "mends": mends,
    "approves": approves,
    "one cell": paints_one,
    "background": paints_background,
    "outlines": outlines_badly,
    "shifted": shifts,
    "denies": denies,
}
"""What each says; all give back the true objects that they touched."""
SAY_ONE_THING: tuple[UserName, ...] = ("one cell", "background")
"""Those who paint as much whatever the count of objects."""


def _drawn(truth: Labels, count: int, rng: np.random.Generator) -> list[int]:
    return [int(value) for value in rng.permutation(np.unique(truth[truth > 0]))[:count]]


def _paint(session: Session, masks: Sequence[NDArray[np.bool_]]) -> None:
    for mask in masks:
        session.paint(np.flatnonzero(mask), session.images.open_entry.next_id())


def _stroke(session: Session, truth: Labels, rng: np.random.Generator) -> list[int]:
    """A stroke of background that touches no object."""
    plane = truth.shape[1] // 2
    stroke = background_stroke(truth[0, plane], rng)
    if len(stroke):
        session.paint_background(stroke + plane * truth[0, 0].size)
    return []


def _under(truth: Labels, masks: Sequence[NDArray[np.bool_]]) -> list[int]:
    return [int(value) for value in np.unique(truth[np.logical_or.reduce(masks)]) if value]


def _disk(radius: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk: NDArray[np.bool_] = (y**2 + x**2 <= radius**2)[None, None]
    return disk
