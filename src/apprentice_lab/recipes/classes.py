"""How a model of classes is made: membranes in electron microscopy, structures in medical volumes.

Examples are volumes (Z, Y, X); a 2D network learns and judges them section by section. Of one class the probability
that parts it from the rest is chosen on the fold and becomes part of the network: there .5 decides, as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import napari_apprentice
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.recipe import LAST, Recipe, log
from apprentice_lab.scoring import boundaries
from apprentice_lab.training.annotated_classes import class_source, shift_decision
from apprentice_lab.training.pretrain import PretrainPlan, average_of
from napari_apprentice.data.labels import classes, scores
from napari_apprentice.data.labels.outline_pictures import write_pair
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.predict import predict
from napari_apprentice.settings import ClassName, DeviceName

_DECISIONS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


@dataclass(frozen=True, kw_only=True)
class ClassRecipe(Recipe):
    """A recipe whose labels are classes.

    ``lines`` says that the class is a line, such as a membrane, judged by `boundaries.compare`. A model that is not
    ``shipped`` may not be given away with the package, because of what it was trained on.
    """

    classes: tuple[ClassName, ...]
    lines: bool = False
    shipped: bool = True

    def plan(self, threads: int, device: DeviceName = "cpu") -> PretrainPlan:
        """How it is trained: cross-entropy and Dice."""
        return PretrainPlan(
            self.net,
            self.cycles,
            self.batch_size,
            self.patch,
            gain=self.normalize.gain,
            kind="classes",
            threads=threads,
            device=device,
        )

    def source(self, example: AnnotatedImage) -> Source:
        """All of a volume is known."""
        return class_source(example.pixels[None], example.labels, self.normalize, patch=self.patch)

    def why_not_written_to(self, out: Path) -> str:
        """What is not shipped is never written where the package lies."""
        package = Path(napari_apprentice.__file__).resolve().parent
        if self.shipped or not out.resolve().is_relative_to(package):
            return ""
        return (
            f"{out} lies in the package and {self.name} may not be given away with it ({self.licence}): "
            "choose a folder outside."
        )

    def finish(self, data: Path, out: Path) -> Path:
        """Choose the decision on the fold, judge on dev; writes the model, ``scores.json`` and pictures."""
        step, net = average_of(out / LAST, self.net)
        fold = self.read(data, "fold")
        if len(self.classes) == 1:
            decision, score = choose_decision(fold, probabilities(self, net, fold), lines=self.lines)
            shift_decision(net, decision)
            log.info("step %d: probability %.2f decides, %.3f on the held-out fold", step, decision, score)
        report = {}
        for split, examples in (("fold", fold), ("dev", self.read(data, "dev"))):
            found = [classes.decode(values) for values in probabilities(self, net, examples)]
            report[split] = judge(self.classes, examples, found, lines=self.lines)
            log.info("%s: %s", split, report[split])
        (out / "scores.json").write_text(json.dumps({"step": step, **report}, indent=1) + "\n", encoding="utf-8")
        _write_pictures(out / "pictures", examples, found)
        path = out / f"{self.name}.safetensors"
        save(path, header(self, report["dev"], step), net, half=True)
        return path


def header(recipe: ClassRecipe, found: dict[str, Any], step: int) -> ModelHeader:
    """What the model file says about itself; scores are those on dev."""
    return ModelHeader(
        kind="classes",
        classes=recipe.classes,
        scores={f"dev {name}": round(value, 4) for name, value in found.items()},
        **recipe.facts(step),
    )


def probabilities(recipe: ClassRecipe, net: Any, examples: Sequence[AnnotatedImage]) -> list[np.ndarray]:
    """What a torch net says: of every class (K, Z, Y, X), of one class only its own."""
    network = Network(header(recipe, {}, 0), ready(net, pick("cpu")), pick("cpu"))
    return [predict(network, example.pixels[None]).values for example in examples]


def choose_decision(
    examples: Sequence[AnnotatedImage], predictions: Sequence[np.ndarray], *, lines: bool
) -> tuple[float, float]:
    """The probability from which on a voxel is of the only class, by F1 of its lines or by Dice; and that score."""

    def score(decision: float) -> float:
        masks = [np.asarray(values[0] > decision, np.uint32) for values in predictions]
        return _lines_of(examples, masks).f1 if lines else _dice(examples, masks, 1)

    return max(((decision, score(decision)) for decision in _DECISIONS), key=lambda pair: pair[1])


def judge(
    names: Sequence[ClassName], examples: Sequence[AnnotatedImage], found: Sequence[np.ndarray], *, lines: bool
) -> dict[str, float]:
    """Dice of each class, the mean over volumes and that of all voxels; of lines also F1, precision and recall."""
    report = {}
    for one in names:
        each = [
            scores.dice(e.labels, labels, (one.value,))[one.value] for e, labels in zip(examples, found, strict=True)
        ]
        present = [value for value in each if value is not None]
        report[f"Dice {one.name}"] = float(np.mean(present)) if present else 1.0
        report[f"Dice {one.name}, pooled"] = _dice(examples, found, one.value)
    if lines:
        counts = _lines_of(examples, found)
        report |= {"line F1": counts.f1, "line precision": counts.precision, "line recall": counts.recall}
    return report


def _lines_of(examples: Sequence[AnnotatedImage], found: Sequence[np.ndarray]) -> boundaries.LineCounts:
    pairs = [boundaries.compare(e.labels, labels) for e, labels in zip(examples, found, strict=True)]
    return sum(pairs[1:], pairs[0])


def _dice(examples: Sequence[AnnotatedImage], found: Sequence[np.ndarray], value: int) -> float:
    truth, got = np.concatenate([e.labels.ravel() for e in examples]), np.concatenate([one.ravel() for one in found])
    return scores.mean_dice(scores.dice(truth, got, (value,)))


def _write_pictures(folder: Path, examples: Sequence[AnnotatedImage], found: Sequence[np.ndarray]) -> None:
    """The middle section of the worst and of the median volume."""
    cases = list(zip(examples, found, strict=True))
    cases.sort(key=lambda case: scores.mean_dice(scores.dice(case[0].labels > 0, case[1] > 0, (1,))))
    for title, (example, labels) in {"worst": cases[0], "median": cases[len(cases) // 2]}.items():
        z = len(labels) // 2
        write_pair(folder / f"{example.kind}-{title}.png", example.pixels[z], example.labels[z], labels[z])
