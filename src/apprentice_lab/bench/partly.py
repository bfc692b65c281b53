"""What somebody with little time would have annotated of an image of which all is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.settings import Triple

_OBJECTS = 1 / 3
_BACKGROUND = 0.05  # of all background
_STROKE = 12  # pixels along an edge
EVERY = 8  # slices of which one is annotated


def confirmed_part(labels: NDArray[np.uint32], seed: int) -> NDArray[np.uint8]:
    """What is confirmed (0 unknown, 1 background, 2 as labelled) of labels (Z, Y, X), of an image or a volume.

    Of an image a third of the objects, each whole, and some strokes of background; of a volume every eighth slice.
    """
    if labels.shape[0] > 1:
        found = np.zeros(labels.shape, np.uint8)
        start = min(EVERY // 2, labels.shape[0] // 2)
        found[start::EVERY] = np.where(labels[start::EVERY] > 0, AS_LABELLED, BACKGROUND)
        return found
    rng = np.random.default_rng(seed)
    ids = np.unique(labels[labels > 0])
    chosen = rng.permutation(ids)[: max(1, round(_OBJECTS * len(ids)))]
    found = np.where(np.isin(labels, chosen), AS_LABELLED, 0).astype(np.uint8)
    empty = labels == 0
    while (found == BACKGROUND).sum() < _BACKGROUND * empty.sum():
        stroke = _stroke(labels.shape, rng)
        found[stroke][empty[stroke]] = BACKGROUND
    return found


def _stroke(shape: Triple | tuple[int, ...], rng: np.random.Generator) -> tuple[slice, slice, slice]:
    y, x = (int(rng.integers(max(1, n - _STROKE + 1))) for n in shape[1:])
    return slice(None), slice(y, y + _STROKE), slice(x, x + _STROKE)
