"""How ``click-2d`` learns: by rounds of simulated clicks, as `engine.practice` makes them.

Resumable and reproducible as `pretrain` is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from apprentice_lab.clicks.scenes import Draw
from apprentice_lab.training.pretrain import save
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.practice.questions import Question, ask
from napari_apprentice.engine.practice.rounds import OBJECTIVE, answered, loss_of
from napari_apprentice.engine.practice.scenes import Scene
from napari_apprentice.engine.prompts.inputs import NET
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.settings import DeviceName

log = logging.getLogger(__name__)


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
        """How it takes its steps."""
        return Course(OBJECTIVE, weight_decay=self.weight_decay, average=0.999)


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
        learner.net.train()
        rng = np.random.default_rng((plan.seed, learner.steps, 1))
        loss = loss_of(*answered(learner.net, questions(draw, plan, learner.steps), learner.device, rng))
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
