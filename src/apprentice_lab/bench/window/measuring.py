"""The window's parts of ``apprentice bench objects-a-minute``; each opens windows of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.bench.minute_times import Worked
from apprentice_lab.bench.window.answers import ask_often, places_in
from apprentice_lab.bench.window.canvas import Took
from apprentice_lab.bench.window.desk import Desk, opened
from apprentice_lab.bench.window.film import Frame, closest, film
from apprentice_lab.bench.window.minute import Objects, work
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners import ProcessRunners, Runners
from napari_apprentice.session import Session

_DRAWINGS = 20


@dataclass(frozen=True)
class Asked:
    """Who answers: the model chosen in the window, and the one that is asked by clicks (None: the bundled one)."""

    model: str
    clicker: Path | None = None


def work_on(
    images: Sequence[tuple[Volume, Objects]],
    *,
    drawn: int,
    zoom: float | None,
    asked: Asked,
    runners: Runners | None = None,
) -> Iterator[tuple[float, list[Worked]]]:
    """The zoom of each image and what came of its objects; the engine stays warm from one image to the next."""
    own = ProcessRunners() if runners is None else None
    try:
        for volume, objects in images:
            with _window(volume, own or runners, asked) as desk:
                yield zoom or desk.zoom, list(work(desk, objects, drawn, zoom))
            drawn = max(0, drawn - len(objects.numbers))
    finally:
        if own is not None:
            own.close()


def wait_for_masks(
    volume: Volume,
    labels: NDArray[np.integer],
    numbers: Sequence[int],
    count: int,
    *,
    seed: int,
    asked: Asked,
) -> tuple[dict[str, list[Took]], list[float]]:
    """So many clicks in each of two windows, on objects of labels (Z, Y, X); the seconds of drawing alone, apart."""
    found: dict[str, list[Took]] = {}
    drawing: list[float] = []
    for name, one_each in (("one click each", True), ("after Esc", False)):
        places = places_in(labels, np.asarray(numbers), np.random.default_rng(seed))
        with _window(volume, None, asked) as desk:
            found[name] = ask_often(desk, places, count, one_each=one_each)
            drawing += [desk.redraw() for _ in range(_DRAWINGS)]
    return found, drawing


def film_strip(
    volume: Volume, labels: NDArray[np.int32], numbers: Sequence[int], count: int, *, asked: Asked
) -> list[Frame]:
    """Of so many objects that lie closest together."""
    chosen = Objects("", "", labels, closest(labels, numbers, count))
    with _window(volume, None, asked) as desk:
        return list(film(desk, chosen))


@contextmanager
def _window(volume: Volume, runners: Runners | None, asked: Asked) -> Iterator[Desk]:
    with Session.temporary(runners) as session, opened(volume, session, asked.model) as desk:
        if asked.clicker is not None:
            session.clickers.ask_with(str(asked.clicker))
        yield desk
