"""What a network sees of an image: read tile by tile, at network resolution, so that large images stay on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.data.image.channels import luminance
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.normalize import Scaling, fit
from napari_apprentice.engine.resample import resize
from napari_apprentice.settings import Triple


def seen_by_network(header: ModelHeader, pixels: NDArray[Any]) -> NDArray[Any]:
    """Of a part of an image (C, Z, Y, X) what its network sees: all channels, or their luminance."""
    is_gray = header.live is not None and header.live.from_gray
    return np.asarray(luminance(np.asarray(pixels)[None])[0]) if is_gray else pixels


def scaling_for(header: ModelHeader, pixels: NDArray[Any]) -> Scaling:
    """How intensities of an image (C, Z, Y, X) become inputs; where its network sees luminance, that comes last."""
    scaling, gray = fit(pixels, header.normalize), seen_by_network(header, pixels)
    if gray is pixels:
        return scaling
    last = fit(gray, header.normalize)
    return scaling.beside(last)


def inputs_for(header: ModelHeader, pixels: NDArray[Any], shape: Triple, scaling: Scaling) -> NetworkInputs:
    """What the network of a model sees of a frame, with `scaling_for` the image."""
    seen = seen_by_network(header, pixels)
    return NetworkInputs(seen, shape, scaling if seen is pixels else scaling.only(slice(len(pixels), None)))


class NetworkInputs:
    """Network inputs of one frame (C, Z, Y, X), anything with NumPy's slicing, at ``shape`` (z, y, x).

    Slices are resampled once each; those that no later tile needs (tiles come ordered along z) are dropped.
    """

    def __init__(self, pixels: np.ndarray, shape: Triple, scaling: Scaling) -> None:
        self.shape = shape
        self._pixels = pixels
        self._scaling = scaling
        self._same = tuple(pixels.shape[1:]) == tuple(shape)
        self._slices: dict[int, np.ndarray] = {}

    def read(self, part: Slices, shape: Triple) -> np.ndarray:
        """Inputs (C * inputs, z, y, x) of a part, mirrored at the far ends up to ``shape``."""
        values = self._linear(part)
        short = [(0, n - m) for n, m in zip(shape, values.shape[1:], strict=True)]
        if any(more for _, more in short):
            values = np.pad(values, [(0, 0), *short], mode="symmetric")
        return self._scaling.with_logarithm(values)

    def _linear(self, part: Slices) -> np.ndarray:
        z, y, x = part
        if self._same:
            return self._scaling.linear_part(self._pixels, part)
        for old in [known for known in self._slices if known < z.start]:
            del self._slices[old]
        for i in range(z.start, z.stop):
            if i not in self._slices:
                self._slices[i] = self._resized(i)
        return np.stack([self._slices[i][:, y, x] for i in range(z.start, z.stop)], axis=1)

    def _resized(self, z: int) -> np.ndarray:
        linear = self._scaling.linear(np.asarray(self._pixels[:, z : z + 1]))
        return np.asarray(resize(torch.from_numpy(linear), self.shape[1:])[:, 0].numpy())
