"""How well a network does on corrections: the loss and the score of some of what is confirmed.

Only boxes around what is judged are predicted, at network resolution, so that judging takes a fraction of teaching.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Literal

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.labels.gains import Tally, classes_tally, objects_tally
from napari_apprentice.data.labels.scores import Matches
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.device import Device, mixed_precision
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.normalize import with_logarithm
from napari_apprentice.engine.windows import TrainingWindow
from napari_apprentice.settings import DecodeSettings

Box = tuple[slice, slice, slice]
Part = Literal["teaches", "chooses", "judges"]

THRESHOLDS = (0.5, 0.6, 0.7, 0.8)
_CONTEXT = (8, 32, 32)  # slices and network pixels around what is judged
_GRID = 16


@dataclass(frozen=True)
class EvaluationCase:
    """One box of a window of the image ``name``.

    Inputs (1, C, Z, Y, X), target and weight (1, K, ...), labels and what judges (Z, Y, X).
    """

    name: str
    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    labels: np.ndarray
    confirmed: np.ndarray

    @property
    def size(self) -> int:
        """Voxels."""
        return int(self.labels.size)


@dataclass
class CasePredictions:
    """What a case came to. ``predictions`` (K, Z, Y, X) are what its channels mean."""

    loss: float = 0.0
    predictions: list[np.ndarray] = field(default_factory=list)


def cases_of(
    windows: Sequence[TrainingWindow], net: NetSettings, part: Part, *, most: int = 10_000
) -> list[EvaluationCase]:
    """Boxes around what teaches, chooses or judges, the first `most`."""
    found: list[EvaluationCase] = []
    for window in windows:
        confirmed = {"teaches": window.training, "chooses": window.choosing, "judges": window.validation}[part]
        weight = window.source.weight
        if part != "teaches":
            weight = window.judging * torch.from_numpy(confirmed > 0)
        if not confirmed.any():
            continue
        for box in boxes_around(confirmed, net.multiple):
            inside = (slice(None), *box)
            found.append(
                EvaluationCase(
                    window.name,
                    window.source.image[inside][None],
                    window.source.target[inside][None],
                    weight[inside][None],
                    window.labels[box],
                    confirmed[box],
                )
            )
            if len(found) == most:
                return found
    return found


def whole_window(window: TrainingWindow) -> EvaluationCase:
    """All of a window, with nothing to judge."""
    source = window.source
    weight = torch.zeros_like(source.weight)
    return EvaluationCase(
        window.name, source.image[None], source.target[None], weight[None], window.labels, window.validation
    )


def boxes_around(confirmed: np.ndarray, multiple: tuple[int, int, int]) -> list[Box]:
    """Boxes around what is confirmed with context; those that touch are joined. Their edges suit the network."""
    shape = confirmed.shape
    context = tuple(c if n > 1 else 0 for c, n in zip(_CONTEXT, shape, strict=True))
    step = _GRID
    rows, columns = -(-shape[1] // step), -(-shape[2] // step)
    planes = np.flatnonzero(confirmed.any(axis=(1, 2)))
    coarse = np.zeros((rows, columns), bool)
    _, y, x = np.nonzero(confirmed)
    coarse[y // step, x // step] = True
    grown = ndimage.binary_dilation(coarse, np.ones((3, 3)), iterations=context[1] // step)
    groups, _ = ndimage.label(grown, np.ones((3, 3)))
    z = _fitted(int(planes[0]) - context[0], int(planes[-1]) + 1 + context[0], shape[0], multiple[0])
    boxes = []
    for found in ndimage.find_objects(groups):
        plane = [
            _fitted(part.start * step, part.stop * step, n, m)
            for part, n, m in zip(found, shape[1:], multiple[1:], strict=True)
        ]
        boxes.append((z, plane[0], plane[1]))
    if sum((b[1].stop - b[1].start) * (b[2].stop - b[2].start) for b in boxes) > shape[1] * shape[2]:
        return [(z, slice(0, shape[1]), slice(0, shape[2]))]
    return boxes


def _fitted(start: int, stop: int, length: int, multiple: int) -> slice:
    """The range clipped to the window, a multiple long where the window is large enough."""
    start, stop = max(0, start), min(length, stop)
    size = min(length, -(-(stop - start) // multiple) * multiple)
    start = min(start, length - size)
    return slice(start, start + size)


def predict_cases(
    net: nn.Module,
    settings: NetSettings,
    cases: Sequence[EvaluationCase],
    objective: Objective,
    gain: float,
    device: Device,
) -> Generator[None, None, CasePredictions]:
    """Predict every case with a network in `eval`; yields after each box."""
    predicted = CasePredictions()
    total = 0.0
    for case in cases:
        logits = forward(net, settings, case.image, gain, device)
        share = float(case.weight.sum())
        predicted.loss += share * float(objective(logits, case.target, case.weight))
        total += share
        predicted.predictions.append(np.asarray(activate(logits, objective.meanings)[0].numpy()))
        yield
    predicted.loss /= max(total, 1e-6)
    return predicted


def forward(net: nn.Module, settings: NetSettings, image: torch.Tensor, gain: float, device: Device) -> torch.Tensor:
    """From linear values (1, C, Z, Y, X), mirrored up to the net's multiple, to logits (1, K, Z, Y, X) on the CPU."""
    shape = image.shape[2:]
    inputs = with_logarithm(image, gain)
    short = [-n % m for n, m in zip(shape, settings.multiple, strict=True)]
    if any(short):
        widths = [(0, 0), (0, 0), *((0, more) for more in short)]
        inputs = torch.from_numpy(np.pad(inputs.numpy(), widths, mode="symmetric"))
    with torch.inference_mode(), mixed_precision(device):
        logits: torch.Tensor = net(inputs.to(device.torch)).float().cpu()
    z, y, x = shape
    return logits[..., :z, :y, :x]


def match_cases(
    cases: Sequence[EvaluationCase],
    predicted: CasePredictions,
    representation: Representation,
    decode: DecodeSettings,
    *,
    sections: bool = True,
) -> list[Matches]:
    """Whole objects found, missed and invented at `THRESHOLDS`."""
    total = [Matches(t, 0, 0, 0) for t in THRESHOLDS]
    for case, prediction in zip(cases, predicted.predictions, strict=True):
        proposed = representation.decode(prediction, decode)
        for i, one in enumerate(
            scores.matches_within(case.labels, proposed, case.confirmed, THRESHOLDS, sections=sections)
        ):
            total[i] = total[i] + one
    return total


def tally(
    cases: Sequence[EvaluationCase],
    predicted: CasePredictions,
    representation: Representation,
    decode: DecodeSettings,
    values: Sequence[int],
) -> Tally:
    """What predictions come to, object by object, or for classes (``values``) stroke by stroke."""
    found = []
    for case, prediction in zip(cases, predicted.predictions, strict=True):
        proposed = representation.decode(prediction, decode)
        if representation.kind == "classes":
            found.append(classes_tally(case.labels, proposed, case.confirmed, values))
        else:
            found.append(objects_tally(case.labels, proposed, case.confirmed, THRESHOLDS))
    return reduce(add, found)


def class_scores(
    cases: Sequence[EvaluationCase], predicted: CasePredictions, representation: Representation, values: Sequence[int]
) -> float:
    """Mean Dice of the classes over what is confirmed."""
    truth, found = [], []
    for case, prediction in zip(cases, predicted.predictions, strict=True):
        known = case.confirmed > 0
        truth.append(np.where(case.confirmed == AS_LABELLED, case.labels, 0)[known])
        found.append(representation.decode(prediction, DecodeSettings())[known])
    return scores.mean_dice(scores.dice(np.concatenate(truth), np.concatenate(found), values))
