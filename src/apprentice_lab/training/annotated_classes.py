"""Volumes with classes, as recipes and benches have them: as sources of patches; and where a network decides."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.labels import classes
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import fit
from napari_apprentice.settings import NormalizeSettings, Triple

_MOST_PLACES = 10_000


def class_source(
    pixels: np.ndarray,
    labels: np.ndarray,
    normalize: NormalizeSettings,
    confirmed: np.ndarray | None = None,
    patch: Triple = (1, 1, 1),
) -> Source:
    """A source from pixels (C, Z, Y, X) and classes (Z, Y, X), worth looking at wherever anything is known.

    Places are such that a `patch` (z, y, x) around them sees as much of the image as it can.

    `confirmed` (0 unknown, 1 background, 2 as labelled) says what is known of the labels; None: all of them. A volume
    of fewer slices than a patch is mirrored at its far end, as it is when it is predicted; nothing is known there.
    """
    known = np.where(labels > 0, AS_LABELLED, BACKGROUND) if confirmed is None else confirmed
    image = fit(pixels, normalize).linear(pixels)
    more = ((0, max(0, patch[0] - len(labels))), (0, 0), (0, 0))
    image = np.pad(image, ((0, 0), *more), mode="symmetric")
    target, weight = classes.encode(np.pad(labels, more), np.pad(known, more, constant_values=UNKNOWN))
    tensor = torch.from_numpy
    return Source(tensor(image), tensor(target), tensor(weight), centres=_places(known, patch), kind="classes")


def shift_decision(net: nn.Module, decision: float) -> None:
    """Let the probability .5 of the net's only class stand where `decision` stood."""
    with torch.no_grad():
        net.get_parameter("head.bias").sub_(math.log(decision / (1 - decision)))


def _places(known: np.ndarray, patch: Triple) -> np.ndarray:
    """Known voxels (n, 3) z, y, x, evenly from all, moved inwards in the plane until a patch does not look outside."""
    places = np.argwhere(known != UNKNOWN)
    places = places[:: max(1, len(places) // _MOST_PLACES)].astype(np.float32)
    for axis in (1, 2):
        size = known.shape[axis]
        margin = min(patch[axis], size) / 2 - 0.5
        places[:, axis] = places[:, axis].clip(margin, size - 1 - margin)
    return places
