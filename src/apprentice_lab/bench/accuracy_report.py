"""The table and the plot of `accuracy`: each score twice, as the mean over images and of all objects pooled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report
from apprentice_lab.bench.published import Published, published_models
from apprentice_lab.scoring.intervals import Estimate, means, ratios
from napari_apprentice.data.labels.scores import STEPS

Row = Mapping[str, Any]  # one image: name, kind, group, objects, and the counts of "model" and "baseline"

FLUORESCENCE, BRIGHT, ALL = "all fluorescence", "H&E and cytology", "all"
MEAN_AP = "AP .50-.95"
NAMES = {"model": "model", "baseline": "classical baseline"}
COLOURS = {"model": "C0", "baseline": "0.45", "published": "C1"}
_APS = [f"AP .{round(100 * step)}" for step in STEPS]
_OVER = {"images": "over images", "pooled": "pooled"}
_SHOWN = ("AP .50", "AP .75", "AP .90", MEAN_AP, "PQ")


def write(out: Path, about: Mapping[str, Any], data: str, rows: Sequence[Row], seed: int) -> Iterator[str]:
    """Write ``results.json``, ``scores.md`` and ``accuracy.png``; yields the table's lines."""
    lines = summary(rows, seed)
    beside = [one for kind in dict.fromkeys(line["kind"] for line in lines) for one in published_models(data, kind)]
    text = table(lines, beside)
    (out / "scores.md").write_text(text + "\n", encoding="utf-8")
    report.write(
        out,
        {
            "bench": "accuracy",
            **about,
            "thresholds": STEPS,
            "scores": lines,
            "published": [asdict(one) for one in beside],
            "images": rows,
        },
    )
    plot(out / "accuracy.png", lines, beside)
    yield from text.splitlines()


def kinds(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The images of every kind, then of kinds together: fluorescence, the others if there are both, all."""
    names = sorted({row["kind"] for row in rows})
    together = {name: {name} for name in names}
    glowing = {name for name in names if name.startswith("fluo")}
    if glowing:
        together |= {FLUORESCENCE: glowing, BRIGHT: set(names) - glowing}
    if len(names) > 1:
        together[ALL] = set(names)
    found = {name: [row for row in rows if row["kind"] in members] for name, members in together.items()}
    return {name: mine for name, mine in found.items() if mine}


def summary(rows: Sequence[Row], seed: int) -> list[dict[str, Any]]:
    """A line for each kind of image, method and way to average, with every score and its interval."""
    lines = []
    for kind, mine in kinds(rows).items():
        for method in NAMES:
            if method not in mine[0]:
                continue
            groups = [row["group"] for row in mine]
            for over, found in estimates([row[method] for row in mine], groups, seed).items():
                lines.append(
                    {
                        "kind": kind,
                        "method": method,
                        "over": over,
                        "images": len(mine),
                        "groups": len(set(groups)),
                        "objects": sum(row["objects"] for row in mine),
                        "scores": {name: asdict(one) for name, one in found.items()},
                    }
                )
    return lines


def estimates(counts: Sequence[Row], groups: Sequence[str], seed: int) -> dict[str, dict[str, Estimate]]:
    """Every score of some images with its interval, as the mean over "images" and "pooled"."""
    each = [_parts(one) for one in counts]
    names = list(each[0])
    parts, wholes = (np.array([[one[name][k] for name in names] for one in each], float) for k in (0, 1))
    # nothing there and nothing found: right for an image of objects, no score for a class that is not in it
    empty = 1.0 if "tp" in counts[0] else np.nan
    single = np.divide(parts, wholes, out=np.full_like(parts, empty), where=wholes > 0)
    found = {"images": means(single, groups, seed=seed), "pooled": ratios(parts, wholes, groups, seed=seed)}
    if "tp" in counts[0]:
        found = {over: one.with_mean_of(slice(0, len(_APS))) for over, one in found.items()}
        names = [*names, MEAN_AP]
    return {over: dict(zip(names, one.estimates(), strict=True)) for over, one in found.items()}


def _parts(count: Row) -> dict[str, tuple[float, float]]:
    """Each score of one image as a part and the whole it is divided by."""
    parts: dict[str, tuple[float, float]] = {}
    if "tp" in count:
        for i, name in enumerate(_APS):
            parts[name] = (count["tp"][i], count["tp"][i] + count["fp"][i] + count["fn"][i])
        parts["PQ"] = (count["iou_sum"][0], count["tp"][0] + (count["fp"][0] + count["fn"][0]) / 2)
    return parts | {name: (both[0], both[1]) for name, both in count["dice"].items()}


def table(lines: Sequence[Mapping[str, Any]], beside: Sequence[Published]) -> str:
    """Markdown; what was published stands in lines of its own that say so."""
    have = lines[0]["scores"]
    shown = [*(name for name in _SHOWN if name in have), *(name for name in have if name.startswith("Dice"))]
    head = ["images of", "images", "groups", "objects", "method", "averaged", *shown]
    body = []
    for kind in dict.fromkeys(line["kind"] for line in lines):
        for one in (line for line in lines if line["kind"] == kind):
            cells = [_cell(one["scores"][name]) for name in shown]
            sizes = [str(one[what] or "") for what in ("images", "groups", "objects")]
            body.append([kind, *sizes, NAMES[one["method"]], _OVER[one["over"]], *cells])
        for paper in (one for one in beside if one.kind == kind):
            cells = [f"{paper.scores[name]:.3f}" if name in paper.scores else "" for name in shown]
            said = f"*published*: {paper.method}, on {paper.images} ({paper.source})"
            body.append([kind, "", "", "", said, "", *cells])
    return report.markdown(head, body)


def _cell(score: Mapping[str, float | None]) -> str:
    if score["low"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.2f}, {score['high']:.2f}]"


def plot(path: Path, lines: Sequence[Mapping[str, Any]], beside: Sequence[Published]) -> None:
    """The first score of every kind; of objects also AP against IoU, for kinds together."""
    over_images = [line for line in lines if line["over"] == "images"]
    names = list(dict.fromkeys(line["kind"] for line in over_images))
    whole = [kind for kind in names if kind in (FLUORESCENCE, BRIGHT)] or names[-1:]
    panels = whole if "PQ" in lines[0]["scores"] else []

    def draw(axes: Any, i: int) -> None:
        if i == 0:
            _draw_kinds(axes, over_images, beside)
        else:
            _draw_curve(axes, [line for line in over_images if line["kind"] == panels[i - 1]], beside)

    size = (4.8 + 3.6 * len(panels), max(3.6, 1.2 + 0.42 * len(names)))
    report.plots(path, 1 + len(panels), draw, size=size)


def _draw_kinds(axes: Any, lines: Sequence[Mapping[str, Any]], beside: Sequence[Published]) -> None:
    score = next(iter(lines[0]["scores"]))
    names = list(dict.fromkeys(line["kind"] for line in lines))[::-1]
    for method, lift in (("model", 0.1), ("baseline", -0.1)):
        mine = [line for line in lines if line["method"] == method]
        if mine:
            found = [line["scores"][score] for line in mine]
            where = [names.index(line["kind"]) + lift for line in mine]
            _points(axes, [one["value"] for one in found], where, found, method)
    papers = [one for one in beside if score in one.scores]
    if papers:
        where = [names.index(one.kind) + 0.3 for one in papers]
        found_there = [one.scores[score] for one in papers]
        axes.plot(found_there, where, "D", mfc="none", color=COLOURS["published"], label="published, other images")
    counted = {line["kind"]: line["images"] for line in lines}
    axes.set(yticks=range(len(names)), xlim=(0, 1.02), xlabel=f"{score}, mean over images")
    axes.set_yticklabels([f"{name} ({counted[name]})" for name in names])
    axes.grid(axis="x", alpha=0.3)
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, columnspacing=1)


def _points(
    axes: Any, values: Sequence[float], where: Sequence[float], found: Sequence[Mapping[str, Any]], method: str
) -> None:
    sure = [one["low"] is not None for one in found]
    low = [v - one["low"] if ok else 0 for v, one, ok in zip(values, found, sure, strict=True)]
    high = [one["high"] - v if ok else 0 for v, one, ok in zip(values, found, sure, strict=True)]
    error = np.maximum([low, high], 0)
    axes.errorbar(values, where, xerr=error, fmt="o", ms=5, capsize=2, color=COLOURS[method], label=NAMES[method])


def _draw_curve(axes: Any, lines: Sequence[Mapping[str, Any]], beside: Sequence[Published]) -> None:
    for line in lines:
        found = [line["scores"][name] for name in _APS]
        colour = COLOURS[line["method"]]
        axes.plot(STEPS, [one["value"] for one in found], "o-", ms=3, color=colour)
        if found[0]["low"] is not None:
            axes.fill_between(
                STEPS, [one["low"] for one in found], [one["high"] for one in found], color=colour, alpha=0.2, lw=0
            )
    for paper in (one for one in beside if one.kind == lines[0]["kind"]):
        points = [(step, paper.scores[name]) for step, name in zip(STEPS, _APS, strict=True) if name in paper.scores]
        axes.plot(*zip(*points, strict=True), "D", ms=4, mfc="none", color=COLOURS["published"])
        axes.annotate(
            paper.method, points[-1], (-6, -3), textcoords="offset points", ha="right", fontsize=7, color="C1"
        )
    axes.set(title=lines[0]["kind"], xlabel="IoU", ylabel="AP, mean over images", ylim=(0, 1), xlim=(0.48, 0.97))
    axes.grid(alpha=0.3)
