"""What every measurement writes: ``results.json`` with the machine it ran on, and plots."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.plotting import plot, plots
from napari_apprentice.data.storage.results import folder, machine

__all__ = ["DATA", "deviation", "markdown", "plot", "plots", "spread", "write"]

DATA = Path("../shared/data")  # annotated images beside the checkout; every measurement that uses them takes --data


def write(out: Path, results: Mapping[str, Any]) -> Path:
    """Write ``results.json`` into ``out``, made if missing; returns its path."""
    path = folder(out) / "results.json"
    document = {"made": datetime.now().astimezone().isoformat(timespec="seconds"), "machine": machine(), **results}
    path.write_text(json.dumps(document, indent=2, default=_plain) + "\n", encoding="utf-8")
    return path


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A CSV table: a line for each row, the names of the first one as columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table; numbers to the right of the first column."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def deviation(values: Sequence[float]) -> float | None:
    """Standard deviation over the seeds of a training; None for a single one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, maximum."""
    array = np.asarray(values, dtype=float)
    return {
        "median": float(np.median(array)),
        "p95": float(np.percentile(array, 95)),
        "p99": float(np.percentile(array, 99)),
        "max": float(array.max()),
        "n": len(array),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
