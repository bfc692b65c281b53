"""How a prediction is decoded, chosen on the corrections that taught; never on those set aside."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from napari_apprentice.engine.judging import Exam, Verdict, marks
from napari_apprentice.settings import DecodeSettings

_CHOICES = {
    "foreground": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "prominence": (0.1, 0.2, 0.3, 0.4, 0.55),
    "edge": (0.0, 0.3, 0.5, 0.7),
    "confidence": (0.0,),
}
_FEWEST = 6  # whole objects
_SMALLEST = 0.15  # of a typical object


def decoding(
    exams: Sequence[Exam], verdict: Verdict, first: DecodeSettings, *, sections: bool
) -> Generator[None, None, DecodeSettings]:
    """The best decoding of the predictions in ``verdict``; yields after each try.

    One setting after the other: each depends little on the others. Of equals the one nearest to ``first`` stays.
    """
    best = first.model_copy(update={"confidence": 0.0, "min_size": _min_size(exams, first)})
    top, objects = _score(exams, verdict, best, sections=sections)
    if objects < _FEWEST:
        return best
    for name, values in _CHOICES.items():
        for value in values:
            tried = best.model_copy(update={name: value})
            if tried == best:
                continue
            score, _ = _score(exams, verdict, tried, sections=sections)
            yield
            if score > top + 0.005:
                best, top = tried, score
    return best


def _score(exams: Sequence[Exam], verdict: Verdict, settings: DecodeSettings, *, sections: bool) -> tuple[float, int]:
    found = marks(exams, verdict, settings, sections=sections)
    objects = found[0].true_positives + found[0].false_negatives
    return float(np.mean([one.average_precision for one in found])), objects


def _min_size(exams: Sequence[Exam], first: DecodeSettings) -> int:
    sizes = [size for exam in exams for size in _sizes(exam)]
    return int(max(4, _SMALLEST * float(np.median(sizes)))) if len(sizes) >= _FEWEST else min(12, first.min_size)


def _sizes(exam: Exam) -> list[int]:
    """Voxels of what is vouched for of each object."""
    inside = exam.labels[(exam.vouched == 2) & (exam.labels > 0)]
    return np.unique(inside, return_counts=True)[1].tolist() if inside.size else []
