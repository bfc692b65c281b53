"""One network of the family learns a small task from scratch: the same way for all, whatever it is made of."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from apprentice_lab.representations import representation
from apprentice_lab.training.annotated import annotated_source, predict_whole
from apprentice_lab.training.annotated_classes import class_source
from apprentice_lab.training.pretrain import Cycle, PretrainPlan, pretrain
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.labels import classes
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.data.representations import NUMBER, Meaning
from napari_apprentice.engine.augment import AUGMENTATIONS, Augmentation
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.device import mixed_precision, pick
from napari_apprentice.engine.normalize import fit
from napari_apprentice.settings import NormalizeSettings, Triple

NORMALIZE = NormalizeSettings()
_UPRIGHT = 0.26  # radians either way


@dataclass(frozen=True)
class Trial:
    """Predictions (K, Z, Y, X) of the images asked for, and processor seconds per step, cutting patches included."""

    predictions: list[np.ndarray]
    step_s: float


@dataclass(frozen=True)
class TrialPlan:
    """What is the same for all networks: patches (z, y, x), how many at once, for how many steps, how fast.

    ``representation`` is that of objects; what is ``upright`` is never flipped and hardly turned.
    """

    kind: Literal["instances", "classes"]
    patch: Triple
    batch: int
    steps: int
    rate: float
    seed: int
    representation: str = "log-distance"
    upright: bool = False

    @property
    def augmentation(self) -> Augmentation:
        """How far patches are varied."""
        light = AUGMENTATIONS["light"]
        return replace(light, flip=False, turn=_UPRIGHT) if self.upright else light


def trial(
    net: NetSettings,
    plan: TrialPlan,
    images: Sequence[tuple[np.ndarray, np.ndarray]],
    asked: Sequence[np.ndarray],
    checkpoint: Path,
    confirmed: Sequence[np.ndarray | None] | None = None,
) -> Trial:
    """Learn from pixels (C, Z, Y, X) with labels (Z, Y, X), all drawn equally often, and predict the images `asked`.

    `confirmed` says what of each image's labels is known; None: all. Of several classes the predictions are logits. On
    one thread; goes on from `checkpoint` when an earlier attempt was interrupted.
    """
    known = [None] * len(images) if confirmed is None else confirmed
    sources = [_source(pixels, labels, sure, plan) for (pixels, labels), sure in zip(images, known, strict=True)]
    training = PretrainPlan(
        net=net,
        cycles=(Cycle(plan.steps, plan.rate, plan.augmentation),),
        batch_size=plan.batch,
        patch=plan.patch,
        warmup=max(1, plan.steps // 10),
        average=0.98,  # of a few hundred steps
        gain=NORMALIZE.gain,
        kind=plan.kind,
        representation=plan.representation,
        seed=plan.seed,
    )
    began = time.process_time()
    learned = pretrain(sources, np.full(len(sources), 1 / len(sources)), training, checkpoint, lambda: False)
    step_s = (time.process_time() - began) / plan.steps
    with mixed_precision(pick("cpu")):
        return Trial([predict_whole(learned, net, pixels, NORMALIZE, _meanings(net, plan)) for pixels in asked], step_s)


def _meanings(net: NetSettings, plan: TrialPlan) -> tuple[Meaning, ...]:
    """What outputs are to become; those of several classes stay logits."""
    if plan.kind == "instances":
        return representation(plan.representation, net.dims).meanings
    return ("probability",) if net.out_channels == 1 else (NUMBER,) * net.out_channels


def _source(pixels: np.ndarray, labels: np.ndarray, confirmed: np.ndarray | None, plan: TrialPlan) -> Source:
    if plan.kind == "instances":
        return annotated_source(pixels, labels, NORMALIZE, confirmed=confirmed, representation=plan.representation)
    if confirmed is not None:
        return class_source(pixels, labels, NORMALIZE, confirmed, plan.patch)
    target, weight = classes.encode(labels, np.where(labels > 0, AS_LABELLED, BACKGROUND))
    image = torch.from_numpy(fit(pixels, NORMALIZE).linear(pixels))
    return Source(image, torch.from_numpy(target), torch.from_numpy(weight), kind="classes")
