"""What the bench of the loop came to: a table, and plots against corrected objects and against seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report

THRESHOLDS = (0.5, 0.75)
_GOALS = {100: 0.70, 200: 0.75}  # corrected objects: AP .50


def summary(out: Path, settings: dict[str, Any]) -> Iterator[str]:
    """Mean and spread over the users so far; written as results and plots."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((out / "rounds").glob("*.json"))]
    table: dict[str, dict[str, Any]] = {}
    for start in settings["start"]:
        for count in (0, *settings["objects"]):
            mine = [row for row in rows if row["start"] == start and row["objects"] == count]
            if mine:
                ap = np.array([row["ap"] for row in mine])
                table.setdefault(start, {})[str(count)] = {
                    "users": len(mine),
                    "ap_mean": ap.mean(axis=0).round(4).tolist(),
                    "ap_min": ap.min(axis=0).round(4).tolist(),
                    "ap_max": ap.max(axis=0).round(4).tolist(),
                    "seconds_mean": float(np.mean([row["seconds"] for row in mine])),
                    "images_per_s": _median([row.get("images_per_s") for row in mine]),
                    "better_by_a_tenth_s": _median([row.get("better_by_a_tenth_s") for row in mine]),
                }
    report.write(
        out,
        {
            "bench": "loop",
            "settings": settings,
            "thresholds": THRESHOLDS,
            "goals": _GOALS,
            "table": table,
            "rounds": rows,
        },
    )
    report.plot(out / "objects.png", lambda axes: draw_objects(axes, rows, table))
    report.plot(out / "seconds.png", lambda axes: draw_seconds(axes, rows))
    for start, line in table.items():
        yield f"{start}: " + ", ".join(
            f"{count} objects {row['ap_mean'][0]:.3f}/{row['ap_mean'][1]:.3f}" for count, row in line.items()
        )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def draw_objects(axes: Any, rows: list[dict[str, Any]], table: dict[str, dict[str, Any]]) -> None:
    """Score against corrected objects: every user thin, their mean thick."""
    for i, (start, line) in enumerate(table.items()):
        for row_set in _by_user(rows, start):
            axes.plot([r["objects"] for r in row_set], [r["ap"][0] for r in row_set], color=f"C{i}", alpha=0.3, lw=1)
        means = [row["ap_mean"][0] for row in line.values()]
        axes.plot([int(n) for n in line], means, "o-", color=f"C{i}", label=f"from {start}")
    axes.plot(list(_GOALS), list(_GOALS.values()), "x", color="gray", label="goal")
    axes.set(xscale="symlog", xlabel="corrected objects", ylabel="AP at IoU 0.5", ylim=(0, 1))
    axes.legend(frameon=False)


def draw_seconds(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Score against seconds of teaching so far."""
    for i, start in enumerate(dict.fromkeys(row["start"] for row in rows)):
        for k, row_set in enumerate(_by_user(rows, start)):
            seconds = np.cumsum([row["seconds"] for row in row_set])
            label = f"from {start}" if k == 0 else None
            axes.plot(seconds, [row["ap"][0] for row in row_set], "o-", color=f"C{i}", alpha=0.6, lw=1, label=label)
    axes.axhline(_GOALS[100], color="gray", ls=":")
    axes.set(xlabel="seconds of teaching", ylabel="AP at IoU 0.5", ylim=(0, 1))
    axes.legend(frameon=False)


def _by_user(rows: list[dict[str, Any]], start: str) -> list[list[dict[str, Any]]]:
    mine = [row for row in rows if row["start"] == start]
    seeds = sorted({row["seed"] for row in mine})
    return [sorted((r for r in mine if r["seed"] == seed), key=lambda r: int(r["objects"])) for seed in seeds]
