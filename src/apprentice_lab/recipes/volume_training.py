"""Training a recipe for volumes: simulated stacks first, then real ones among them; each part goes on where it was."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.card import write_report
from apprentice_lab.recipes.judge import AnnotatedImage, Report, compare
from apprentice_lab.recipes.recipe import LAST, name_scores, zoom_of
from apprentice_lab.recipes.volumes import SIMULATED, VolumeRecipe, render
from apprentice_lab.training.begin import begin_with
from apprentice_lab.training.pretrain import average_of, pretrain
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.predict import predict
from napari_apprentice.settings import DeviceName

log = logging.getLogger(__name__)


def train_simulated(recipe: VolumeRecipe, out: Path, threads: int = 1, device: DeviceName = "auto") -> Path:
    """The first part: train or go on training on simulated stacks; returns the model file in `out`."""
    path = out / f"{recipe.name}-{SIMULATED}.safetensors"
    if path.exists():
        return path
    out.mkdir(parents=True, exist_ok=True)
    sources = [recipe.source(one) for one in render(recipe, range(recipe.rendered), threads)]
    log.info("%d simulated stacks", len(sources))
    plan = replace(recipe.plan(threads, device), cycles=recipe.before)
    pretrain(sources, np.full(len(sources), 1 / len(sources)), plan, out / LAST, lambda: False)
    only = replace(recipe, name=path.stem, title=f"{recipe.title}, simulated", trained_on=("simulated stacks",))
    return finish(only, out, [], device)


def train(
    recipe: VolumeRecipe,
    data: Path,
    out: Path,
    threads: int = 1,
    device: DeviceName = "auto",
    simulated: Path | None = None,
) -> Path:
    """Both parts, each gone on with where it was; report on dev; returns the model file in `out`.

    ``simulated`` is the folder of the first part, which several trainings may share; None: one in `out`.
    """
    first = simulated or out / SIMULATED
    train_simulated(recipe, first, threads, device)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / LAST).exists():
        begin_with(first / LAST, recipe.net, out / LAST)
    examples = recipe.read(data, "train") + render(recipe, range(recipe.mixed), threads)
    log.info("%d stacks, %d of them simulated", len(examples), recipe.mixed)
    sources = [recipe.source(example) for example in examples]
    pretrain(sources, recipe.shares(examples), recipe.plan(threads, device), out / LAST, lambda: False)
    return finish(recipe, out, recipe.read(data, "dev"), device)


def finish(recipe: VolumeRecipe, out: Path, dev: list[AnnotatedImage], device: DeviceName) -> Path:
    """From the last checkpoint in `out` to a model file, with scores and pictures of `dev`."""
    step, net = average_of(out / LAST, recipe.net)
    first, where = _header(recipe, {}, step), pick(device)
    network = Network(first, ready(net, where), where)
    scores: Report = {}
    if dev:
        pixels = [example.pixels[None] for example in dev]
        found = [labels_of(predict(network, one, zoom_of(network, one)), first) for one in pixels]
        reports = compare(dev, {"model": found})
        scores = reports["model"]
        write_report(out, reports, *_flat(dev, found))
    path = out / f"{recipe.name}.safetensors"
    save(path, _header(recipe, scores, step), net, half=True)
    return path


def _header(recipe: VolumeRecipe, scores: Report, step: int) -> ModelHeader:
    return ModelHeader(
        decode=recipe.decode,
        zoom=recipe.zoom,
        object_diameter=recipe.diameter,
        measures=recipe.measures,
        scores=name_scores(scores),
        **recipe.facts(step),
    )


def _flat(examples: list[AnnotatedImage], found: list[np.ndarray]) -> tuple[list[AnnotatedImage], list[np.ndarray]]:
    """Of each volume the slice with most of its objects, for pictures."""
    slices, shown = [], []
    for example, labels in zip(examples, found, strict=True):
        areas = (example.labels > 0).sum(axis=(1, 2))
        fullest = np.flatnonzero(areas == areas.max())
        z = int(fullest[len(fullest) // 2])
        slices.append(replace(example, pixels=example.pixels[z], labels=example.labels[z]))
        shown.append(labels[z])
    return slices, shown
