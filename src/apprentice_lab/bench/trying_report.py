"""Tables of how often the first model is the best, and of what is lost where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apprentice_lab.bench import report

if TYPE_CHECKING:
    from apprentice_lab.bench.trying import Tried

_DIFFER = 0.02  # AP .50: where the best and the worst model are nearer, the order does not matter
ORDERS: dict[str, Callable[[Tried], Any]] = {
    "nuclei first": lambda one: (one.model.endswith("2d"), not one.model.startswith("nuclei"), one.model),
    "first in the list": lambda one: one.listed,
    "first after trying": lambda one: one.placed,
}


def write(out: Path, settings: dict[str, Any], rows: Sequence[Tried]) -> str:
    """Write rows, results and a page, which is given back."""
    report.write_rows(out / "tried.csv", [asdict(row) for row in rows])
    names = list(dict.fromkeys(row.set for row in rows))
    found = {name: summary([row for row in rows if row.set == name]) for name in names}
    found["all"] = summary(rows)
    report.write(out, {"settings": settings, "sets": found})
    page = _page(found)
    (out / "try.md").write_text(page + "\n", encoding="utf-8")
    return page


def summary(rows: Sequence[Tried]) -> dict[str, Any]:
    """Of images on which models differ: how often the first is the best, in each order, and what is lost by it.

    ``right`` counts ties as right, ``lost`` is the mean AP .50 below the best; both are None where no image is left.
    ``chance`` is what a model drawn at random loses.
    """
    images = [list(group) for _, group in groupby(rows, key=lambda one: (one.set, one.image))]
    images = [group for group in images if len(group) > 1]
    differ = [group for group in images if _best(group) - min(one.precision for one in group) >= _DIFFER]
    about: dict[str, Any] = {
        "images": len(images),
        "differ": len(differ),
        "best": float(np.mean([_best(group) for group in images])) if images else None,
        "chance": _mean([_best(group) - float(np.mean([one.precision for one in group])) for group in differ]),
    }
    for name, key in ORDERS.items():
        first = [min(group, key=key).precision for group in differ]
        lost = [_best(group) - one for group, one in zip(differ, first, strict=True)]
        about[name] = {"right": _mean([float(one <= 1e-9) for one in lost]), "lost": _mean(lost)}
    return about


def _best(group: Sequence[Tried]) -> float:
    return max(one.precision for one in group)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _page(found: dict[str, Any]) -> str:
    head = ["set", "images", "models differ", "best", "a random one loses", *ORDERS]
    body = []
    for name, one in found.items():
        orders = [f"{_number(one[order]['right'])} / {_number(one[order]['lost'], 3)}" for order in ORDERS]
        counts = [str(one["images"]), str(one["differ"])]
        body.append([name, *counts, _number(one["best"]), _number(one["chance"], 3), *orders])
    return "\n\n".join(
        [
            "How often the first model is the best, and how much AP .50 below the best it is in the mean, on the "
            f"images on which the best and the worst model differ by {_DIFFER} or more.",
            report.markdown(head, body),
        ]
    )


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}".removeprefix("0")
