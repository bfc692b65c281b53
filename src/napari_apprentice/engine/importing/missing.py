"""What is missing once a network was tried: meanings of outputs, offsets, intensities, activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from napari_apprentice.data.travel.meanings import (
    AFFINITIES,
    APART,
    IGNORED,
    WORDS,
    meant,
    outputs_in_words,
    word_of,
    words_of,
)
from napari_apprentice.engine.importing.not_told import NotTold
from napari_apprentice.engine.importing.source import Source
from napari_apprentice.jobs import AskedOfModel, ImportModelJob, Untold

_NEAR = 1e-3  # a probability may be off by


def refuse_untold(job: ImportModelJob, source: Source, maps: np.ndarray, dims: Literal[2, 3]) -> None:
    """`NotTold` with all that is missing, after a look at the maps (N, Z, Y, X) that the network gives."""
    words = job.outputs or words_of(source.names, len(maps))
    low, high = _span(maps, words)
    sentences: dict[AskedOfModel, str] = {}
    if source.told is None and not words:
        sentences["outputs"] = (
            f"What the {outputs_in_words(len(maps))} of {source.name} mean is not told in its file: give --outputs "
            f"with a word for each ({', '.join(WORDS)}, or names of classes after background)."
        )
    offsets = job.offsets or source.offsets
    if {AFFINITIES, APART} & set(words) and not offsets:
        sentences["offsets"] = (
            f"Which pixels the affinities of {source.name} are of is not told in its file: give --offsets, z y x for "
            "each."
        )
    elif words:  # what is said has to fit before more is asked for
        meant(words, len(maps), offsets, dims, source.name)
    if job.normalize is None and source.normalize is None:
        sentences["normalize"] = (
            f"How {source.name} wants intensities is not told in its file: give --normalize (percentiles: 1 and 99.8 "
            'become 0 and 1; mean: mean 0 and deviation 1; "0 to 1": lowest and highest; values: as they are).'
        )
    is_silent = job.activation is None and source.activation == "none" and source.told is None
    if is_silent and (low < -_NEAR or high > 1 + _NEAR):
        sentences["activation"] = (
            f"The outputs of {source.name} are not between 0 and 1 ({low:.3g} to {high:.3g}): give --activation "
            "sigmoid, softmax or none."
        )
    if sentences:
        known = [word_of(name) for name in source.names] if len(source.names) == len(maps) else [""] * len(maps)
        untold = Untold(name=source.name, asks=tuple(sentences), outputs=tuple(words or known), span=(low, high))
        raise NotTold(list(sentences.values()), untold)


def _span(maps: np.ndarray, words: Sequence[str]) -> tuple[float, float]:
    """The lowest and the highest value of the outputs that are used."""
    used = maps[[i for i, word in enumerate(words) if word != IGNORED]] if len(words) == len(maps) else maps
    there = used[np.isfinite(used)]
    return (float(there.min()), float(there.max())) if there.size else (0.0, 1.0)
