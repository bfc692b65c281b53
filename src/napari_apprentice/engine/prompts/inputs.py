"""What the network is told beside the image: clicks as small disks, the box filled, the mask so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.prompts.window import SIZE
from napari_apprentice.settings import NormalizeSettings

PROMPTS = 4  # inputs beside the image: clicks that add, that take away, box, mask
_NORMALIZE = NormalizeSettings()
# In: intensity and its logarithm, and what is told; out: the mask, and how good it is.
NET = NetSettings(in_channels=_NORMALIZE.inputs_per_channel + PROMPTS, out_channels=2)
RADIUS = 3.0  # network pixels of a click's disk
_FLAT = 1e-5  # of the largest value: closer to each other intensities are the same

Spot = tuple[float, float]


@dataclass(frozen=True)
class Prompt:
    """What was asked, in network pixels (y, x): clicks that add, that take away, a box (top, left, bottom, right)."""

    add: Sequence[Spot] = ()
    remove: Sequence[Spot] = ()
    box: tuple[float, float, float, float] | None = None
    mask: NDArray[np.float32] | None = field(default=None, compare=False)

    def with_click(self, at: Spot, *, remove: bool = False) -> Prompt:
        """One more click."""
        if remove:
            return replace(self, remove=(*self.remove, at))
        return replace(self, add=(*self.add, at))


def image_channels(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a window (SIZE, SIZE) shows, by its own darkest and brightest: intensity and its logarithm."""
    if np.ptp(pixels) <= _FLAT * np.abs(pixels).max():  # else what is shown is how numbers were rounded
        pixels = np.zeros_like(pixels)
    values = pixels[None, None]
    return fit(values, _NORMALIZE).apply(values)[:, 0]


def prompt_channels(prompt: Prompt) -> NDArray[np.float32]:
    """Clicks that add, that take away, box and mask, each (SIZE, SIZE)."""
    drawn = np.zeros((PROMPTS, SIZE, SIZE), np.float32)
    _disks(drawn[0], prompt.add)
    _disks(drawn[1], prompt.remove)
    if prompt.box is not None:
        top, left, bottom, right = (int(np.clip(round(edge), 0, SIZE)) for edge in prompt.box)
        drawn[2, top:bottom, left:right] = 1
    if prompt.mask is not None:
        drawn[3] = prompt.mask
    return drawn


def answer(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """From the network's logits (B, 2, 1, Y, X): how likely each pixel is of the object (B, Y, X), and its IoU (B)."""
    mask = logits[:, 0, 0].float().sigmoid()
    return mask, quality(logits, mask).sigmoid()


def quality(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The logit of the IoU that the network expects (B): the mean of its second channel over what it proposes."""
    weight = mask.detach() + 1e-3
    return (logits[:, 1, 0].float() * weight).sum((1, 2)) / weight.sum((1, 2))


def _disks(into: NDArray[np.float32], spots: Sequence[Spot]) -> None:
    reach = int(RADIUS) + 1
    for y, x in spots:
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        part = into[top : int(y) + reach + 1, left : int(x) + reach + 1]
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        part[np.hypot(rows - y, columns - x) <= RADIUS] = 1
