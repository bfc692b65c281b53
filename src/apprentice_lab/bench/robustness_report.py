"""The table and the curves of `robustness`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apprentice_lab.bench import report
from apprentice_lab.bench.accuracy_report import COLOURS, NAMES, estimates
from apprentice_lab.bench.changes import ImageChange

_NAMES = NAMES | {"told": "model, diameter given"}
_COLOURS = COLOURS | {"told": "C2"}
_SHOWN = ("AP .50", "AP .75", "PQ")
_COLUMNS = 4


def write(
    out: Path, settings: Mapping[str, Any], changes: Sequence[ImageChange], rows: Sequence[Mapping[str, Any]], seed: int
) -> Iterator[str]:
    """Write ``results.json``, ``robustness.md`` and ``robustness.png``; yields the table's lines."""
    lines = summary(changes, rows, seed)
    text = table(lines)
    (out / "robustness.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, {"bench": "robustness", "settings": settings, "scores": lines, "images": rows})
    plot(out / "robustness.png", changes, lines)
    yield from text.splitlines()


def summary(changes: Sequence[ImageChange], rows: Sequence[Mapping[str, Any]], seed: int) -> list[dict[str, Any]]:
    """A line for each change, level and method: every score as the mean over images, with its interval."""
    lines = []
    for change in changes:
        for level in change.levels:
            for method in _NAMES:
                mine = [row for row in rows if method in row["found"][change.key(level)]]
                if not mine:
                    continue
                counts = [row["found"][change.key(level)][method] for row in mine]
                found = estimates(counts, [row["group"] for row in mine], seed)["images"]
                lines.append(
                    {
                        "change": change.name,
                        "level": level,
                        "method": method,
                        "images": len(mine),
                        "objects": sum(one["tp"][0] + one["fn"][0] for one in counts),
                        "scores": {name: asdict(one) for name, one in found.items()},
                    }
                )
    return lines


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Markdown; a line for each change and level, methods side by side."""
    methods = [name for name in _NAMES if any(line["method"] == name for line in lines)]
    head = ["change", "level", *(f"{_NAMES[method]}: {score}" for method in methods for score in _SHOWN)]
    body = []
    for change, level in dict.fromkeys((line["change"], line["level"]) for line in lines):
        found = {line["method"]: line["scores"] for line in lines if (line["change"], line["level"]) == (change, level)}
        cells = [f"{found[m][s]['value']:.3f}" if m in found else "" for m in methods for s in _SHOWN]
        body.append([change, f"{level:g}", *cells])
    return report.markdown(head, body)


def plot(path: Path, changes: Sequence[ImageChange], lines: Sequence[Mapping[str, Any]]) -> None:
    """One small panel for each change: AP .50 with its interval, AP .75 dashed."""
    columns = min(_COLUMNS, len(changes))

    def draw(axes: Any, i: int) -> None:
        _draw(axes, changes[i], [line for line in lines if line["change"] == changes[i].name])
        if i % columns == 0:
            axes.set_ylabel("AP, mean over images")
        if i == 0:
            axes.plot([], [], "--", lw=1, color="0.3", label="dashed: AP .75")
        if i == 0 or changes[i].resizes:
            axes.legend(frameon=False, fontsize=7, loc="lower left")

    report.plots(path, len(changes), draw, size=(3.1 * columns, 2.7 * -(-len(changes) // columns)), columns=columns)


def _draw(axes: Any, change: ImageChange, lines: Sequence[Mapping[str, Any]]) -> None:
    for method in _NAMES:
        mine = [line for line in lines if line["method"] == method]
        if not mine:
            continue
        where = [change.levels.index(line["level"]) for line in mine]
        half, stricter = ([line["scores"][name] for line in mine] for name in ("AP .50", "AP .75"))
        colour = _COLOURS[method]
        axes.plot(where, [one["value"] for one in half], "o-", ms=4, color=colour, label=f"{_NAMES[method]}, AP .50")
        axes.plot(where, [one["value"] for one in stricter], "--", lw=1, color=colour)
        if half[0]["low"] is not None:
            axes.fill_between(
                where, [one["low"] for one in half], [one["high"] for one in half], color=colour, alpha=0.15, lw=0
            )
    axes.set(title=change.name, xlabel=change.unit, ylim=(0, 1.02), xticks=range(len(change.levels)))
    axes.set_xticklabels([f"{level:g}" for level in change.levels])
    axes.grid(alpha=0.3)
