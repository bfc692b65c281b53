"""What the bench of adoption came to: how often each became of a version, and how many worse ones were taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report

WORSE, BETTER = -0.02, 0.05
"""Of AP .50 on objects that nobody touched: worse where the whole interval lies below, better by the gain itself."""


def summary(out: Path, settings: dict[str, Any]) -> Iterator[str]:
    """A table with a line for each kind of user; written with every teaching. What was taught twice counts once."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((out / "teachings").glob("*.json"))]
    said = {(row["image"], row["user"], row["seed"], row["confirmed"]): row for row in rows if "skipped" not in row}
    done = list(said.values())
    users = list(dict.fromkeys(row["user"] for row in done))
    lines = {user: counts([row for row in done if row["user"] == user]) for user in users}
    lines["all"] = counts(done)
    report.write(out, {"bench": "adoption", "settings": settings, "table": lines, "teachings": rows})
    head = list(lines["all"])
    yield report.markdown(
        ["user", *head], [[user, *(str(line[name]) for name in head)] for user, line in lines.items()]
    )


def counts(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How often a version was taken, waits or is refused; how many were worse, or better, and of those taken."""
    gain = np.array([row["gain"] for row in rows])
    worse = np.array([row["gain_high"] < WORSE for row in rows], bool)
    taken = np.array([row["outcome"] == "taken" for row in rows], bool)
    judged = np.array([row["judged"] for row in rows], bool)
    return {
        "teachings": len(rows),
        "judged": int(judged.sum()),
        "taken": int(taken.sum()),
        "wait": sum(row["outcome"] == "waits" for row in rows),
        "refused": sum(row["outcome"] == "refused" for row in rows),
        "worse": int(worse.sum()),
        "worse, judged": int((worse & judged).sum()),
        "worse, taken": int((worse & taken).sum()),
        "better": int((gain > BETTER).sum()),
        "better, judged": int(((gain > BETTER) & judged).sum()),
        "better, taken": int(((gain > BETTER) & taken).sum()),
        "median gain": round(float(np.median(gain)), 3) if len(rows) else None,
    }
