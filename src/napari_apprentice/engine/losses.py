"""Losses in which a voxel of weight 0 does not exist: it changes no number and gets no gradient, even if it is NaN.

Each loss is a *term*, a function of logits (B, K, Z, Y, X), target and weight that gives one number; `LABEL_LOSSES` and
`VALUE_LOSSES` name them as settings do, and an `Objective` puts them together for what a network learns. What happens
in a voxel is left to torch's own functions, which are exact and stable; libraries of losses (MONAI,
segmentation-models) reduce before a weight is given, or know only "ignore this class", which cannot count a voxel half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional

from napari_apprentice.data.representations import Meaning
from napari_apprentice.settings import LabelLoss, ValueLoss

Term = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

_BESIDE = 2.0  # what tells objects apart counts beside foreground
_SMOOTH = 0.3  # of log-distance or intensity: below it smooth L1 is quadratic


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean of `values` weighted by `weight`; 0 when all weights are."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-6)


def soft_dice(probability: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """1 - Dice over the whole batch (Milletari et al., 3DV 2016); 0 when nothing has weight."""
    overlap = (weight * probability * target).sum()
    total = (weight * (probability + target)).sum()
    return 1.0 - (2.0 * overlap + 1.0) / (total + 1.0)


def entropy(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy: binary (sigmoid) for one logit, else of the softmax, with class indices as target (B, 1, ...)."""
    return weighted_mean(_surprise(logits, target), weight[:, 0])


def focal(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """Cross-entropy in which what is already right counts (1 - p)^gamma (Lin et al., ICCV 2017, without its alpha)."""
    surprise = _surprise(logits, target)
    wrong = -torch.expm1(-surprise)  # 1 - p of the true class
    return weighted_mean(wrong**gamma * surprise, weight[:, 0])


def dice(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, *, background: bool = False) -> torch.Tensor:
    """Soft Dice of the foreground for one logit, else the mean over the classes that are there.

    A class that no voxel of weight shows is left out: its Dice would only ask for fewer voxels. Background is a class
    like the others where no entropy beside it tells what is background.
    """
    if logits.shape[1] == 1:
        return soft_dice(logits[:, 0].sigmoid(), target[:, 0], weight[:, 0])
    probability, index = logits.softmax(dim=1), target[:, 0].long()
    known = index[weight[:, 0] > 0]
    present = [k for k in torch.unique(known).tolist() if k > 0 or background]
    found = [soft_dice(probability[:, k], (index == k).float(), weight[:, 0]) for k in present]
    return torch.stack(found).mean() if found else 0.0 * logits.sum()


def values(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, loss: ValueLoss) -> torch.Tensor:
    """How far logits are from real numbers, (B, K, ...) each: intensities, depths, distances."""
    return weighted_mean(VALUE_LOSSES[loss](logits, target), weight)


def _sum(*terms: tuple[float, Term]) -> Term:
    def total(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return torch.stack([factor * term(logits, target, weight) for factor, term in terms]).sum()

    return total


LABEL_LOSSES: dict[LabelLoss, Term] = {
    "entropy+dice": _sum((1.0, entropy), (0.5, dice)),
    "entropy": entropy,
    "dice": partial(dice, background=True),
    "focal": focal,
    "focal+dice": _sum((1.0, focal), (0.5, dice)),
}

VALUE_LOSSES: dict[ValueLoss, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "smooth-l1": partial(functional.smooth_l1_loss, reduction="none", beta=_SMOOTH),
    "l1": partial(functional.l1_loss, reduction="none"),
    "l2": partial(functional.mse_loss, reduction="none"),
}


@dataclass(frozen=True)
class Objective:
    """What a network is to make small, by what its channels mean.

    ==========================  ==============================  ============================
    channels                    logits                          target and weight
    ==========================  ==============================  ============================
    "class"                     K classes, the first none       (B, 1, ...), class values
    "probability", "number"     probabilities before numbers    the same K
    ==========================  ==============================  ============================

    The first probability is that of foreground, or of the only class.
    """

    meanings: tuple[Meaning, ...]
    loss: LabelLoss = "entropy+dice"
    distance_loss: ValueLoss = "smooth-l1"

    def __call__(self, logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The loss of a batch, in float32."""
        of_classes = self.meanings[0] == "class"
        if not of_classes:
            logits = logits[:, : target.shape[1]]
        logits, target, weight = existing(logits.float(), target, weight)
        return (LABEL_LOSSES[self.loss] if of_classes else self._of_channels)(logits, target, weight)

    def _of_channels(self, logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Foreground counts 1; the other probabilities, and the numbers, `_BESIDE` each: the mean over channels."""
        term, last = LABEL_LOSSES[self.loss], self.meanings.count("probability")
        if last == 0:
            return values(logits, target, weight, self.distance_loss)
        chances = [term(*(part[:, k : k + 1] for part in (logits, target, weight))) for k in range(last)]
        loss = chances[0]
        if last > 1:
            loss = loss + _BESIDE * torch.stack(chances[1:]).mean()
        if logits.shape[1] > last:
            loss = loss + _BESIDE * values(logits[:, last:], target[:, last:], weight[:, last:], self.distance_loss)
        return loss

    def of_heads(
        self, heads: Sequence[torch.Tensor], target: torch.Tensor, weight: torch.Tensor, limit: float = 0.5
    ) -> torch.Tensor:
        """Deep supervision: the mean over the logits of every head (Lee et al., AISTATS 2015; UNet++, 2018).

        Negative weights are settled by what each head says: see `settle`.
        """
        return torch.stack([self(logits, target, self._settled(logits, weight, limit)) for logits in heads]).mean()

    def _settled(self, logits: torch.Tensor, weight: torch.Tensor, limit: float) -> torch.Tensor:
        return settle(logits, weight, limit) if self.meanings[0] == "probability" else weight


def existing(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same with zeros where weight is 0: 0 times NaN or infinity would be NaN, in the loss and its gradient."""
    known = weight > 0
    seen = known if known.shape[1] == logits.shape[1] else known[:, :1]
    return torch.where(seen, logits, 0.0), torch.where(known, target, 0.0), torch.where(known, weight, 0.0)


def settle(logits: torch.Tensor, weight: torch.Tensor, limit: float = 0.5) -> torch.Tensor:
    """Weights (B, K, Z, Y, X) that are all at least 0.

    A negative weight stands for background that nobody confirmed: it counts, with its size, where the network
    itself takes the voxel for background now (the first channel below ``limit``; gradients do not pass).
    """
    if not bool((weight < 0).any()):
        return weight
    agrees = logits[:, :1].detach().float().sigmoid() < limit
    return torch.where(weight < 0, -weight * agrees, weight)


def _surprise(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """-log of the probability given to what is true, (B, Z, Y, X)."""
    if logits.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(logits[:, 0], target[:, 0], reduction="none")
    return functional.cross_entropy(logits, target[:, 0].long(), reduction="none")
