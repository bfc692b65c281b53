"""Long training from scratch: how bundled models are made.

Resumable (a checkpoint every two minutes, written atomically) and reproducible (each step has its own seed, so
that a resumed run sees the same patches as one that was never stopped). The model is the running average of the
weights (EMA), which needs no validation set to choose an epoch.
"""

from __future__ import annotations

import copy
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.engine.batches import Source, draw_batch
from napari_apprentice.engine.losses import loss_for
from napari_apprentice.engine.nets.unet import build
from napari_apprentice.settings import NetSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cycle:
    """A stretch of training: warm-up to a learning rate, then a cosine to 0."""

    steps: int
    learning_rate: float
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class PretrainPlan:
    """Everything that decides what comes out, but the data."""

    net: NetSettings
    cycles: tuple[Cycle, ...]
    batch_size: int = 8
    patch: tuple[int, int, int] = (1, 160, 160)
    warmup: int = 200
    weight_decay: float = 1e-2
    average: float = 0.999
    gain: float = 20.0
    kind: str = "instances"
    seed: int = 0
    threads: int = 1
    bfloat16: bool = True
    save_every_s: float = 120.0

    @property
    def steps(self) -> int:
        """Steps of all cycles."""
        return sum(cycle.steps for cycle in self.cycles)

    def cycle_at(self, step: int) -> tuple[Cycle, int]:
        """The cycle that `step` lies in, and its first step."""
        first = 0
        for cycle in self.cycles[:-1]:
            if step < first + cycle.steps:
                return cycle, first
            first += cycle.steps
        return self.cycles[-1], first

    def rate_at(self, step: int) -> float:
        """Learning rate: linear warm-up, then a cosine to 0, in every cycle."""
        cycle, first = self.cycle_at(step)
        if step - first < self.warmup:
            return cycle.learning_rate * (step - first + 1) / self.warmup
        done = (step - first - self.warmup) / max(1, cycle.steps - self.warmup)
        return cycle.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def pretrain(
    sources: list[Source], shares: np.ndarray, plan: PretrainPlan, checkpoint: Path, stop: Callable[[], bool]
) -> nn.Module:
    """Train until the plan's last step or `stop`, going on from `checkpoint` if it exists; returns the average."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    net = build(plan.net)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from the stubs
    average = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.cycles[0].learning_rate, weight_decay=plan.weight_decay)
    first = _resume(checkpoint, net, average, optimizer)
    began = saved = time.monotonic()
    losses: list[float] = []
    net.train()
    step = first
    for step in range(first, plan.steps):
        if stop():
            break
        losses.append(_step(net, optimizer, sources, shares, plan, step))
        _average(average, net, min(plan.average, (step + 1) / (step + 10)))
        if (step + 1) % 50 == 0:
            speed = (step + 1 - first) / (time.monotonic() - began)
            mean = float(np.mean(losses[-50:]))
            log.info("step %d of %d  loss %.4f  %.2f steps/s", step + 1, plan.steps, mean, speed)
        if time.monotonic() - saved > plan.save_every_s:
            _save(checkpoint, step + 1, net, average, optimizer)
            saved = time.monotonic()
    else:
        step = plan.steps
    _save(checkpoint, step, net, average, optimizer)
    return average


def average_of(checkpoint: Path, settings: NetSettings) -> tuple[int, nn.Module]:
    """The step a checkpoint was written at, and its averaged network."""
    state = torch.load(checkpoint, weights_only=True)
    net = build(settings)
    net.load_state_dict(state["average"])
    net.eval()
    return int(state["step"]), net


def _step(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    sources: list[Source],
    shares: np.ndarray,
    plan: PretrainPlan,
    step: int,
) -> float:
    rng = np.random.default_rng((plan.seed, step))
    cycle, _ = plan.cycle_at(step)
    batch = draw_batch(sources, shares, plan.batch_size, plan.patch, cycle.augmentation, rng, plan.gain)
    for group in optimizer.param_groups:
        group["lr"] = plan.rate_at(step)
    with torch.autocast("cpu", torch.bfloat16, enabled=plan.bfloat16):
        logits = net(batch.inputs)
    loss = loss_for(plan.kind, logits, batch.target, batch.weight)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 3.0)
    optimizer.step()
    return float(loss.detach())


@torch.no_grad()
def _average(average: nn.Module, net: nn.Module, keep: float) -> None:
    for old, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def _save(path: Path, step: int, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    state: dict[str, Any] = {"step": step, "net": net.state_dict(), "average": average.state_dict()}
    state["optimizer"] = optimizer.state_dict()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _resume(path: Path, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    log.info("going on from step %d", state["step"])
    return int(state["step"])
