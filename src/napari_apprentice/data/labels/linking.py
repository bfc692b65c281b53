"""Objects through time: the same id where they overlap from one frame to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.scores import partners

LEAST_OVERLAP = 0.2  # IoU of an object with itself a frame later; a disc that moves by half its width has .24


def link_frame(before: NDArray[Any], now: NDArray[Any], free: int) -> tuple[NDArray[np.uint32], int]:
    """The objects of a frame under the ids of those ``before`` that they are, new ones from ``free`` on.

    Pairs are chosen so that as many as possible overlap by `LEAST_OVERLAP`, each at most once: of two daughters of a
    division one goes on under the mother's id.

    Parameters
    ----------
    before, now
        Ids of two frames (Z, Y, X), 0 being background.
    free
        The lowest id that was not given yet.

    Returns
    -------
    The frame under its new ids, and the lowest id that is free now.
    """
    names = np.unique(now[now > 0])
    table = np.zeros(int(now.max(initial=0)) + 1, np.uint32)
    old, new = partners(before, now, LEAST_OVERLAP)
    table[new] = old
    strangers = names[table[names] == 0]
    table[strangers] = np.arange(free, free + len(strangers), dtype=np.uint32)
    return table[now], free + len(strangers)
