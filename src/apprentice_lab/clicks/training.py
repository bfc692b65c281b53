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
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.engine.device import Device, mixed_precision, pick
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.prompts.inputs import NET, answer, quality
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import follow, groups_of, optimizer_for
from napari_apprentice.settings import DeviceName

log = logging.getLogger(__name__)

_ROUNDS = (0.4, 0.35, 0.25)  # how often no, one or two rounds of clicks go before
_AVERAGE = 0.999
_LONGEST_STEP = 3.0


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
    device = pick(plan.device)
    net = build(NET).to(device.torch).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = build(NET).to(device.torch).requires_grad_(False)
    optimizer = optimizer_for("adamw", groups_of(net, plan.weight_decay, 1.0))
    step, spent = 0, 0.0
    if out.exists():
        state = torch.load(out, weights_only=True, map_location=device.torch)
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["seconds"]
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        log.info("going on from step %d", step)
    elif start is not None:
        net.load_state_dict(start.state_dict())
    if step == 0:
        average.load_state_dict(net.state_dict())

    def save(seconds: float) -> None:
        state = {"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
        with atomic_write(out) as part, part.open("wb") as file:
            torch.save({**state, "step": step, "seconds": seconds}, file)

    draw, schedule, losses = Draw(scenes), Cosine(plan.rate, plan.warmup, last=0.0), []
    began = saved = time.monotonic()
    first = step
    while (now := spent + time.monotonic() - began) < 60 * plan.minutes:
        asked = questions(draw, plan, step)
        rng = np.random.default_rng((plan.seed, step, 1))
        net.train()
        for _ in range(int(rng.choice(3, p=_ROUNDS))):
            with torch.no_grad():
                given, _ = answer(_logits(net, asked, device))
            asked = [next_click(one, said, rng) for one, said in zip(asked, given.cpu().numpy(), strict=True)]
        loss = loss_of(_logits(net, asked, device), asked)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(now / (60 * plan.minutes)) * group["scale"]
        torch.nn.utils.clip_grad_norm_(net.parameters(), _LONGEST_STEP)
        optimizer.step()
        step += 1
        follow(average, net, min(_AVERAGE, step / (step + 9)))
        losses.append(loss.item())
        if step % 50 == 0:
            speed = (step - first) / (time.monotonic() - began)
            log.info("step %d of %g minutes  loss %.4f  %.2f steps/s", step, plan.minutes, np.mean(losses[-50:]), speed)
        if time.monotonic() - saved > plan.save_every_s:
            save(spent + time.monotonic() - began)
            saved = time.monotonic()
    save(spent + time.monotonic() - began)
    return average.eval()


def _logits(net: Net, asked: Sequence[Question], device: Device) -> torch.Tensor:
    inputs = torch.from_numpy(np.stack([one.channels() for one in asked]))[:, :, None].to(device.torch)
    with mixed_precision(device, inference=False):
        logits: torch.Tensor = net(inputs)
    return logits
