"""Blobs with wavy outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Blob:
    """A shape in an image: where it is, and how far out each pixel of that box lies (0 centre, 1 outline)."""

    box: tuple[slice, slice]
    depth: Field

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which pixels of the box belong to it."""
        return np.asarray(self.depth < 1)


def blob(
    shape: Sequence[int],
    centre: Sequence[float] | Field,
    radii: Sequence[float],
    angle: float,
    rng: np.random.Generator,
    wobble: float = 0.06,
) -> Blob:
    """An ellipse with ``radii`` (along, across) turned by ``angle``, its outline waving by the share ``wobble``."""
    reach = max(radii) * (1 + 4 * wobble) + 2
    box = tuple(
        slice(max(0, int(c - reach)), max(1, min(n, int(c + reach) + 1))) for c, n in zip(centre, shape, strict=True)
    )
    yy, xx = (np.arange(s.start, s.stop) - c for s, c in zip(box, centre, strict=True))
    along = np.cos(angle) * xx + np.sin(angle) * yy[:, None]
    across = -np.sin(angle) * xx + np.cos(angle) * yy[:, None]
    theta = np.arctan2(across / radii[1], along / radii[0])
    outline = np.ones_like(theta)
    for wave in range(2, 6):
        amplitude, phase = rng.normal(0, wobble / np.sqrt(wave)), rng.uniform(0, 2 * np.pi)
        outline += amplitude * np.cos(wave * theta + phase)
    depth = np.hypot(along / radii[0], across / radii[1]) / np.maximum(outline, 0.3)
    return Blob((box[0], box[1]), depth)
