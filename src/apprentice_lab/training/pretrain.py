"""Long training: how bundled models are made, from nothing or one stretch further.

Resumable (a checkpoint every two minutes, written atomically) and reproducible (each step has its own seed, so
that a resumed run sees the same patches as one that was never stopped). The model is the running average of the
weights (EMA), which needs no validation set to choose an epoch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from apprentice_lab.representations import representation
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.engine.batches import Batch, Source, draw_batch
from napari_apprentice.engine.checkpoint import load
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DeviceName, LabelLoss, ModelKind, OptimizerName, ValueLoss

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cycle:
    """A stretch of training: warm-up to a learning rate, then a cosine to 0."""

    steps: int
    learning_rate: float
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class PretrainPlan:
    """Everything that decides what comes out, but the data.

    It begins with the weights of the model file ``start``, if there is one. With ``seconds`` there is one cycle, which
    lasts so long however many steps that allows: its rate follows the time.
    """

    net: NetSettings
    cycles: tuple[Cycle, ...]
    batch_size: int = 8
    patch: tuple[int, int, int] = (1, 160, 160)
    warmup: int = 200
    weight_decay: float = 1e-2
    average: float = 0.999
    gain: float = 20.0
    kind: ModelKind = "instances"
    representation: str = "log-distance"
    loss: LabelLoss = "entropy+dice"
    distance_loss: ValueLoss = "smooth-l1"
    optimizer: OptimizerName = "adamw"
    seed: int = 0
    threads: int = 1
    bfloat16: bool = True
    device: DeviceName = "cpu"
    save_every_s: float = 120.0
    start: Path | None = None
    seconds: float | None = None

    @property
    def steps(self) -> int:
        """Steps of all cycles."""
        return sum(cycle.steps for cycle in self.cycles)

    @property
    def course(self) -> Course:
        """How the network learns."""
        name = "classes" if self.kind == "classes" else self.representation
        return Course(
            Objective(
                representation(name, self.net.dims, self.net.out_channels).meanings, self.loss, self.distance_loss
            ),
            self.optimizer,
            self.weight_decay,
            self.average,
            mixed_precision=self.bfloat16,
        )

    def cycle_at(self, step: int) -> tuple[Cycle, int]:
        """The cycle that `step` lies in, and its first step."""
        first = 0
        for cycle in self.cycles[:-1]:
            if step < first + cycle.steps:
                return cycle, first
            first += cycle.steps
        return self.cycles[-1], first

    def is_over(self, step: int, seconds: float) -> bool:
        """Whether nothing is left to do after so many steps, which took so many seconds."""
        return step >= self.steps if self.seconds is None else seconds >= self.seconds

    def rate_at(self, step: int, seconds: float = 0.0) -> float:
        """Learning rate in the middle of a step that begins after so many seconds of training."""
        cycle, first = self.cycle_at(step)
        if self.seconds is not None:
            return Cosine(cycle.learning_rate, last=0.0).rate(seconds / self.seconds)
        return Cosine(cycle.learning_rate, min(0.5, self.warmup / cycle.steps), last=0.0).rate(
            (step - first + 0.5) / cycle.steps
        )


def pretrain(
    sources: list[Source], shares: np.ndarray, plan: PretrainPlan, checkpoint: Path, stop: Callable[[], bool]
) -> nn.Module:
    """Train until the plan's last step or `stop`, going on from `checkpoint` if it exists; returns the average."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    learner = Learner(build(plan.net) if plan.start is None else _begun(plan), pick(plan.device), plan.course)
    spent = 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=learner.device.torch)
        learner.go_on_from(state)
        spent = state.get("seconds", 0.0)
        log.info("going on from step %d", learner.steps)
    first = learner.steps
    began = saved = time.monotonic()
    losses: list[float] = []
    while not plan.is_over(learner.steps, now := spent + time.monotonic() - began) and not stop():
        losses.append(learner.step(_batch(sources, shares, plan, learner.steps), plan.rate_at(learner.steps, now)))
        if learner.steps % 50 == 0:
            speed = (learner.steps - first) / (time.monotonic() - began)
            left = f"{plan.steps} steps" if plan.seconds is None else f"{plan.seconds / 60:.0f} minutes"
            log.info("step %d of %s  loss %.4f  %.2f steps/s", learner.steps, left, np.mean(losses[-50:]), speed)
        if time.monotonic() - saved > plan.save_every_s:
            save(checkpoint, learner, now)
            saved = time.monotonic()
    save(checkpoint, learner, spent + time.monotonic() - began)
    return learner.average


def _begun(plan: PretrainPlan) -> Net:
    header, net = load(str(plan.start))
    if header.net != plan.net:
        raise UserError(f"{plan.start} is of another network than the recipe's: begin without it.")
    return net


def average_of(checkpoint: Path, settings: NetSettings) -> tuple[int, nn.Module]:
    """The step a checkpoint was written at, and its averaged network."""
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    net = build(settings)
    net.load_state_dict(state["average"])
    net.eval()
    return int(state["step"]), net


def _batch(sources: list[Source], shares: np.ndarray, plan: PretrainPlan, step: int) -> Batch:
    """What a step learns from; what the network itself draws (dropout) follows from the step, too."""
    rng = np.random.default_rng((plan.seed, step))
    torch.manual_seed(int(rng.integers(2**62)))
    cycle, _ = plan.cycle_at(step)
    return draw_batch(sources, shares, plan.batch_size, plan.patch, cycle.augmentation, rng, plan.gain)


def save(path: Path, learner: Learner, seconds: float) -> None:
    """Keep all that is needed to go on after so many seconds; whole, or as it was."""
    with atomic_write(path) as part, part.open("wb") as file:
        torch.save({**learner.state(), "seconds": seconds}, file)
