"""Electron microscopy with the boundaries of its objects: ``em_fib25``, one stack of isotropic voxels of 10 nm.

Train is cut along z: the last sections are the fold, with a gap between, since neighbours are nearly the same. A stack
whose voxels are as deep as wide can be cut into sections three ways. Boundaries are marked section by section, so each
way has its own (`boundaries.between`), and a volume must not be tilted: it would carry those of another way.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from apprentice_lab.recipes.images import read_stacks
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.scoring import boundaries
from apprentice_lab.sets import pictures
from napari_apprentice.engine.augment import Augmentation

VOXEL = 10.0  # nm
PARTS = {"train": ("train", slice(0, 130)), "fold": ("train", slice(135, 150)), "dev": ("dev", slice(None))}
_WAYS = {"xy": (0, 1, 2), "xz": (1, 0, 2), "yz": (2, 0, 1)}  # which axes become sections, rows and columns
_SHARES = {"xy": 0.5, "xz": 0.25, "yz": 0.25}

VARIED = Augmentation(
    scale=(0.75, 1.35), contrast=0.25, gamma=0.25, noise=0.08, blur=0.25, invert=0.05, dim_objects=0.0, elastic=2.0
)


def read_examples(data: Path, split: str) -> list[AnnotatedImage]:
    """The stack of a split, (Z, Y, X), and for training the other two ways to cut it; 1 is boundary."""
    given, sections = PARTS[split]
    (stack,) = read_stacks(pictures(data / "em_fib25", given))
    pixels, labels = stack.pixels[sections], stack.labels[sections]
    ways = _WAYS if split == "train" else ("xy",)
    return [_cut(pixels, labels, way) for way in ways]


def shares_of(examples: list[AnnotatedImage]) -> np.ndarray:
    """How often each is drawn: models are judged, and mostly used, on the sections that were taken."""
    shares = np.array([_SHARES[example.name] for example in examples])
    return np.asarray(shares / shares.sum())


def _cut(pixels: np.ndarray, labels: np.ndarray, way: str) -> AnnotatedImage:
    image, ids = (np.ascontiguousarray(array.transpose(_WAYS[way])) for array in (pixels, labels))
    return AnnotatedImage(way, "em_fib25", "em_fib25", image, boundaries.between(ids))
