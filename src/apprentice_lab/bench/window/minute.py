"""Objects done one after the other in a window, by clicks, by polygon and by brush."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from apprentice_lab.bench.minute_times import BRUSH, CLICKS, ENOUGH, POLYGON, Spent, Worked, brush, polygon
from apprentice_lab.bench.window.canvas import PLAIN
from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.outlining import Mask, by_brush, by_polygon, middle_of, outline_px
from napari_apprentice.engine.practice.user import EXACT

MOST_CLICKS = 6  # after which an object is outlined
_ADD, _REMOVE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of an image that are worked on: its labels (Y, X), and which numbers of them."""

    image: str
    group: str
    labels: NDArray[np.int32]
    numbers: Sequence[int]

    def mask(self, number: int) -> Mask:
        """One of them."""
        mask: Mask = self.labels == number
        return mask


def work(desk: Desk, objects: Objects, drawn: int, zoom: float | None) -> Iterator[Worked]:
    """Every object in each of the three ways; the first ``drawn`` are outlined in the window, of others it is counted.

    ``zoom`` is in canvas pixels of a pixel, each object being brought into the middle; None: the whole image is shown.
    """
    for way, cost, by_hand in ((POLYGON, polygon, _polygon), (BRUSH, brush, by_brush)):
        for i, number in enumerate(objects.numbers):
            mask = objects.mask(number)
            waited, iou = _try(desk, by_hand, mask, zoom) if i < drawn else (0.0, float("nan"))
            spent = cost(outline_px(mask, zoom or desk.zoom), waited)
            yield Worked(way, objects.image, objects.group, number, iou, spent, in_window=i < drawn)
    yield from click_all(desk, objects, zoom)


def click_all(desk: Desk, objects: Objects, zoom: float | None = None) -> list[Worked]:
    """Every object by clicks, or after six by an outline; judged by what there is in the end."""
    desk.take("click", Qt.Key.Key_C)
    desk.session.verbs.click.one_each = True
    rows = []
    for number in objects.numbers:
        mask = objects.mask(number)
        _look(desk, mask, zoom)
        rows.append(_click(desk, objects, number, mask))
    if desk.session.verbs.click.proposal is not None:
        rows[-1] = _more(rows[-1], Spent(keys=1, waited_s=desk.key(Qt.Key.Key_Return)))
    return [replace(row, iou=iou_of(desk.labels, objects.mask(row.object))) for row in rows]


def iou_of(labels: NDArray[np.integer], truth: Mask) -> float:
    """Of the label that covers most of an object, with it."""
    under = labels[truth]
    if not under.any():
        return 0.0
    return _iou(labels == np.bincount(under[under > 0]).argmax(), truth)


def _try(desk: Desk, by_hand: Callable[[Desk, Mask], float], mask: Mask, zoom: float | None) -> tuple[float, float]:
    """Outline an object and take that back; the seconds that the window took, and the IoU."""
    _look(desk, mask, zoom)
    waited = by_hand(desk, mask)
    iou = iou_of(desk.labels, mask)
    while desk.labels.any() and desk.session.edits.can_undo:
        desk.session.undo()
    return waited, iou


def _click(desk: Desk, objects: Objects, number: int, truth: Mask) -> Worked:
    """Click until the mask is right; where it stays wrong, discard it and outline the object."""
    shown = np.zeros(truth.shape, bool)
    ious: list[float] = []
    spent = Spent(reads=1)
    while len(ious) < MOST_CLICKS:
        at, removes = _next(shown, truth)
        held = PLAIN
        if ious and desk.session.verbs.click.proposal is not None:
            held = _REMOVE if removes else _ADD
        elif desk.proposed[round(at[0]), round(at[1])]:  # it would be a click on the one before
            spent += Spent(keys=1, waited_s=desk.key(Qt.Key.Key_Return))
        took = desk.ask(at, held)
        spent += Spent(clicks=1, keys=int(held != PLAIN), waited_s=took.drawn)
        shown = desk.proposed
        ious.append(_iou(shown, truth))
        if ious[-1] >= ENOUGH:
            break
        spent += Spent(reads=1)
    row = Worked(CLICKS, objects.image, objects.group, number, ious[-1], spent, first=ious[0])
    if ious[-1] >= ENOUGH:
        return row
    return _more(replace(row, given_up=True), _outline_instead(desk, truth))


def _outline_instead(desk: Desk, truth: Mask) -> Spent:
    """Discard what is proposed, take the polygon with a new id, and after the outline the click tool again."""
    keys, waited = 3, 0.0
    if desk.session.verbs.click.proposal is not None:
        keys, waited = keys + 1, desk.key(Qt.Key.Key_Escape)
    waited += desk.take("paint", Qt.Key.Key_M) + desk.take("polygon", Qt.Key.Key_3)
    waited += by_polygon(desk, truth) + desk.take("click", Qt.Key.Key_C)
    return Spent(keys=keys, outlines=1, outline_px=outline_px(truth, desk.zoom), waited_s=waited)


def _polygon(desk: Desk, mask: Mask) -> float:
    if desk.panel.tools.current != "polygon":
        desk.take("polygon", Qt.Key.Key_3)
    return desk.key(Qt.Key.Key_Equal) + by_polygon(desk, mask)


def _look(desk: Desk, mask: Mask, zoom: float | None) -> None:
    if zoom is not None:
        desk.look_at(middle_of(mask), zoom)


def _next(shown: Mask, truth: Mask) -> tuple[tuple[float, float], bool]:
    found = EXACT.next_click(shown, truth, np.random.default_rng(0))
    if found is None:
        raise ValueError("a mask without errors needs no click")
    (y, x), removes = found
    return (y, x), removes


def _more(row: Worked, spent: Spent) -> Worked:
    return replace(row, spent=row.spent + spent)


def _iou(mask: NDArray[np.bool_], truth: Mask) -> float:
    return float((mask & truth).sum() / max(1, (mask | truth).sum()))
