"""From a `Volume` to the layer of an image that shows it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from napari.layers import Image

from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.shown_array import ShownArray, Teller

_LOOKED_THROUGH = 1 << 24  # pixels


def image_layer_of(volume: Volume) -> tuple[Image, LayerReading]:
    """A layer that shows an image of the project again, and how it is read."""
    pixels, options, reading = shown_as(volume)
    return Image(pixels, **options), reading


def shown_as(volume: Volume) -> tuple[Any, dict[str, Any], LayerReading]:
    """The array and the options of a layer that shows an image, and how it is read. Channels come first.

    A pyramid is a list of arrays, the finest first.
    """
    t, c, z, _, _ = volume.pixels.shape
    rgb = bool(volume.metadata.get("rgb")) and c in (3, 4)
    letters = "".join(a for a, n in zip("CTZ", (1 if rgb else c, t, z), strict=True) if n > 1) + "YX"
    teller = Teller()
    pixels = [_for_the_eye(_shown(level, letters, rgb), teller) for level in (volume.pixels, *volume.levels)]
    steps = dict(zip("ZYX", volume.spacing, strict=True))
    options = {
        "rgb": rgb,
        "name": volume.name,
        "scale": [steps.get(a, 1.0) for a in letters],
        "units": [volume.unit if a in steps else PIXEL for a in letters],
        "axis_labels": [a.lower() for a in letters],
    }
    reading = LayerReading(letters + ("S" if rgb else ""))
    if not volume.levels:
        return pixels[0], options, reading
    return (
        pixels,
        {**options, "multiscale": True, **({} if rgb else contrast_of(_for_the_eye(volume.levels[-1], teller)))},
        reading,
    )


def _shown(pixels: Any, letters: str, rgb: bool) -> Any:
    """Pixels (T, C, Z, Y, X) with only these axes, channels first; red, green and blue last."""
    turned = pixels.transpose(1, 0, 2, 3, 4)
    kept = turned[tuple(slice(None) if a in letters or (a == "C" and rgb) else 0 for a in "CTZYX")]
    return kept.transpose(*range(1, kept.ndim), 0) if rgb else kept


def _for_the_eye(array: Any, teller: Teller) -> Any:
    return ShownArray(array, teller) if isinstance(array, LazyArray) else array


def contrast_of(coarsest: Any) -> dict[str, Any]:
    """Contrast limits of all channels, frames and slices, where napari would take those of the slice it shows first."""
    if math.prod(coarsest.shape) > _LOOKED_THROUGH or np.dtype(coarsest.dtype) == np.uint8:
        return {}
    values = np.asarray(coarsest)
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0, 0)
    return {"contrast_limits": (float(low), float(high))} if low < high else {}
