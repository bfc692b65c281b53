"""What objects are in a patch that was turned, sized or bent: targets of a representation through a view."""

from __future__ import annotations

import numpy as np
import torch

from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.data.representations import Representation, representation
from napari_apprentice.engine.augment import View
from napari_apprentice.settings import RepresentationName

_FRAME = 1  # unknown voxels around a patch: what it cuts off is not whole


def carried(
    name: RepresentationName,
    target: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor | None,
    view: View,
    plane: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Target and weight (K, Z, Y, X) as they are in the patch, from those that were looked up voxel by voxel.

    `plane` is the size (y, x) of the image, beyond which the patch is mirrored; vectors are not known there. Shares
    stay as they are and vectors turn. Where neither is enough (affinities, and all but foreground in a patch that was
    bent or tilted) they are encoded again from the patch's `labels` (Z, Y, X); what the patch cuts off is unknown.
    """
    kind = representation(name, 3)
    if kind.channels != len(target):
        kind = representation(name, 2)
    if kind.turns or not view.keeps_distances:
        if labels is None:
            raise ValueError(f"{name} can only be encoded again with labels: give the source its labels")
        return encoded_again(kind, target, weight, labels)
    if kind.vectors:
        ahead = len(target) - kind.vectors
        target = torch.cat([target[:ahead], turned(target[ahead:], view)])
        weight = torch.cat([weight[:ahead], weight[ahead:] * within(view, (target.shape[2], target.shape[3]), plane)])
    return target, weight


def encoded_again(
    kind: Representation, target: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Target and weight from the labels of a patch; foreground says what of them is vouched for, and how it counts."""
    first, counts = target[0].numpy(), weight[0].numpy()
    vouched = np.where(counts == 0, UNKNOWN, np.where(first > 0.5, AS_LABELLED, BACKGROUND)).astype(np.uint8)
    frame = [(_FRAME, _FRAME) if n > 1 else (0, 0) for n in vouched.shape]
    inner = tuple(slice(low, n + low) for (low, _), n in zip(frame, vouched.shape, strict=True))
    ids = np.pad(labels.numpy().astype(np.uint32), frame, mode="edge")
    known = np.pad(vouched, frame, constant_values=UNKNOWN)
    again, sure = (part[(slice(None), *inner)] for part in kind.encode(ids, known))
    return torch.from_numpy(np.ascontiguousarray(again)), torch.from_numpy(sure * counts)


def turned(vectors: torch.Tensor, view: View) -> torch.Tensor:
    """Unit vectors (y, x) or (z, y, x) of image positions as directions in the patch."""
    flat = np.linalg.inv(np.array(view.matrix, np.float32))  # patch (x, y) from image (x, y)
    y, x = vectors[-2], vectors[-1]
    x, y = flat[0, 0] * x + flat[0, 1] * y, flat[1, 0] * x + flat[1, 1] * y
    before, after = (torch.hypot(*pair).clamp_min(1e-6) for pair in ((vectors[-2], vectors[-1]), (x, y)))
    keep = before / after
    flat_part = [y * keep, x * keep]
    if len(vectors) == 2:
        return torch.stack(flat_part)
    return torch.stack([-vectors[0] if view.flip_z else vectors[0], *flat_part])


def within(view: View, size: tuple[int, int], plane: tuple[int, int]) -> torch.Tensor:
    """Which pixels (y, x) of a patch of `size` look at the image itself, of size `plane`."""
    y, x = (torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in size)
    (a, b), (c, d) = view.matrix
    at_x = a * x[None] + b * y[:, None] + view.centre[1]
    at_y = c * x[None] + d * y[:, None] + view.centre[0]
    return (at_x > -0.5) & (at_x < plane[1] - 0.5) & (at_y > -0.5) & (at_y < plane[0] - 0.5)
