"""The images that speed is measured on: a sample, continued by mirroring to the size that is asked for."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume


def mirror(volume: Volume, edge: int) -> Volume:
    """The first frame and slice of a sample, continued by mirroring to ``edge`` pixels in y and x."""
    pixels = _to_size(np.asarray(volume.pixels)[:1, :, :1], edge)
    return Volume(pixels, spacing=volume.spacing, unit=volume.unit, name=f"{volume.name}-{edge}")


def plane(sample: str, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (C, 1, Y, X) and true objects (Y, X) uint32, numbered from 1: those of every mirrored copy are others."""
    volume, truth = samples.load(sample)
    pixels = np.asarray(mirror(volume, edge).pixels)[0]
    labels = np.asarray(truth)[0, 0]
    repeated = _to_size(labels, edge).astype(np.int64)
    row, column = (np.arange(edge) // n for n in labels.shape)
    copy = row[:, None] * (int(column.max()) + 1) + column
    _, numbered = np.unique(
        np.where(repeated > 0, 1 + repeated + copy * (int(labels.max()) + 1), 0), return_inverse=True
    )
    return pixels, numbered.reshape(repeated.shape).astype(np.uint32)


def _to_size(values: np.ndarray, edge: int) -> np.ndarray:
    """Mirrored or cut along the last two axes."""
    missing = [(0, 0)] * (values.ndim - 2) + [(0, max(0, edge - n)) for n in values.shape[-2:]]
    return np.asarray(np.pad(values, missing, mode="symmetric")[..., :edge, :edge])
