"""Membranes that a model finds in stacks, as F1 of their centre lines (`boundaries`), beside a ridge filter's.

The model runs as *Segment* runs it. Scores of classes that are no lines are those of ``bench accuracy``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab import classical
from apprentice_lab.bench import report
from apprentice_lab.bench.accuracy import header_of, propose
from apprentice_lab.bench.images import ImagesSettings
from apprentice_lab.scoring import boundaries
from napari_apprentice.data.labels import scores
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.settings import DeviceName, SegmentSettings

Masks = NDArray[Any]


class MembranesSettings(ImagesSettings):
    """What to judge."""

    data: Annotated[Path, Field(description="Folder with images/ and, of the same names, what is true.")] = (
        report.DATA / "em_fib25"
    )
    truth: Annotated[str, Field(description="The folder in it with membranes: above 0.")] = "membranes"
    model: Annotated[str, Field(description="A bundled model or a model file.")] = "membranes-2d"
    split: Annotated[str, Field(description="Which part: dev, train, or all.")] = "dev"
    tolerance: Annotated[float, Field(ge=0, description="Pixels that a line may be away.")] = boundaries.TOLERANCE
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: MembranesSettings) -> Iterator[str]:
    """Write ``results.json``: counts of all sections together, F1 of each section, and Dice; ``membranes.png``."""
    header = header_of(settings.model)
    if header.kind != "classes":
        raise UserError(f"{header.name} finds objects, not membranes: choose a model of classes.")
    chosen = settings.pictures(settings.split, settings.truth)
    folder(out)
    found: dict[str, list[Masks]] = {"model": [], "ridge filter": []}
    truth: list[Masks] = []
    runners = InlineRunners()
    try:
        for picture in chosen:
            volume, true = picture.read()
            truth.append(true)
            found["model"].append(propose(volume, settings.model, runners, SegmentSettings(device=settings.device)))
            found["ridge filter"].append(classical.dark_lines(volume))
    finally:
        runners.close()
    table = {who: judge(truth, masks, settings.tolerance) for who, masks in found.items()}
    for who, row in table.items():
        yield (
            f"{who:<12} F1 {row['F1']:.3f} (precision {row['precision']:.3f}, recall {row['recall']:.3f}), "
            f"sections {min(row['sections']):.3f} to {max(row['sections']):.3f}, Dice {row['Dice']:.3f}"
        )
    about = {"bench": "membranes", "settings": settings.model_dump(), "trained_on": header.trained_on}
    report.write(out, {**about, "images": [one.name for one in chosen], "scores": table})
    report.plot(out / "membranes.png", lambda axes: _draw(axes, table), size=(7, 4))


def judge(truth: Sequence[Masks], found: Sequence[Masks], tolerance: float) -> dict[str, Any]:
    """Scores over stacks (..., Y, X): of centre lines and of masks as they are, F1 of each section, Dice of pixels."""
    stacks = zip(truth, found, strict=True)
    planes = [pair for one, two in stacks for pair in zip(_planes(one), _planes(two), strict=True)]
    lines = [boundaries.compare(one, two, tolerance) for one, two in planes]
    masks = [boundaries.compare(one, two, tolerance, thin=False) for one, two in planes]
    total, whole = (sum(counts[1:], counts[0]) for counts in (lines, masks))
    true, predicted = (np.concatenate([pair[side].ravel() > 0 for pair in planes]) for side in (0, 1))
    return {
        "F1": total.f1,
        "precision": total.precision,
        "recall": total.recall,
        "F1 of masks": whole.f1,
        "Dice": scores.mean_dice(scores.dice(true, predicted, (1,))),
        "line pixels": {"predicted": total.predicted, "true": total.true},
        "sections": [one.f1 for one in lines],
    }


def _planes(stack: Masks) -> Masks:
    return stack.reshape(-1, *stack.shape[-2:])


def _draw(axes: Any, table: dict[str, dict[str, Any]]) -> None:
    for who, row in table.items():
        axes.plot(row["sections"], label=f"{who}: {row['F1']:.3f}")
    axes.set(xlabel="section", ylabel="F1 of centre lines", ylim=(0, 1))
    axes.legend(frameon=False)
