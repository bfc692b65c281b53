"""Rounds of simulated clicks, of which the last is learned from.

After Sofiiuk et al. (RITM, arXiv 2102.06583): clicks on what the network itself gets wrong, its mask given back, and a
normalised focal loss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.engine.device import Device, mixed_precision
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.practice.questions import Question, next_click
from napari_apprentice.engine.prompts.inputs import answer, quality

_ROUNDS = (0.4, 0.35, 0.25)  # how often no, one or two rounds of clicks go before
OBJECTIVE = Objective(("probability", "number"))  # what the outputs mean; what is made small is `loss_of`


def answered(
    net: Net, asked: list[Question], device: Device, rng: np.random.Generator
) -> tuple[torch.Tensor, list[Question]]:
    """The network's logits after no, one or two rounds of clicks on what it got wrong, and what was asked then."""
    for _ in range(int(rng.choice(len(_ROUNDS), p=_ROUNDS))):
        with torch.no_grad():
            given, _ = answer(_logits(net, asked, device))
        asked = [next_click(one, said, rng) for one, said in zip(asked, given.cpu().numpy(), strict=True)]
    return _logits(net, asked, device), asked


def loss_of(logits: torch.Tensor, asked: Sequence[Question]) -> torch.Tensor:
    """What the answers (B, 2, 1, Y, X) to some questions cost: focal, Dice, and the IoU they say they have."""
    truth = torch.from_numpy(np.stack([one.truth for one in asked])).to(logits.device, torch.float32)
    known = torch.from_numpy(np.stack([one.known for one in asked])).to(logits.device, torch.float32)
    whole = torch.tensor([one.whole for one in asked], device=logits.device)
    there = (whole > 0).float()
    says = logits[:, 0, 0].float()
    mask = says.sigmoid()
    surprise = functional.binary_cross_entropy_with_logits(says, truth, reduction="none")
    wrong = (-torch.expm1(-surprise)) ** 2 * known
    focal = (wrong * surprise).sum((1, 2)) / wrong.sum((1, 2)).detach().clamp_min(1.0)
    overlap, both = (mask * truth * known).sum((1, 2)), ((mask + truth) * known).sum((1, 2))
    dice = there * (1 - (2 * overlap + 1) / (both + 1))
    with torch.no_grad():
        found = (mask > 0.5) * known
        common = (found * truth).sum((1, 2))
        iou = there * common / (found.sum((1, 2)) + torch.maximum(whole, truth.sum((1, 2))) - common).clamp_min(1.0)
    rated = functional.binary_cross_entropy_with_logits(quality(logits, mask), iou)
    return focal.mean() + dice.mean() + 0.3 * rated


def _logits(net: Net, asked: Sequence[Question], device: Device) -> torch.Tensor:
    inputs = torch.from_numpy(np.stack([one.channels() for one in asked]))[:, :, None].to(device.torch)
    with mixed_precision(device, inference=False):
        logits: torch.Tensor = net(inputs)
    return logits
