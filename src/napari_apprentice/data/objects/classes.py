"""Of which class the objects of an image are: as users said, and as is proposed for all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.objects.table import found_in

NAME, PROBABILITY, BY_HAND = "class", "class_probability", "class_by_hand"  # what the columns are called


@dataclass(frozen=True, eq=False)
class ObjectClasses:
    """Classes of objects by their ``keys`` (n,), ascending (`data.objects.table.keys_of`).

    ``values`` are 0 for those of which nothing is known; ``probability`` is 1 where the user said so (``by_hand``).
    """

    keys: NDArray[np.int64]
    values: NDArray[np.int64]
    probability: NDArray[np.float64]
    by_hand: NDArray[np.bool_]
    names: Mapping[int, str]
    colors: Mapping[int, str]

    def columns(self, keys: ArrayLike) -> dict[str, NDArray[np.generic]]:
        """The columns of objects in this order: the name of the class, how likely it is, 1 where the user said so."""
        keys = np.asarray(keys, np.int64)
        rows, there = found_in(self.keys, keys)
        values, by_hand = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        probability = np.full(len(keys), np.nan)
        values[there], by_hand[there], probability[there] = (
            self.values[rows],
            self.by_hand[rows],
            self.probability[rows],
        )
        probability[values == 0] = np.nan
        names = np.array([self.names.get(int(one), "") for one in values], object)
        return {NAME: names, PROBABILITY: probability, BY_HAND: by_hand}

    def value_of(self, keys: ArrayLike) -> NDArray[np.int64]:
        """The class of each, 0 where none is known."""
        keys = np.asarray(keys, np.int64)
        rows, there = found_in(self.keys, keys)
        found = np.zeros(len(keys), np.int64)
        found[there] = self.values[rows]
        return found

    @property
    def counts(self) -> dict[int, int]:
        """How many objects are of each class, by its value."""
        return {value: int((self.values == value).sum()) for value in self.names}
