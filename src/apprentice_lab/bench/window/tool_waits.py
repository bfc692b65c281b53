"""How long the tools keep one waiting, in a real window on a volume with many objects; and what undo keeps for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.bench.balls import scene
from apprentice_lab.bench.window.desk import Desk, opened
from napari_apprentice.session import Session
from napari_apprentice.settings import Triple

_LEAST = 5  # slices of an object
Box = tuple[slice, slice, slice]


@dataclass
class Waits:
    """Milliseconds of each thing, and the bytes that undo keeps for it."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    undo_bytes: dict[str, list[int]] = field(default_factory=dict)

    def note(self, what: str, seconds: float) -> None:
        """It took so long."""
        self.ms.setdefault(what, []).append(1000 * seconds)


def measure_tools(count: int, volume: Triple, objects: int, seed: int, waits: Waits) -> None:
    """Each tool so often, on another object each time, and its undo; until the change is drawn."""
    image, labels = scene(volume, objects, np.random.default_rng(seed))
    with Session.temporary() as session:
        session.add_image(image, labels)
        with opened(image, session) as desk:
            boxes = ndimage.find_objects(labels[0].view(np.int32))
            chosen = [number for number, box in enumerate(boxes, start=1) if box is not None and _fits(box)]
            numbers = np.random.default_rng(seed).permutation(chosen)
            for i in range(count):
                number = int(numbers[i % len(numbers)])
                for name, prepare, act in _tools(desk, labels[0], boxes, number):
                    _time(desk, waits, name, prepare, act)


def _time(desk: Desk, waits: Waits, name: str, prepare: Sequence[Callable[[], None]], act: Callable[[], None]) -> None:
    """What is prepared is not timed; all of it is taken back."""
    for one in prepare:
        one()
    desk.redraw()
    took = desk.timed(act, waits=False)
    waits.note(name, took.drawn)
    waits.note(f"{name}, before it is drawn", took.answered)
    entry = desk.session.images.open_entry
    kept = sum(change.nbytes for change in entry.history.done[-1].changes)
    waits.undo_bytes.setdefault(name, []).append(kept)
    waits.note(f"undo of {name}", desk.do(desk.session.undo))
    for _ in prepare:
        desk.session.undo()


def _tools(
    desk: Desk, labels: NDArray[np.uint32], boxes: Sequence[Box], number: int
) -> Iterator[tuple[str, Sequence[Callable[[], None]], Callable[[], None]]]:
    edits, shapes, box = desk.session.edits, desk.session.shapes, boxes[number - 1]
    z, y, x = ((side.start + side.stop) // 2 for side in box)
    here = (0, z, y, x)
    away = [sum((a.start - b.start) ** 2 for a, b in zip(box, one, strict=True)) for one in boxes]
    beside = (0, *((side.start + side.stop) // 2 for side in boxes[int(np.argsort(away)[1])]))
    across = [(0, z, y, i) for i in range(box[2].start - 2, box[2].stop + 2)]
    ends = [(slice(0, 1), slice(i, i + 1), box[1], box[2]) for i in (box[0].start + 1, box[0].stop - 2)]
    yield "merge", (), lambda: edits.merge([here, beside])
    yield "split along a line", (), lambda: edits.split_along(across)
    yield "split at two places", (), lambda: edits.split([here, (0, z, y, box[2].start + 1)])
    yield "delete", (), lambda: edits.delete_object(here)
    yield "approve", (), lambda: edits.approve_object(here)
    approving = [partial(edits.approve_region, end) for end in ends]
    yield "interpolate", approving, lambda: shapes.interpolate((0, box[0].start + 1, y, x))


def _fits(box: Box) -> bool:
    return all(side.stop - side.start >= _LEAST for side in box)
