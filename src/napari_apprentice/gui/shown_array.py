"""What napari shows of an image that is read as it is needed: also where the file turns out to be damaged."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.utils.notifications import show_warning
from numpy.typing import NDArray

from napari_apprentice.data.files.one_sentence import in_one_sentence
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.errors import UserError


class Teller:
    """Tells about one image."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, sentence: str) -> None:
        """Each sentence once."""
        if sentence not in self._said:
            self._said.add(sentence)
            show_warning(f"{sentence} What cannot be read is shown in black.")


class ShownArray(LazyArray):
    """An array for a layer, in which what cannot be read is 0, and it is said why.

    Nobody measures on it: ``whole`` is the array that is segmented, and that raises `UserError`.
    """

    def __init__(self, whole: LazyArray, teller: Teller) -> None:
        super().__init__(_ForTheEye(whole, teller))
        self.whole = whole


def whole_of(array: Any) -> Any:
    """An array of a layer as it is segmented."""
    return array.whole if isinstance(array, ShownArray) else array


def in_one_sentence_of(array: Any, name: str) -> Any:
    """An array that somebody else reads as it is needed (zarr, dask): what goes wrong with that is one sentence."""
    if isinstance(array, np.ndarray | LazyArray):
        return array
    return LazyArray(array, reading=partial(in_one_sentence, Path(name)))


class _ForTheEye:
    """What can be sliced, of a lazy array."""

    def __init__(self, whole: LazyArray, teller: Teller) -> None:
        self._whole, self._teller = whole, teller
        self.shape, self.dtype, self.chunks = whole.shape, whole.dtype, whole.chunks

    def __getitem__(self, key: Any) -> NDArray[Any]:
        part = self._whole[key]
        try:
            return np.asarray(part)
        except UserError as error:
            self._teller.say(str(error))
            return np.zeros(part.shape, part.dtype)
