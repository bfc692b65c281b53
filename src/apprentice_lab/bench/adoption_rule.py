"""How often the rule of adoption takes a version, asked with made-up objects of which all is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from apprentice_lab.bench import report
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.labels.gains import Tally, classes_tally, gain_of

_STROKE, _APART = (10, 80), 32  # pixels: how wide and long strokes are, and how far one is from the next


@dataclass(frozen=True)
class MadeUp:
    """The old version has a share of objects ``right``; the new one wins some of the others and loses some of these."""

    right: float
    wins: float
    loses: float

    @property
    def gain(self) -> float:
        """What the new version is truly better by, as a share of all objects."""
        return (1 - self.right) * self.wins - self.right * self.loses


CASES = (
    MadeUp(0.9, 0.1, 0.05),
    MadeUp(0.9, 0.3, 0.12),
    MadeUp(0.6, 0.3, 0.25),
    MadeUp(0.6, 0.3, 0.1),
    MadeUp(0.3, 0.5, 0.1),
    MadeUp(0.0, 0.6, 0.0),
)


def chance_taken(case: MadeUp, objects: int, draws: int, seed: int = 0, *, strokes: bool = False) -> float:
    """The share of ``draws`` in which the new version is taken, judged on so many objects or ``strokes``."""
    rng = np.random.default_rng(seed)
    tally = _strokes_tally if strokes else _tally
    taken = 0
    for _ in range(draws):
        old = rng.random(objects) < case.right
        chance = rng.random(objects)
        new = np.where(old, chance >= case.loses, chance < case.wins)
        gain = gain_of(tally(old), tally(new))
        taken += gain.is_sure and gain.value >= 0
    return taken / draws


def asked(objects: Sequence[int], draws: int) -> tuple[list[dict[str, Any]], Iterator[str]]:
    """Each case with what the rule makes of it by the number of objects, and the same as a table."""
    rows = [
        {
            **asdict(case),
            "gain": round(case.gain, 3),
            "taken": {str(n): chance_taken(case, n, draws) for n in objects},
            "strokes taken": {str(n): chance_taken(case, n, draws, strokes=True) for n in objects},
        }
        for case in CASES
    ]
    tables = []
    for of, what in (("taken", "objects"), ("strokes taken", "strokes")):
        head = ["truly better by", *(f"{n} {what}" for n in objects)]
        body = [[f"{row['gain']:+.3f}", *(f"{share:.3f}" for share in row[of].values())] for row in rows]
        tables.append(report.markdown(head, body))
    return rows, iter(tables)


def _tally(right: np.ndarray) -> Tally:
    found = right[:, None].astype(float)
    return Tally(found, np.ones_like(found), np.ones(1))


def _strokes_tally(right: np.ndarray) -> Tally:
    """Strokes of two classes in turn; one that is wrong is wrong all along, and takes the other class."""
    truth = np.zeros((1, _APART * len(right), _STROKE[1] + _APART), np.uint32)
    found = np.zeros_like(truth)
    for i, is_right in enumerate(right):
        along = slice(_APART * i, _APART * i + _STROKE[0]), slice(0, _STROKE[1])
        value = 1 + i % 2
        truth[0][along], found[0][along] = value, value if is_right else 3 - value
    return classes_tally(truth, found, np.where(truth > 0, AS_LABELLED, 0).astype(np.uint8), (1, 2))
