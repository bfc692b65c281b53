"""One network that learns: optimiser, schedule, running average, precision."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from napari_apprentice.engine.batches import Batch
from napari_apprentice.engine.device import Device, mixed_precision
from napari_apprentice.engine.losses import loss_for, settle
from napari_apprentice.settings import Kind

_Norm = (nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, then a cosine to (almost) 0, over the part of the time or of the steps that is used up."""

    peak: float
    warmup: float = 0.06
    last: float = 0.02

    def rate(self, used: float) -> float:
        """Learning rate when the share ``used`` (0 to 1) is gone."""
        if used < self.warmup:
            return self.peak * max(0.02, used / self.warmup)
        done = min(1.0, (used - self.warmup) / (1 - self.warmup))
        return self.peak * (self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * done)))


class Learner:
    """A network, its optimiser (AdamW) and the running average of its weights, which is what is judged and kept.

    With ``freeze_norm`` the statistics of batch norm stay as they were: a few corrected places do not tell what
    whole images look like.
    """

    def __init__(
        self,
        net: nn.Module,
        device: Device,
        *,
        freeze_norm: bool,
        average: float,
        decay: float,
        head_rate: float,
        limit: float,
    ) -> None:
        self.device = device
        self.net = net.to(device.torch)
        three_d = any(isinstance(module, nn.Conv3d) for module in net.modules())
        if not three_d or device.is_gpu:
            layout = torch.channels_last_3d if three_d else torch.channels_last
            self.net = self.net.to(memory_format=layout)  # type: ignore[call-overload]  # missing from the stubs
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        self._limit = limit
        self._freeze = freeze_norm
        self._keep = average
        self._optimizer = torch.optim.AdamW(_groups(self.net, decay, head_rate), lr=1e-3)
        self.steps = 0
        self._ready_to_train()

    def forward(self, batch: Batch, kind: Kind) -> torch.Tensor:
        """The loss of a batch."""
        self._ready_to_train()
        with mixed_precision(self.device, inference=False):
            logits = self.net(batch.inputs.to(self.device.torch))
        weight = batch.weight.to(self.device.torch)
        if kind == "instances":
            weight = settle(logits, weight, self._limit)
        return loss_for(kind, logits, batch.target.to(self.device.torch), weight)

    def backward(self, loss: torch.Tensor) -> float:
        """Gradients; returns the loss as a number."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return float(loss.detach())

    def update(self, rate: float) -> None:
        """One step of the optimiser, and of the average."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        nn.utils.clip_grad_norm_(self.net.parameters(), 3.0)
        self._optimizer.step()
        self.steps += 1
        follow(self.average, self.net, min(self._keep, self.steps / (self.steps + 9)))

    def _ready_to_train(self) -> None:
        self.net.train()
        if self._freeze:
            for module in self.net.modules():
                if isinstance(module, _Norm):
                    module.eval()


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    """Move a running average of weights and statistics towards a network's."""
    for old, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def _groups(net: nn.Module, decay: float, head_rate: float) -> list[dict[str, object]]:
    """Norms and biases do not decay; the head learns faster, since with few steps its bias hardly moves."""
    head = [p for name, p in net.named_parameters() if name.startswith("head.")]
    body = [p for name, p in net.named_parameters() if not name.startswith("head.")]
    return [
        {"params": [p for p in body if p.ndim > 1], "weight_decay": decay, "scale": 1.0},
        {"params": [p for p in body if p.ndim <= 1], "weight_decay": 0.0, "scale": 1.0},
        {"params": head, "weight_decay": 0.0, "scale": head_rate},
    ]
