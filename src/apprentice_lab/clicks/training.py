"""How ``click-2d`` learns: rounds of simulated clicks, of which the last is learned from.

After Sofiiuk et al. (RITM, arXiv 2102.06583): clicks on what the network itself gets wrong, its mask given back, and a
normalised focal loss. Resumable and reproducible as `pretrain` is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from apprentice_lab.clicks.asking import Question, ask, next_click
from apprentice_lab.clicks.scenes import Draw, Scene
from apprentice_lab.training.pretrain import save
from napari_apprentice.engine.device import Device, mixed_precision, pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.prompts.inputs import NET, answer, quality
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.settings import DeviceName

log = logging.getLogger(__name__)

_ROUNDS = (0.4, 0.35, 0.25)  # how often no, one or two rounds of clicks go before


@dataclass(frozen=True)
class ClickPlan:
    """One cycle to rate 0, of so many minutes."""

    minutes: float
    rate: float = 2e-3
    batch: int = 16
    weight_decay: float = 1e-2
    warmup: float = 0.03
    seed: int = 0
    threads: int = 1
    device: DeviceName = "cpu"
    save_every_s: float = 120.0

    @property
    def course(self) -> Course:
        """How it takes its steps; what they make small is `loss_of`."""
        return Course(Objective(("probability", "number")), weight_decay=self.weight_decay, average=0.999)


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


def questions(draw: Draw, plan: ClickPlan, step: int) -> list[Question]:
    """First questions of a step."""
    rng = np.random.default_rng((plan.seed, step))
    return [ask(draw(rng), rng) for _ in range(plan.batch)]


def train(scenes: Sequence[Scene], plan: ClickPlan, out: Path, start: Net | None = None) -> Net:
    """Train for the plan's minutes, going on from the checkpoint ``out`` if it exists; returns the average."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    learner = Learner(build(NET) if start is None else start, pick(plan.device), plan.course)
    spent = 0.0
    if out.exists():
        state = torch.load(out, weights_only=True, map_location=learner.device.torch)
        learner.go_on_from(state)
        spent = state["seconds"]
        log.info("going on from step %d", learner.steps)
    draw, schedule = Draw(scenes), Cosine(plan.rate, plan.warmup, last=0.0)
    losses: list[float] = []
    began = saved = time.monotonic()
    first = learner.steps
    while (now := spent + time.monotonic() - began) < 60 * plan.minutes:
        loss = loss_of(*_answered(learner, questions(draw, plan, learner.steps), plan))
        losses.append(learner.backward(loss))
        learner.update(schedule.rate(now / (60 * plan.minutes)))
        if learner.steps % 50 == 0:
            speed = (learner.steps - first) / (time.monotonic() - began)
            mean = np.mean(losses[-50:])
            log.info("step %d of %g minutes  loss %.4f  %.2f steps/s", learner.steps, plan.minutes, mean, speed)
        if time.monotonic() - saved > plan.save_every_s:
            save(out, learner, now)
            saved = time.monotonic()
    save(out, learner, spent + time.monotonic() - began)
    return learner.average


def _answered(learner: Learner, asked: list[Question], plan: ClickPlan) -> tuple[torch.Tensor, list[Question]]:
    """The network's logits after no, one or two rounds of clicks on what it got wrong, and what was asked then."""
    rng = np.random.default_rng((plan.seed, learner.steps, 1))
    learner.net.train()
    for _ in range(int(rng.choice(len(_ROUNDS), p=_ROUNDS))):
        with torch.no_grad():
            given, _ = answer(_logits(learner.net, asked, learner.device))
        asked = [next_click(one, said, rng) for one, said in zip(asked, given.cpu().numpy(), strict=True)]
    return _logits(learner.net, asked, learner.device), asked


def _logits(net: Net, asked: Sequence[Question], device: Device) -> torch.Tensor:
    inputs = torch.from_numpy(np.stack([one.channels() for one in asked]))[:, :, None].to(device.torch)
    with mixed_precision(device, inference=False):
        logits: torch.Tensor = net(inputs)
    return logits
