"""The network that is asked, slice and sections, behind the protocol by which clicks are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.clicks.methods import Shown
from napari_apprentice.engine.prompts import volume
from napari_apprentice.engine.prompts.dialogue import Predict
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.volume import AskedVolume


class ClickInVolume:
    """Asked for one object after the other; what smoothing a volume needs is found for each anew."""

    name = "click network"  # the same that answers in 2D
    dims: tuple[int, ...] = (3,)

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self.expected: float | None = None

    def begin(self, image: Shown) -> None:
        """Ask about another object."""
        z, y, x = image.spacing
        self._volume = Volume.of(image.pixels, (z, y, x))
        self._asked = AskedVolume()

    def click(self, at: tuple[float, ...], remove: bool) -> NDArray[np.bool_]:
        """The mask (Z, Y, X) after one more click at (z, y, x)."""
        z, y, x = at
        self._asked = volume.click(self._volume, self._asked, (z, y, x), self._predict, remove=remove)
        self.expected = self._asked.iou
        mask = np.zeros(self._volume.shape, bool)
        if (piece := self._asked.piece) is not None:
            mask[piece.box] = piece.mask
        return mask
