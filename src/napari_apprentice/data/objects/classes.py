"""Of which class the objects of an image are: as users said, and as is proposed for all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
        rows = self._rows(np.asarray(keys, np.int64))
        known = rows >= 0
        values = np.where(known, self.values[rows], 0) if len(self.keys) else np.zeros(len(rows), np.int64)
        names = np.array([self.names.get(int(one), "") for one in values], object)
        probability = np.full(len(rows), np.nan)
        by_hand = np.zeros(len(rows), np.int64)
        if len(self.keys):
            probability[values > 0] = self.probability[rows][values > 0]
            by_hand[known] = self.by_hand[rows][known]
        return {NAME: names, PROBABILITY: probability, BY_HAND: by_hand}

    def value_of(self, keys: ArrayLike) -> NDArray[np.int64]:
        """The class of each, 0 where none is known."""
        rows = self._rows(np.asarray(keys, np.int64))
        return np.where(rows >= 0, self.values[rows], 0) if len(self.keys) else np.zeros(len(rows), np.int64)

    @property
    def counts(self) -> dict[int, int]:
        """How many objects are of each class, by its value."""
        return {value: int((self.values == value).sum()) for value in self.names}

    def _rows(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(self.keys) == 0:
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)
