"""What a network says to a user who clicks one object of an image until it is right."""

from __future__ import annotations

import numpy as np

from napari_apprentice.engine.practice.scenes import Box, Scene
from napari_apprentice.engine.practice.user import EXACT, MOST, Mask, Point, User, ious_of
from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.dialogue import Asked, Predict

_AROUND = 450  # pixels around an object that are enough to ask for it


def clicked(
    predict: Predict,
    scene: Scene,
    found: tuple[int, Box],
    rng: np.random.Generator,
    *,
    user: User = EXACT,
    until: float = 0.9,
    most: int = MOST,
) -> list[float]:
    """IoU after each click on an object (its number and box) of a scene, as of `ious_of`."""
    number, box = found
    around = tuple(slice(max(0, side.start - _AROUND), side.stop + _AROUND) for side in box)
    pixels, truth = scene.pixels[around], scene.labels[around] == number
    asked = Asked()

    def click(at: Point, remove: bool) -> Mask:
        nonlocal asked
        asked = dialogue.click(pixels, asked, (at[0], at[1]), predict, remove=remove)
        return np.zeros(truth.shape, bool) if asked.mask is None else asked.mask

    return ious_of(click, truth, user, rng, until, most=most)
