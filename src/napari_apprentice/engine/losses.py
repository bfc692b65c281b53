"""Losses in which a voxel of weight 0 does not exist."""

from __future__ import annotations

import torch
from torch.nn import functional


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean of `values` weighted by `weight`; 0 when all weights are."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-6)


def soft_dice(probability: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """1 - Dice over the whole batch (Milletari et al., 3DV 2016); 0 when nothing has weight."""
    overlap = (weight * probability * target).sum()
    total = (weight * (probability + target)).sum()
    return 1.0 - (2.0 * overlap + 1.0) / (total + 1.0)


def settle(logits: torch.Tensor, weight: torch.Tensor, limit: float = 0.5) -> torch.Tensor:
    """Weights (B, K, Z, Y, X) that are all at least 0.

    A negative weight stands for background that nobody vouched for: it counts, with its size, where the network
    itself takes the voxel for background now (the first channel below ``limit``; gradients do not pass).
    """
    if not bool((weight < 0).any()):
        return weight
    agrees = logits[:, :1].detach().float().sigmoid() < limit
    return torch.where(weight < 0, -weight * agrees, weight)


def instance_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Foreground (cross-entropy and Dice) and log-distance (smooth L1) of shape (B, 2, Z, Y, X)."""
    logits = logits.float()
    fg, fg_target, fg_weight = logits[:, 0], target[:, 0], weight[:, 0]
    entropy = functional.binary_cross_entropy_with_logits(fg, fg_target, reduction="none")
    distance = functional.smooth_l1_loss(logits[:, 1], target[:, 1], reduction="none", beta=0.3)
    return (
        weighted_mean(entropy, fg_weight)
        + 0.5 * soft_dice(fg.sigmoid(), fg_target, fg_weight)
        + 2.0 * weighted_mean(distance, weight[:, 1])
    )


def class_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy and Dice of classes: logits (B, K + 1, Z, Y, X), target and weight (B, 1, Z, Y, X).

    Target values are class indices, 0 for none of the classes.
    """
    logits = logits.float()
    index = target[:, 0].long()
    entropy = functional.cross_entropy(logits, index, reduction="none")
    probability = logits.softmax(dim=1)
    loss = weighted_mean(entropy, weight[:, 0])
    present = torch.unique(index[(weight[:, 0] > 0) & (index > 0)]).tolist()
    dice = [soft_dice(probability[:, k], (index == k).float(), weight[:, 0]) for k in present]
    return loss + 0.5 * torch.stack(dice).mean() if dice else loss


def loss_for(kind: str, logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The loss of a project of `kind`, "instances" or "classes"."""
    return instance_loss(logits, target, weight) if kind == "instances" else class_loss(logits, target, weight)
