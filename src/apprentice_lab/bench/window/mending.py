"""One mistake after the other is mended, and the image is gone through field by field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np

from apprentice_lab.bench.interact_mistakes import Labels, Mistake, middles
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_times import Mended
from apprentice_lab.bench.window.paced import Paced

MOST_TRIES = 3
_CORE = 0.8  # of what is seen at once: the rest is seen with the next field, too


class Tools(Protocol):
    """How one user mends, on the sheet that is open."""

    paced: Paced

    @property
    def labels(self) -> Labels:
        """The labels (Y, X) so far."""

    def attempt(self, sheet: Sheet, mistake: Mistake, tries: int, *, changed: bool) -> None:
        """Do what mends a mistake, having tried so often before; ``changed``: the last try did something."""


class Log:
    """What was done so far about which of so many mistakes."""

    def __init__(self, mistakes: int) -> None:
        self.mistakes = mistakes
        self.rows: list[Mended] = []
        self._tried: list[Mistake] = []

    @property
    def is_over(self) -> bool:
        """Whether all were found."""
        return len(self.rows) == self.mistakes

    def has(self, mistake: Mistake) -> bool:
        """Whether something was done about it."""
        return any(one is mistake for one in self._tried)

    def add(self, mistake: Mistake, row: Mended) -> None:
        """Something was."""
        self._tried.append(mistake)
        self.rows.append(row)


def mend(tools: Tools, sheet: Sheet, mistake: Mistake, log: Log) -> None:
    """Try until it is right, at most three times; an answer that is wrong is read."""
    paced, before, tries = tools.paced, tools.paced.effort, 0
    is_right = changed = False
    while not is_right and tries < MOST_TRIES:
        if tries:
            paced.read()
        labels = tools.labels.copy()
        tools.attempt(sheet, mistake, tries, changed=changed)
        changed = bool((tools.labels != labels).any())
        tries += 1
        is_right = sheet.spoiled.is_mended(mistake, tools.labels)
    log.add(mistake, Mended(sheet.name, mistake.kind, tries, is_right, paced.effort - before, paced.seconds))


@dataclass(frozen=True)
class Field:
    """What is seen at once around a ``middle`` (y, x), and the part of it (y, x) that no other field has."""

    middle: tuple[float, float]
    core: tuple[tuple[float, float], tuple[float, float]]

    def holds(self, at: tuple[float, float]) -> bool:
        """Whether a place lies in its core."""
        return all(start <= i < stop for i, (start, stop) in zip(at, self.core, strict=True))


def fields_of(shape: Sequence[int], seen: Sequence[float]) -> Iterator[Field]:
    """All of an image (Y, X), row by row and back, of which so many pixels are seen at once."""
    counts = [max(1, math.ceil(n / (_CORE * part))) for n, part in zip(shape, seen, strict=True)]
    steps = [n / count for n, count in zip(shape, counts, strict=True)]
    for row, column in product(range(counts[0]), range(counts[1])):
        at = (row, column if row % 2 == 0 else counts[1] - 1 - column)
        top, left = ((i * step, (i + 1) * step) for i, step in zip(at, steps, strict=True))
        yield Field(((top[0] + top[1]) / 2, (left[0] + left[1]) / 2), (top, left))


def typical_width(labels: Labels) -> float:
    """Of an object, in pixels."""
    sizes = np.bincount(labels.ravel())[1:]
    return 2 * math.sqrt(float(np.median(sizes[sizes > 0])) / math.pi)


def go_through(
    tools: Tools, sheet: Sheet, share: float, log: Log, needs_no_look: Callable[[int], bool] = lambda number: False
) -> None:
    """Field by field: every object is read, and what is wrong is mended, until no mistake is left.

    A typical object takes a ``share`` of the shorter side of the canvas. Objects that need no look are not read.
    """
    paced = tools.paced
    paced.zoom_to(share * min(paced.canvas.size) / typical_width(sheet.spoiled.truth))
    seen = [n / paced.canvas.zoom for n in paced.canvas.size]
    for one in fields_of(sheet.spoiled.truth.shape, seen):
        paced.pan_to(one.middle)
        there = [number for number, at in middles(tools.labels) if one.holds(at)]
        paced.read(sum(not needs_no_look(number) for number in there))
        for mistake in sheet.mistakes:
            y, x = np.argwhere(mistake.site).mean(axis=0)
            if log.has(mistake) or not one.holds((float(y), float(x))):
                continue
            if not tools.labels[mistake.site].any():  # no label there was read
                paced.read()
            paced.see(mistake.site)
            mend(tools, sheet, mistake, log)
            if log.is_over:
                return
