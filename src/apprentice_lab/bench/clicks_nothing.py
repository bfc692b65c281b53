"""Clicks where nothing is: how often something is proposed there, and what it costs to keep silent when unsure.

A method may say how good it expects its answer to be. Below a threshold it could say that nothing is there: fewer
wrong proposals on background, and fewer on objects.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from apprentice_lab.bench.clicks_objects import Clicked, flat
from apprentice_lab.sets import Picture
from napari_apprentice.data.files import read_image
from napari_apprentice.session.batch import images_in

if TYPE_CHECKING:
    from apprentice_lab.clicks.methods import Method, Shown

AWAY = 10.0  # pixels from every object
BESIDE, EMPTY = "beside objects", "empty image"
GOAL = 0.2  # share of clicks on nothing that may propose something
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(20))


@dataclass(frozen=True)
class ClickedNothing:
    """A click on nothing: whether something was proposed, and how good it was expected to be."""

    image: str
    where: str
    at: Sequence[float]
    method: str
    proposed: bool
    expected: float | None
    seconds: float


def click_nothing(
    images: Sequence[Picture], empty: Path | None, methods: Sequence[Method], count: int, seed: int
) -> Iterator[ClickedNothing]:
    """So many clicks beside the objects of annotated images, and as many in images in which there is nothing."""
    from apprentice_lab.clicks.methods import Shown  # here: it loads torch

    rng = np.random.default_rng((seed, 1))
    for i, times in enumerate(_shared(count, len(images), rng)):
        if times:
            volume, truth = images[i].read()
            free = ndimage.distance_transform_edt(flat(truth[0]) == 0) >= AWAY
            yield from _click(images[i].name, BESIDE, Shown.of(volume), free, methods, times, rng)
    paths = [] if empty is None else images_in(empty)
    for path, times in zip(paths, _shared(count, len(paths), rng), strict=True):
        if times:
            shown = Shown.of(read_image(path))
            yield from _click(path.name, EMPTY, shown, np.ones(shown.pixels.shape, bool), methods, times, rng)


def proposed(rows: Sequence[ClickedNothing]) -> list[dict[str, Any]]:
    """The share of clicks that proposed something, of every method in each place.

    ``shown`` is that of clicks of which the product would show it: none that is expected to be wrong.
    """
    from napari_apprentice.engine.prompts.dialogue import LEAST_IOU  # here: it loads torch

    found = []
    for where in (BESIDE, EMPTY):
        for method in dict.fromkeys(row.method for row in rows):
            mine = [row for row in rows if (row.method, row.where) == (method, where)]
            if mine:
                share = float(np.mean([row.proposed for row in mine]))
                unsure = [row.expected is not None and row.expected < LEAST_IOU for row in mine]
                shown = float(np.mean([row.proposed and not hides for row, hides in zip(mine, unsure, strict=True)]))
                one = {"where": where, "method": method, "clicks": len(mine), "proposed": share, "shown": shown}
                found.append(one)
    return found


def trade_offs(rows: Sequence[Clicked], nothing: Sequence[ClickedNothing]) -> dict[str, list[dict[str, float]]]:
    """Of each method that says what it expects: what every threshold of it would keep silent.

    ``proposed`` is the share of clicks on nothing that still propose something; ``lost`` that of first clicks on
    objects that do no more, and ``right lost`` that of those whose answer had an IoU of .80.
    """
    found = {}
    for method in dict.fromkeys(row.method for row in nothing if row.expected is not None):
        there = [row for row in nothing if row.method == method]
        first = [(row.ious[0], row.expected or 0.0) for row in rows if row.method == method]
        ious, sure = np.array(first).reshape(-1, 2).T
        right = ious >= 0.8
        found[method] = [
            {
                "threshold": threshold,
                "proposed": float(np.mean([row.proposed and (row.expected or 0) >= threshold for row in there])),
                "lost": float((sure < threshold).mean()),
                "right lost": float((sure[right] < threshold).mean()) if right.any() else 0.0,
            }
            for threshold in THRESHOLDS
        ]
    return found


def least_threshold(curve: Sequence[dict[str, float]]) -> dict[str, float]:
    """The lowest threshold that keeps silent often enough, or the highest there is."""
    return next((one for one in curve if one["proposed"] <= GOAL), curve[-1])


def _click(
    name: str,
    where: str,
    shown: Shown,
    free: np.ndarray,
    methods: Sequence[Method],
    times: int,
    rng: np.random.Generator,
) -> Iterator[ClickedNothing]:
    places = np.flatnonzero(free)
    if not places.size:
        return
    for place in rng.choice(places, times):
        at = tuple(float(i) for i in np.unravel_index(int(place), free.shape))
        for method in methods:
            if free.ndim in method.dims:
                method.begin(shown)
                began = time.perf_counter()
                mask = method.click(at, False)
                seconds = time.perf_counter() - began
                yield ClickedNothing(name, where, at, method.name, bool(mask.any()), method.expected, seconds)


def _shared(count: int, among: int, rng: np.random.Generator) -> list[int]:
    """How many of ``count`` each gets."""
    if not among:
        return []
    return [int(times) for times in rng.multinomial(count, np.full(among, 1 / among))]
