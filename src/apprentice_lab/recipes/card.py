"""What a recipe reports: scores as JSON and as a Markdown table, pictures of good and bad cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.judge import AnnotatedImage, Report
from napari_apprentice.data.labels.outline_pictures import write_pair
from napari_apprentice.data.labels.scores import THRESHOLDS, average_precision


def table(reports: Mapping[str, Report]) -> str:
    """Scores of every method side by side, one line for each kind of image."""
    heads = [f"{method} {at:.2f}" for method in reports for at in THRESHOLDS]
    lines = ["| kind of image | images | objects | " + " | ".join(heads) + " |", "|---|" + "---:|" * (2 + len(heads))]
    first = next(iter(reports.values()))
    for kind, score in first.items():
        values = [f"{value:.3f}" for report in reports.values() for value in report[kind].mean]
        lines.append(f"| {kind} | {score.images} | {score.objects} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def write_report(
    out: Path, reports: Mapping[str, Report], examples: Sequence[AnnotatedImage], found: Sequence[np.ndarray]
) -> None:
    """Write ``scores.json``, ``scores.md`` and, for every kind of image, its median and its worst case as PNG."""
    document = {name: {kind: asdict(score) for kind, score in report.items()} for name, report in reports.items()}
    (out / "scores.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (out / "scores.md").write_text(table(reports), encoding="utf-8")
    for kind in dict.fromkeys(example.kind for example in examples):
        cases = [(e, labels) for e, labels in zip(examples, found, strict=True) if e.kind == kind and e.labels.any()]
        cases.sort(key=lambda case: average_precision(case[0].labels, case[1]))
        for title, (example, labels) in {"worst": cases[0], "median": cases[len(cases) // 2]}.items():
            write_pair(out / "pictures" / f"{kind}-{title}.png", example.pixels, example.labels, labels)
