"""One network that learns: objective, optimiser, running average, precision."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from napari_apprentice.engine.batches import Batch
from napari_apprentice.engine.device import Device, mixed_precision
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net
from napari_apprentice.settings import OptimizerName

_Norm = (nn.BatchNorm2d, nn.BatchNorm3d)
_LONGEST_STEP = 3.0  # norm of the gradient that is followed at most


@dataclass(frozen=True)
class Course:
    """How a network learns, whoever gives it batches.

    ``average`` is how much of the running average a step keeps; ``head_rate`` how much faster the last layer learns;
    ``limit`` the probability below which unconfirmed background may stand in (`losses.settle`). With ``freeze_norm``
    the statistics of batch norm stay as they were: a few corrected places do not tell what whole images look like.
    """

    objective: Objective
    optimizer: OptimizerName = "adamw"
    weight_decay: float = 1e-2
    average: float = 0.98
    head_rate: float = 1.0
    freeze_norm: bool = False
    limit: float = 0.5
    mixed_precision: bool = True


class Learner:
    """A network, its optimiser and the running average of its weights, which is what is judged and kept."""

    def __init__(self, net: Net, device: Device, course: Course) -> None:
        self.device = device
        self.net = net.to(device.torch)
        three_d = any(isinstance(module, nn.Conv3d) for module in net.modules())
        layout = torch.channels_last_3d if three_d else torch.channels_last
        self.net = self.net.to(memory_format=layout)  # type: ignore[call-overload]  # missing from the stubs
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        self._course = course
        self._optimizer = optimizer_for(course.optimizer, groups_of(self.net, course.weight_decay, course.head_rate))
        self.steps = 0
        self.ready_to_train()

    def step(self, batch: Batch, rate: float) -> float:
        """Learn from a batch; returns its loss before that."""
        loss = self.backward(self.forward(batch))
        self.update(rate)
        return loss

    def forward(self, batch: Batch) -> torch.Tensor:
        """The loss of a batch."""
        self.ready_to_train()
        inputs, target, weight = (part.to(self.device.torch) for part in batch)
        course = self._course
        with mixed_precision(self.device, inference=False) if course.mixed_precision else nullcontext():
            heads = self.net.supervised_logits(inputs)
        return course.objective.of_heads(heads, target, weight, course.limit)

    def ready_to_train(self) -> None:
        """Before each forward pass that is learned from, for those who make it themselves."""
        self.net.train()
        if self._course.freeze_norm:
            for module in self.net.modules():
                if isinstance(module, _Norm):
                    module.eval()

    def backward(self, loss: torch.Tensor) -> float:
        """Gradients; returns the loss as a number."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return float(loss.detach())

    def update(self, rate: float) -> None:
        """One step of the optimiser, and of the average."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        nn.utils.clip_grad_norm_(self.net.parameters(), _LONGEST_STEP)
        self._optimizer.step()
        self.steps += 1
        follow(self.average, self.net, min(self._course.average, self.steps / (self.steps + 9)))

    def begin_with(self, weights: Mapping[str, Any]) -> None:
        """Take other weights before the first step."""
        self.net.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on as if nothing had happened."""
        return {
            "step": self.steps,
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.steps = int(state["step"])


def optimizer_for(name: OptimizerName, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The optimiser that settings name, over groups of parameters; the learning rate is set at every step.

    SGD has Nesterov momentum .9. Decay is part of the gradient in SGD and Adam and apart from it in AdamW (Loshchilov
    and Hutter, ICLR 2019).
    """
    if name == "sgd":
        return torch.optim.SGD(groups, lr=1e-3, momentum=0.9, nesterov=True)
    return (torch.optim.Adam if name == "adam" else torch.optim.AdamW)(groups, lr=1e-3)


def groups_of(net: nn.Module, decay: float, head_rate: float) -> list[dict[str, Any]]:
    """Norms and biases do not decay; the head learns faster, since with few steps its bias hardly moves."""
    named = list(net.named_parameters())
    head = [p for name, p in named if name.startswith("head.")]
    body = [p for name, p in named if not name.startswith("head.")]
    return [
        {"params": [p for p in body if p.ndim > 1], "weight_decay": decay, "scale": 1.0},
        {"params": [p for p in body if p.ndim <= 1], "weight_decay": 0.0, "scale": 1.0},
        {"params": head, "weight_decay": 0.0, "scale": head_rate},
    ]


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    """Move a running average of weights and statistics towards a network's; what is counted is copied.

    PyTorch's own (`torch.optim.swa_utils.AveragedModel`) takes the weights of the first step as they are, where this
    one begins with the network before it; its rate is the same at every step, or a function of ours that is as long as
    this one; and it would put its counter, and another name for every weight, into what `Learner.state` keeps.
    """
    for old, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)
