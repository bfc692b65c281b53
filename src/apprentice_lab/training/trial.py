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
from napari_apprentice.data import classes
from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND
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
class Lesson:
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
    lesson: Lesson,
    images: Sequence[tuple[np.ndarray, np.ndarray]],
    asked: Sequence[np.ndarray],
    checkpoint: Path,
    vouched: Sequence[np.ndarray | None] | None = None,
) -> Trial:
    """Learn from pixels (C, Z, Y, X) with labels (Z, Y, X), all drawn equally often, and predict the images `asked`.

    `vouched` says what of each image's labels is known; None: all. Of several classes the predictions are logits. On
    one thread; goes on from `checkpoint` when an earlier attempt was interrupted.
    """
    known = [None] * len(images) if vouched is None else vouched
    sources = [_source(pixels, labels, sure, lesson) for (pixels, labels), sure in zip(images, known, strict=True)]
    plan = PretrainPlan(
        net=net,
        cycles=(Cycle(lesson.steps, lesson.rate, lesson.augmentation),),
        batch_size=lesson.batch,
        patch=lesson.patch,
        warmup=max(1, lesson.steps // 10),
        average=0.98,  # of a few hundred steps
        gain=NORMALIZE.gain,
        kind=lesson.kind,
        representation=lesson.representation,
        seed=lesson.seed,
    )
    began = time.process_time()
    learned = pretrain(sources, np.full(len(sources), 1 / len(sources)), plan, checkpoint, lambda: False)
    step_s = (time.process_time() - began) / lesson.steps
    with mixed_precision(pick("cpu")):
        return Trial(
            [predict_whole(learned, net, pixels, NORMALIZE, _meanings(net, lesson)) for pixels in asked], step_s
        )


def _meanings(net: NetSettings, lesson: Lesson) -> tuple[Meaning, ...]:
    """What outputs are to become; those of several classes stay logits."""
    if lesson.kind == "instances":
        return representation(lesson.representation, net.dims).meanings
    return ("probability",) if net.out_channels == 1 else (NUMBER,) * net.out_channels


def _source(pixels: np.ndarray, labels: np.ndarray, vouched: np.ndarray | None, lesson: Lesson) -> Source:
    if lesson.kind == "instances":
        return annotated_source(pixels, labels, NORMALIZE, vouched=vouched, representation=lesson.representation)
    if vouched is not None:
        return class_source(pixels, labels, NORMALIZE, vouched, lesson.patch)
    target, weight = classes.encode(labels, np.where(labels > 0, AS_LABELLED, BACKGROUND))
    image = torch.from_numpy(fit(pixels, NORMALIZE).linear(pixels))
    return Source(image, torch.from_numpy(target), torch.from_numpy(weight), kind="classes")
