"""From an image's resolution to the network's and back, in the plane: the one rule for segmenting and teaching.

Along y and x an image of n pixels has ``round(n * zoom)`` network pixels; corners coincide. Along z nothing changes.
Pixels are normalised first and made logarithms last, so that what is averaged is light.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.settings import Triple


def network_shape(shape: Triple, zoom: float) -> Triple:
    """The shape (z, y, x) at network resolution of an image of ``shape``."""
    z, y, x = shape
    return z, max(1, round(y * zoom)), max(1, round(x * zoom))


def resize(stack: torch.Tensor, plane: tuple[int, int]) -> torch.Tensor:
    """Pixels (C, Z, Y, X) float32 to ``plane`` (y, x), linear; averaged over what a pixel covers when it shrinks."""
    if tuple(stack.shape[2:]) == plane:
        return stack
    channels, z = stack.shape[:2]
    flat = stack.reshape(channels * z, 1, *stack.shape[2:])
    # slice by slice: the antialiased kernel is slow and hungry on many channels at once
    out = [functional.interpolate(one[None], size=plane, mode="bilinear", antialias=True)[0] for one in flat]
    return torch.cat(out).reshape(channels, z, *plane)


def resize_labels(labels: np.ndarray, plane: tuple[int, int]) -> np.ndarray:
    """Labels (..., Y, X) of any dtype to ``plane``; each pixel takes the label at its centre."""
    rows, columns = (_centres(n, m) for n, m in zip(labels.shape[-2:], plane, strict=True))
    return np.ascontiguousarray(labels[..., rows[:, None], columns])


def covers_any(mask: np.ndarray, plane: tuple[int, int]) -> np.ndarray:
    """For each pixel of ``plane``, whether it touches any pixel of the boolean ``mask`` (..., Y, X)."""
    out = mask
    for axis, size in ((-2, plane[0]), (-1, plane[1])):
        length = mask.shape[axis]
        edges = np.arange(size + 1) * length / size
        first = np.floor(edges[:-1] + 1e-6).astype(np.int64)
        last = np.maximum(np.ceil(edges[1:] - 1e-6).astype(np.int64), first + 1)
        total = np.cumsum(out, axis=axis, dtype=np.int32)
        zero = np.zeros_like(np.take(total, [0], axis=axis))
        total = np.concatenate([zero, total], axis=axis)
        out = np.take(total, last, axis=axis) > np.take(total, first, axis=axis)
    return np.asarray(out)


def _centres(length: int, size: int) -> np.ndarray:
    """The pixel in which the centre of each of ``size`` pixels lies, of ``length`` pixels."""
    return np.minimum(((np.arange(size) + 0.5) * length / size).astype(np.int64), length - 1)
