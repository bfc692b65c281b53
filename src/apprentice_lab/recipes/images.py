"""Annotated images of a set as recipes learn from them: of one channel, or volumes as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.sets import Picture, training_part


def read_set(folder: Path, split: str) -> list[AnnotatedImage]:
    """The images of `split`, "train", "fold" (held out of train) or "dev", in one channel (Y, X)."""
    return [_flat(one) for one in training_part(folder, split)]


def read_stacks(pictures: Sequence[Picture]) -> list[AnnotatedImage]:
    """Volumes of one channel, (Z, Y, X)."""
    return [read_stack(one) for one in pictures]


def read_stack(picture: Picture) -> AnnotatedImage:
    """A volume of one channel, (Z, Y, X)."""
    volume, labels = picture.read()
    return AnnotatedImage(picture.name, picture.kind, picture.group, np.asarray(volume.pixels)[0, 0], labels[0])


def luminance(image: np.ndarray) -> np.ndarray:
    """One channel (Y, X) of a gray or RGB image (Rec. 601)."""
    if image.ndim == 2:
        return image
    gray: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return gray


def _flat(picture: Picture) -> AnnotatedImage:
    volume, labels = picture.read()
    channels = np.asarray(volume.pixels)[0, :, 0]
    if len(channels) == 1:
        return AnnotatedImage(picture.name, picture.kind, picture.group, channels[0], labels[0, 0])
    gray = luminance(np.ascontiguousarray(np.moveaxis(channels, 0, -1)))
    return AnnotatedImage(picture.name, picture.kind, picture.group, gray, labels[0, 0], channels[:3])
