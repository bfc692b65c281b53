"""Small real tasks for comparing networks: what is learned from, what is judged, and how.

Everything a run chooses, it chooses on images of the train split; the dev split is only judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.sets import Picture, picture, pictures
from napari_apprentice.data.labels import instances, scores
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DecodeSettings, Triple

TaskName = Literal["nuclei-2d", "nuclei-3d", "membranes", "cells-2d"]
Labels = NDArray[np.uint32]

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(9))
_KINDS = ("fluo_small", "fluo_medium", "fluo_large")
_LARGEST = 360  # pixels along an edge: a few large images would take most of the time
_SECTIONS = {"train": range(0, 150, 10), "dev": range(0, 50, 5)}
_DECODINGS: dict[str, tuple[float, ...]] = {
    "foreground": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "prominence": (0.05, 0.1, 0.2, 0.3, 0.4),
    "min_size": (4, 12, 30),
}


@dataclass(frozen=True)
class Example:
    """One annotated image: pixels (C, Z, Y, X) and labels (Z, Y, X), complete: 0 is background."""

    name: str
    pixels: NDArray[Any]
    labels: Labels


@dataclass(frozen=True)
class BenchTask:
    """What is to be learned, from patches (z, y, x) in batches; ``read`` gives the images of "train" or "dev".

    ``fits`` is how many training images choose how predictions are decoded.
    """

    name: TaskName
    words: str
    kind: Literal["instances", "classes"]
    dims: Literal[2, 3]
    patch: Triple
    batch: int
    fits: int
    read: Callable[[Path, str], list[Example]]

    @property
    def score_name(self) -> str:
        """What the score is."""
        return "mean AP .5 to .9" if self.kind == "instances" else "Dice"

    @property
    def out_channels(self) -> int:
        """Foreground and distance, or one class."""
        return 2 if self.kind == "instances" else 1

    def fitting(self, examples: Sequence[Example]) -> list[Example]:
        """The training images that choose the decoding, evenly from all."""
        places = np.linspace(0, len(examples) - 1, min(self.fits, len(examples))).round().astype(int)
        return [examples[i] for i in places]

    def decode(self, prediction: NDArray[Any], settings: DecodeSettings) -> Labels:
        """Labels (Z, Y, X) from a prediction (K, Z, Y, X) whose first channel is the probability of foreground."""
        if self.kind == "instances":
            return instances.decode(prediction, settings)
        return np.asarray(prediction[0] >= settings.foreground, np.uint32)

    def score(self, examples: Sequence[Example], found: Sequence[Labels]) -> dict[str, float]:
        """Means over images; of objects "AP .50" and the mean over IoU .5 to .9, of a class Dice over all voxels."""
        if self.kind == "classes":
            truth, got = (np.concatenate([part.ravel() for part in parts]) for parts in (_truth(examples), found))
            return {"Dice": scores.mean_dice(scores.dice(truth, got, (1,)))}
        table = np.array(
            [
                [one.average_precision for one in scores.matches(example.labels, labels, THRESHOLDS)]
                for example, labels in zip(examples, found, strict=True)
            ]
        )
        return {"mean AP .5 to .9": float(table.mean()), "AP .50": float(table[:, 0].mean())}

    def choose(self, examples: Sequence[Example], predictions: Sequence[NDArray[Any]]) -> DecodeSettings:
        """The decoding with the best score, one setting after the other: each depends little on the others."""
        names = list(_DECODINGS) if self.kind == "instances" else ["foreground"]
        return fit_decoding(
            {name: _DECODINGS[name] for name in names},
            lambda tried: self.score(examples, [self.decode(p, tried) for p in predictions])[self.score_name],
        )


def fit_decoding(choices: Mapping[str, tuple[float, ...]], score: Callable[[DecodeSettings], float]) -> DecodeSettings:
    """The settings with the best score, one setting after the other; of equals the first."""
    best, top = DecodeSettings(), -1.0
    for name, values in choices.items():
        for value in values:
            tried = best.model_copy(update={name: value})
            reached = score(tried)
            if reached > top:
                best, top = tried, reached
    return best


def _truth(examples: Sequence[Example]) -> list[Labels]:
    return [example.labels for example in examples]


def _read_nuclei_2d(data: Path, split: str) -> list[Example]:
    """Of each kind of fluorescence image as many, evenly from the list."""
    many = {"train": 20, "dev": 8}[split]
    images = pictures(data / "dsb2018", split)
    examples = []
    for kind in _KINDS:
        alike = (_read(image) for image in images if image.kind == kind)
        mine = [one for one in alike if max(one.labels.shape) <= _LARGEST]
        examples += [mine[i] for i in np.linspace(0, len(mine) - 1, min(many, len(mine))).round().astype(int)]
    return examples


def _read_nuclei_3d(data: Path, split: str) -> list[Example]:
    """Two volumes, of each a part to learn from and one to be judged.

    The dev volume of nuclei3d_ovules is noise in which nothing can be seen, so both parts are of its train volume, at
    half the resolution in the plane (voxels of 0.28 x 0.25 x 0.25 um); the other volume is a small stack.
    """
    stacks = (("nuclei3d_ovules", "ovule1135"), ("nuclei3d_stardist_mini", "img3d"))
    noisy, small = (_read(picture(data / folder, name)) for folder, name in stacks)
    noisy, z = _halved(noisy), noisy.pixels.shape[1]
    first = split == "train"
    along_z, along_y = slice(0, 60) if first else slice(60, z), slice(0, 36) if first else slice(36, None)
    return [
        Example(f"{noisy.name} {split}", noisy.pixels[:, along_z], np.ascontiguousarray(noisy.labels[along_z])),
        Example(f"{small.name} {split}", small.pixels[:, :, along_y], np.ascontiguousarray(small.labels[:, along_y])),
    ]


def _read_membranes(data: Path, split: str) -> list[Example]:
    """Sections of one stack, far enough apart to differ."""
    (one,) = (_read(stack) for stack in pictures(data / "em_fib25", split, truth_in="membranes"))
    return [Example(f"{one.name} {z}", one.pixels[:, z : z + 1], one.labels[z : z + 1]) for z in _SECTIONS[split]]


def _read_cells_2d(data: Path, split: str) -> list[Example]:
    """Whole cells in phase contrast, with processes, at half the resolution."""
    return [_halved(_read(image)) for image in pictures(data / "usiigaci_phase", split)]


def _halved(example: Example) -> Example:
    """At half the resolution in the plane."""
    c, z, y, x = (n // m * m for n, m in zip(example.pixels.shape, (1, 1, 2, 2), strict=True))
    even = example.pixels[..., :y, :x].reshape(c, z, y // 2, 2, x // 2, 2)
    labels = np.ascontiguousarray(example.labels[:, :y:2, :x:2])
    return Example(example.name, even.mean(axis=(3, 5), dtype=np.float32), labels)


def _read(image: Picture) -> Example:
    volume, labels = image.read()
    return Example(image.name, np.asarray(volume.pixels)[0], labels[0])


TASKS: dict[TaskName, BenchTask] = {
    task.name: task
    for task in (
        BenchTask(
            "nuclei-2d", "nuclei in fluorescence, 2D", "instances", 2, (1, 96, 96), 4, fits=12, read=_read_nuclei_2d
        ),
        BenchTask(
            "nuclei-3d", "nuclei in fluorescence, 3D", "instances", 3, (16, 32, 32), 4, fits=2, read=_read_nuclei_3d
        ),
        BenchTask("membranes", "membranes in EM, 2D", "classes", 2, (1, 96, 96), 4, fits=5, read=_read_membranes),
        BenchTask("cells-2d", "cells in phase contrast", "instances", 2, (1, 96, 96), 4, fits=5, read=_read_cells_2d),
    )
}


def read_all(data: Path, jobs: Iterable[tuple[Any, ...]]) -> None:
    """Read the images of every task that jobs begin with: a missing folder is said before anything starts."""
    for name in dict.fromkeys(job[0] for job in jobs):
        read(name, data)


def read(name: TaskName, data: Path) -> tuple[list[Example], list[Example]]:
    """The images of train and of dev; `UserError` when they are not in the folder `data`."""
    try:
        return TASKS[name].read(data, "train"), TASKS[name].read(data, "dev")
    except (OSError, UserError) as error:
        raise UserError(f"{data} has no images for {name} ({error}): give --data or other --tasks.") from error
