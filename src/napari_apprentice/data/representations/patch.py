"""A part of an image as a network learns from it: turned, sized or bent. What of its targets must change with that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN

if TYPE_CHECKING:
    from napari_apprentice.data.representations.representation import Representation

_FRAME = 1  # unknown voxels around a patch: what it cuts off is not whole


@dataclass(frozen=True)
class Patch:
    """What is seen through a view; each voxel was looked up where it is in the image.

    Attributes
    ----------
    target, weight
        (K, Z, Y, X) float32, as `Representation.encode` gives them. A negative weight is that of background which
        nobody confirmed.
    labels
        Ids (Z, Y, X) float32; None where a source has none.
    known
        (2, Z, Y, X) float32: what is confirmed (0, 1, 2), and whether it belongs to a section that is whole. None:
        foreground, the first channel, says what is known.
    matrix
        2 x 2, from offsets (x, y) in the patch to those in the image.
    scale
        Patch pixels per image pixel in the plane.
    flip_z
        Whether the slices come in the other order.
    bent
        Whether distances change otherwise than by the scale.
    centre, plane
        Where the middle of the patch is (y, x), and how large the plane of the image, which is mirrored beyond.
    spacing
        Of the image's voxels (z, y, x).
    """

    target: np.ndarray
    weight: np.ndarray
    labels: np.ndarray | None = None
    known: np.ndarray | None = None
    matrix: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))
    scale: float = 1.0
    flip_z: bool = False
    bent: bool = False
    centre: tuple[float, float] = (0.0, 0.0)
    plane: tuple[int, int] = (0, 0)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


def encoded_again(representation: Representation, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Target and weight from the labels of a patch; foreground stays, and its weight says how much the rest counts.

    What the patch cuts off is not whole. Background that nobody confirmed stands in where nothing else is known.
    """
    if patch.labels is None:
        raise ValueError(f"{representation.name} can only be encoded again with labels: give the source its labels")
    confirmed, whole = _known(patch)
    frame = [(_FRAME, _FRAME) if n > 1 else (0, 0) for n in confirmed.shape]
    inner = (slice(None), *(slice(low, n + low) for (low, _), n in zip(frame, confirmed.shape, strict=True)))
    target, weight = representation.encode(
        np.pad(patch.labels.astype(np.uint32), frame, mode="edge"),
        np.pad(confirmed, frame, constant_values=UNKNOWN),
        (patch.spacing[0], patch.spacing[1] / patch.scale, patch.spacing[2] / patch.scale),
        None if whole is None else np.pad(whole, frame),
    )
    target, weight = np.ascontiguousarray(target[inner]), np.ascontiguousarray(weight[inner])
    counts = patch.weight[0]
    weight *= np.where(counts < 0, 1.0, counts).astype(np.float32)
    for k, channel in enumerate(representation.channels):
        if channel.background is not None:
            stands_in = (counts < 0) & (weight[k] == 0)
            target[k][stands_in] = channel.background
            weight[k][stands_in] = counts[stands_in]
    target[0], weight[0] = patch.target[0], counts
    return target, weight


def _known(patch: Patch) -> tuple[np.ndarray, np.ndarray | None]:
    """What is confirmed (Z, Y, X) uint8, and what is whole, if that is known."""
    if patch.known is not None:
        return patch.known[0].astype(np.uint8), patch.known[1] > 0
    confirmed = np.where(patch.target[0] > 0.5, AS_LABELLED, BACKGROUND)
    return np.where(patch.weight[0] > 0, confirmed, UNKNOWN).astype(np.uint8), None
