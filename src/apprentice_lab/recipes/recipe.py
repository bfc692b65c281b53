"""How a bundled model is made: from annotated images to a model file with its scores and pictures.

Of the train images about a tenth, in whole groups, is held out to choose the decoding; dev only reports. A training
that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab import classical
from apprentice_lab.recipes.card import write_report
from apprentice_lab.recipes.judge import AnnotatedImage, Report, choose_decoding, compare
from apprentice_lab.training.annotated import annotated_source, seen_otherwise
from apprentice_lab.training.pretrain import Cycle, PretrainPlan, average_of, pretrain
from apprentice_lab.training.stains import stained_otherwise
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import circle_diameter, typical_diameter, zoom_for, zoom_to_see
from napari_apprentice.data.labels.scores import THRESHOLDS
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.diameter import measured_in
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.predict import Prediction, predict
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DecodeSettings, DeviceName, NormalizeSettings

log = logging.getLogger(__name__)

LAST = "last.pt"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a bundled model is.

    ``read`` gives the images of a split, "train", "fold" (held out of train) or "dev", in a folder of data sets;
    ``shares`` how often each one is drawn. The network looks at ``zoom`` of its pixels per image pixel; with
    ``same_size`` at each image so that the diameter of its typical object is about so many of them. ``further`` is the
    cycle by which a finished model goes on learning. Of an image in colour it sees half the time the gray that the
    model will, half the time one of so many ``stains`` (`training.stains`).
    """

    name: str
    title: str
    net: NetSettings
    cycles: tuple[Cycle, ...]
    read: Callable[[Path, str], list[AnnotatedImage]]
    shares: Callable[[list[AnnotatedImage]], np.ndarray]
    trained_on: tuple[str, ...]
    licence: str
    zoom: float = 1.0
    same_size: float | None = None
    spacing: tuple[float, float, float] | None = None
    unit: str = "pixel"
    batch_size: int = 8
    patch: tuple[int, int, int] = (1, 160, 160)
    normalize: NormalizeSettings = field(default_factory=NormalizeSettings)
    further: Cycle | None = None
    stains: int = 0

    @property
    def measures(self) -> bool:
        """Whether the model measures the size of objects in an image before it looks at all of it."""
        return self.same_size is not None

    def plan(self, threads: int, device: DeviceName = "cpu") -> PretrainPlan:
        """How it is trained from nothing."""
        return PretrainPlan(
            self.net, self.cycles, self.batch_size, self.patch, gain=self.normalize.gain, threads=threads, device=device
        )

    def plan_further(self, start: Path, minutes: float, threads: int, device: DeviceName = "cpu") -> PretrainPlan:
        """How the model file ``start`` is trained one stretch further; `UserError` when the recipe has none."""
        if self.further is None:
            raise UserError(f"The recipe of {self.name} has no further stretch: train it from nothing.")
        plan = self.plan(threads, device)
        return replace(plan, cycles=(self.further,), start=start, seconds=60 * minutes, seed=seed_of(start))

    def source(self, example: AnnotatedImage) -> Source:
        """What patches of an example are cut from."""
        zoom = self.zoom if self.same_size is None else zoom_to(self.same_size, example.labels)
        return annotated_source(example.pixels[None, None], example.labels[None], self.normalize, zoom)

    def sources(self, examples: list[AnnotatedImage]) -> tuple[list[Source], np.ndarray]:
        """What patches are cut from, and how often each is drawn."""
        sources: list[Source] = []
        shares: list[float] = []
        for example, share in zip(examples, self.shares(examples), strict=True):
            source = self.source(example)
            others = self._stained(example, source)
            sources += [source, *others]
            shares += [share / 2, *[share / 2 / len(others)] * len(others)] if others else [share]
        return sources, np.array(shares)

    def _stained(self, example: AnnotatedImage, source: Source) -> list[Source]:
        if example.colours is None:
            return []
        rng = np.random.default_rng(list(example.name.encode()))
        grays = [stained_otherwise(example.colours, rng) for _ in range(self.stains)]
        return [seen_otherwise(source, gray[None, None], self.normalize) for gray in grays]

    def finish(self, data: Path, out: Path) -> Path:
        """From the last checkpoint in `out` to a model file there, with scores and pictures; returns the file."""
        return finish(self, data, out)

    def facts(self, step: int) -> dict[str, Any]:
        """What the header of any of its models says, whatever it finds."""
        return {
            "id": self.name,
            "name": self.title,
            "net": self.net,
            "normalize": self.normalize,
            "spacing": self.spacing,
            "unit": self.unit,
            "trained_on": self.trained_on,
            "licence": self.licence,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "notes": f"{step} training steps; apprentice train {self.name}",
        }

    def why_not_written_to(self, out: Path) -> str:
        """One sentence when its model must not lie in this folder."""
        return ""


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    threads: int = 1,
    device: DeviceName = "cpu",
    further: tuple[Path, float] | None = None,
) -> Path:
    """Train or go on training, choose the decoding, judge on dev; returns the model file in `out`.

    ``further`` is a model file to begin with, and for how many minutes it is trained (0: only judged).
    """
    if problem := recipe.why_not_written_to(out):
        raise UserError(problem)
    out.mkdir(parents=True, exist_ok=True)
    examples = recipe.read(data, "train")
    log.info("%d images, %s", len(examples), dict(Counter(example.kind for example in examples)))
    sources, shares = recipe.sources(examples)
    plan = recipe.plan(threads, device) if further is None else recipe.plan_further(*further, threads, device)
    pretrain(sources, shares, plan, out / LAST, lambda: False)
    return recipe.finish(data, out)


def finish(recipe: Recipe, data: Path, out: Path) -> Path:
    """From the last checkpoint in `out` to a model file there, with its scores and pictures; returns the file."""
    step, net = average_of(out / LAST, recipe.net)
    network = Network(
        header(recipe, DecodeSettings(), {}, recipe.read(data, "train"), step), ready(net, pick("cpu")), pick("cpu")
    )

    def predicted(examples: list[AnnotatedImage]) -> list[Prediction]:
        return [predict(network, e.pixels[None, None], zoom_of(network, e.pixels[None, None])) for e in examples]

    def decoded(prediction: Prediction, settings: DecodeSettings) -> np.ndarray:
        return np.asarray(labels_of(prediction, network.header.model_copy(update={"decode": settings}))[0])

    fold = recipe.read(data, "fold")
    for _ in range(1 + recipe.measures):  # sizes are measured on decoded objects: again, when it is known how
        decoding, score = choose_decoding(fold, predicted(fold), decoded)
        log.info("step %d: %s scores %.3f on the held-out fold", step, decoding, score)
        network = replace(network, header=network.header.model_copy(update={"decode": decoding}))
    dev = recipe.read(data, "dev")
    found = [decoded(prediction, decoding) for prediction in predicted(dev)]
    baseline = [classical.segment(Volume(e.pixels[None, None, None]))[0, 0] for e in dev]
    report = compare(dev, {"model": found, "classical": baseline})
    write_report(out, report, dev, found)
    path = out / f"{recipe.name}.safetensors"
    save(path, header(recipe, decoding, report["model"], recipe.read(data, "train"), step), net, half=True)
    return path


def seed_of(start: Path) -> int:
    """Another one for every start, so that no stretch sees the patches of the one before."""
    return int.from_bytes(hashlib.sha256(start.read_bytes()).digest()[:4])


def zoom_to(diameter: float, labels: np.ndarray) -> float:
    """The zoom at which the median object of labels (Y, X) has this diameter; 1 without objects."""
    size = typical_diameter(labels)
    return 1.0 if size is None else zoom_to_see(size, diameter)


def zoom_of(network: Network, pixels: np.ndarray) -> float:
    """The zoom at which a model looks at an image (C, Z, Y, X) without a physical pixel size."""
    measured = measured_in(network, pixels) if network.header.measures else None
    return zoom_for(network.header, (1.0, 1.0, 1.0), "pixel", measured=measured)


def header(
    recipe: Recipe, decoding: DecodeSettings, scores: Report, examples: list[AnnotatedImage], step: int
) -> ModelHeader:
    """What the model file says about itself."""
    areas = np.concatenate([np.bincount(example.labels.ravel())[1:] for example in examples])
    diameter = recipe.same_size or float(circle_diameter(np.median(areas[areas > 0]))) * recipe.zoom
    return ModelHeader(
        decode=decoding,
        zoom=recipe.zoom,
        object_diameter=round(diameter, 1),
        measures=recipe.measures,
        scores=name_scores(scores),
        **recipe.facts(step),
    )


def name_scores(scores: Report) -> dict[str, float]:
    """Scores on dev as a header says them: AP, the mean over images of a kind."""
    names = [f"dev {kind} AP {at:.2f}" for kind in scores for at in THRESHOLDS]
    values = [round(value, 4) for kind in scores.values() for value in kind.mean]
    return dict(zip(names, values, strict=True))
