"""How bright an image is shown: windows of computed tomography, what the file proposes, and ranges of the image itself.

A window is a level, which is shown as middle grey, and a width, over which grey goes from black to white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_apprentice.data.image.volume import Volume

_SLICES = 9  # of a volume are looked at
_EDGE = 512  # and at most so many rows and columns of each
_SURELY_AIR = -500.0  # Hounsfield units: nothing else is as low in a volume without a modality
_LOW, _HIGH = 1.0, 99.0  # percentiles


@dataclass(frozen=True)
class DisplayWindow:
    """A way to show grey values: ``level`` is the middle, ``width`` the distance from black to white."""

    name: str
    level: float
    width: float

    @property
    def limits(self) -> tuple[float, float]:
        """Black and white."""
        return self.level - self.width / 2, self.level + self.width / 2


# In Hounsfield units (air -1000, water 0). Brain, lung and bone as in Radiopaedia's article "Windowing (CT)"; soft
# tissue and liver are in wide use too. Hospitals differ by some tens.
COMPUTED_TOMOGRAPHY = (
    DisplayWindow("soft tissue", 40, 400),
    DisplayWindow("lung", -600, 1500),
    DisplayWindow("bone", 400, 1800),
    DisplayWindow("brain", 40, 80),
    DisplayWindow("liver", 60, 150),
)


def is_medical(volume: Volume) -> bool:
    """Whether an image comes from a scanner of patients: it says its modality, or where it lies in one."""
    return bool(volume.metadata.get("modality") or volume.metadata.get("affine"))


def windows_of(volume: Volume) -> tuple[DisplayWindow, ...]:
    """The windows that make sense for an image: the file's own, those of its kind, and ranges of its values.

    Of a volume some slices are looked at.
    """
    sample = _sample(volume.pixels)
    found = []
    told = volume.metadata.get("window")
    if told is not None:
        found.append(DisplayWindow("as the file says", float(told[0]), float(told[1])))
    if _in_hounsfield_units(volume, sample):
        found += COMPUTED_TOMOGRAPHY
    if sample.size:
        low, high = np.percentile(sample, (_LOW, _HIGH))
        found.append(_between("percentiles 1 to 99", low, high))
        found.append(_between("full range", sample.min(), sample.max()))
    return tuple(one for one in found if one.width > 0)


def _in_hounsfield_units(volume: Volume, sample: Any) -> bool:
    modality = str(volume.metadata.get("modality", ""))
    return modality == "CT" or (not modality and sample.size > 0 and float(sample.min()) <= _SURELY_AIR)


def _between(name: str, low: float, high: float) -> DisplayWindow:
    return DisplayWindow(name, float(low + high) / 2, float(high) - float(low))


def _sample(pixels: Any) -> Any:
    """Finite values from slices all over a volume (T, C, Z, Y, X)."""
    t, _, z, y, x = pixels.shape
    slices = np.unique(np.linspace(0, z - 1, min(_SLICES, z)).astype(int))
    rows, columns = -(-y // _EDGE), -(-x // _EDGE)
    values = np.concatenate([np.asarray(pixels[t // 2, :, int(k), ::rows, ::columns]).ravel() for k in slices])
    return values[np.isfinite(values)] if values.dtype.kind == "f" else values
