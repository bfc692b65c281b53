"""What networks found, beside the truth: a score alone does not say what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.bench import report
from apprentice_lab.bench.tasks import BenchTask, Example

_COLUMNS = 8
_EDGE = 1.6  # inches


def write(path: Path, task: BenchTask, example: Example, found: dict[str, NDArray[Any]]) -> None:
    """A section of one dev image, its truth, and the labels (Z, Y, X) that each network found."""
    z = example.labels.shape[0] // 2
    panels = {task.words: example.pixels[0, z], "truth": _colours(example.labels[z])}
    panels |= {label: _colours(labels[z]) for label, labels in found.items()}
    rows = -(-len(panels) // _COLUMNS)

    def draw(axes: Any, i: int) -> None:
        title, picture = list(panels.items())[i]
        axes.imshow(picture, cmap="gray", vmax=np.percentile(picture, 99.5), interpolation="nearest")
        axes.set_title(title if i else "image", fontsize=8)
        axes.set_axis_off()

    size = _COLUMNS * _EDGE, rows * (_EDGE + 0.25)
    report.plots(path, len(panels), draw, size=size, columns=_COLUMNS)


def _colours(labels: NDArray[Any]) -> NDArray[Any]:
    """Neighbouring numbers in different colours, background black, (Y, X, 3)."""
    table: NDArray[Any] = np.random.default_rng(1).random((int(labels.max(initial=0)) + 1, 3)) * 0.8 + 0.2
    table[0] = 0
    return np.asarray(table[labels])
