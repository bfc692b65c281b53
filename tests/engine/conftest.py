"""Small corrected images, tiny networks, and jobs of teaching."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.storage import scratch
from napari_apprentice.jobs import TeachJob, TrainingImageRef, VolumeRef
from napari_apprentice.settings import TeachSettings

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))
TINY_3D = NetSettings(dims=3, in_channels=2, widths=(8, 16), pools=((1, 2, 2),))
FEW = TeachSettings(max_steps=30, max_seconds=60, batch_size=4, patch=48, learning_rate=5e-3, threads=1)


def _disks(edge: int = 192, depth: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bright disks (spheres, cut by slices) of about 18 pixels on a dark ground: pixels, labels (Z, Y, X)."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:depth, :edge, :edge]
    labels = np.zeros((depth, edge, edge), np.uint32)
    number = 0
    for row in range(14, edge - 10, 26):
        for column in range(14, edge - 10, 26):
            number += 1
            cy, cx = np.array([row, column]) + rng.integers(-2, 3, 2)
            r = rng.uniform(8, 10)
            labels[((z - depth // 2) * 2.0) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= r * r] = number
    pixels = np.where(labels > 0, 150.0, 40.0) + rng.normal(0, 8, labels.shape)
    return pixels.astype(np.float32), labels


def _corrected(labels: np.ndarray, count: int | None = None, planes: slice = slice(None)) -> np.ndarray:
    """What is confirmed (Z, Y, X) when the first ``count`` objects were approved, and some background painted."""
    confirmed = np.zeros(labels.shape, np.uint8)
    ids = [i for i in np.unique(labels) if i][:count]
    confirmed[planes][np.isin(labels[planes], ids)] = 2
    stripes = np.zeros(labels.shape, bool)
    stripes[planes, ::26] = True
    confirmed[stripes & (labels == 0)] = 1
    return confirmed


def _job(folder: Path, pixels: np.ndarray, labels: np.ndarray, confirmed: np.ndarray, **changes: object) -> TeachJob:
    """A job of teaching on one frame; pixels (Z, Y, X) or (C, Z, Y, X)."""
    pixels = pixels if pixels.ndim == 4 else pixels[None]
    folder.mkdir(parents=True, exist_ok=True)
    ref = TrainingImageRef(
        image=VolumeRef(pixels=scratch.write(folder / "pixels.npy", pixels[None]), name="disks"),
        labels=scratch.write(folder / "labels.npy", labels[None].astype(np.uint32)),
        confirmed=scratch.write(folder / "confirmed.npy", confirmed[None]),
    )
    values = {
        "id": "teach-1",
        "kind": "instances",
        "training_data": (ref,),
        "net": TINY,
        "settings": FEW,
        "out": str(folder / "v1.safetensors"),
    }
    return TeachJob(**(values | changes))


@pytest.fixture
def disks():
    return _disks


@pytest.fixture
def corrected():
    return _corrected


@pytest.fixture
def job():
    return _job
