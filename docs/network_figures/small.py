"""Small networks for the figures of docs/networks.md: a minute each on one thread, fixed seeds, kept in a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (networks learn here)

from apprentice_lab.simulate import cells, nuclei, tissue
from apprentice_lab.training.annotated import annotated_source
from napari_apprentice.architecture import NetSettings, preset
from napari_apprentice.data.image.channels import LUMINANCE
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.augment import AUGMENTATIONS
from napari_apprentice.engine.autoencoder.learning import Repeating, learn, source_of
from napari_apprentice.engine.batches import draw_batch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.settings import NormalizeSettings

NORMALIZE = NormalizeSettings()
WIDTH = 8
# Seeds of images to learn from; the samples that are shown have seed 1.
_LEARN_FROM = (101, 102, 103)
_RENDER: dict[str, Callable[[int], tuple[np.ndarray, np.ndarray]]] = {
    "nuclei": nuclei.nuclei_2d,
    "cells": cells.cells_2d,
    "tissue": tissue.tissue_2d,
}


@dataclass(frozen=True)
class Picture:
    """An image (Y, X) in one channel, its truth (Y, X), and what it shows."""

    kind: str
    pixels: np.ndarray
    truth: np.ndarray

    @property
    def volume(self) -> np.ndarray:
        """(C, Z, Y, X)."""
        return self.pixels[None, None]


def picture(kind: str, seed: int) -> Picture:
    """An image rendered from its seed; tissue as its luminance."""
    pixels, truth = _RENDER[kind](seed)
    gray = pixels @ np.array(LUMINANCE) if pixels.ndim == 3 else pixels
    return Picture(kind, gray.astype(np.float32), truth)


def finder(name: str, settings: NetSettings, cache: Path, steps: int = 250) -> Net:
    """A small network taught to find nuclei: foreground and distance, as all our models for objects."""

    def teach() -> Net:
        images = [picture("nuclei", seed) for seed in _LEARN_FROM]
        sources = [annotated_source(one.volume, one.truth[None].astype(np.uint32), NORMALIZE) for one in images]
        torch.manual_seed(0)
        net = build(settings)
        net.lean_to_background(-2.0, 0.1)
        learner = Learner(net, pick("cpu"), Course(Objective("instances"), average=0.97))
        rng, schedule, how = np.random.default_rng(0), Cosine(5e-3), AUGMENTATIONS["light"]
        shares = np.full(len(sources), 1 / len(sources))
        for step in range(steps):
            batch = draw_batch(sources, shares, 4, (1, 96, 96), how, rng, NORMALIZE.gain)
            learner.step(batch, schedule.rate((step + 0.5) / steps))
        return learner.average

    return _kept(cache, f"{name}-{steps}", settings, teach)


def small(network: str) -> NetSettings:
    """A network of the literature, small: two outputs, one image channel."""
    return preset(network, in_channels=NORMALIZE.inputs_per_channel, width=WIDTH)


def repeater(name: str, settings: NetSettings, kinds: tuple[str, ...], cache: Path, noise: float, steps: int) -> Net:
    """An auto-encoder of images of some kinds."""

    def teach() -> Net:
        images = [picture(kind, seed) for kind in kinds for seed in _LEARN_FROM]
        how = Repeating(steps=steps, patch=(1, 64, 64), noise=noise, learning_rate=5e-3)
        sources = [source_of(one.volume, NORMALIZE) for one in images]
        return learn(settings, sources, how, pick("cpu"), lambda step, loss: None)

    return _kept(cache, f"{name}-{'-'.join(kinds)}-{noise}-{steps}", settings, teach)


def header_of(settings: NetSettings) -> ModelHeader:
    """As the header of an auto-encoder's file."""
    return ModelHeader(id="again", name="again", kind="values", net=settings)


def inputs_of(example: Picture, part: slice) -> torch.Tensor:
    """A square part of an image as a network sees it (1, C, 1, Y, X)."""
    scaled = fit(example.volume, NORMALIZE).apply(example.volume)
    return torch.from_numpy(np.ascontiguousarray(scaled[..., part, part]))[None]


def _kept(cache: Path, name: str, settings: NetSettings, teach: Callable[[], Net]) -> Net:
    """What `teach` gives, or what it gave another time."""
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(f"{name} {settings.model_dump_json()}".encode()).hexdigest()[:12]
    path = cache / f"{digest}.pt"
    if not path.exists():
        torch.save(teach().state_dict(), path)
    net = build(settings)
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()
