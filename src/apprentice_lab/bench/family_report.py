"""The table and the plot of `family`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report
from apprentice_lab.bench.tasks import TASKS
from napari_apprentice.architecture import PRESETS, NetSettings
from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.architecture.sizes import smallest_valid
from napari_apprentice.settings import Triple

_MEGA = 1e6
_SIZES: dict[int, Triple] = {2: (1, 256, 256), 3: (32, 64, 64)}


def write(out: Path, settings: dict[str, Any], rows: Sequence[dict[str, Any]], times: dict[str, Any]) -> Iterator[str]:
    """Write ``results.json``, ``family.md`` and ``family.png``; yields the table's lines."""
    lines = summary(rows, times)
    text = [table(lines, task) for task in dict.fromkeys(line["task"] for line in lines)]
    if times["features"]:
        text.append(features(times["features"]))
    (out / "family.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    report.write(
        out, {"bench": "family", "settings": settings, "table": lines, "features": times["features"], "runs": rows}
    )
    plot(out / "family.png", lines)
    yield from "\n\n".join(text).splitlines()


def summary(rows: Sequence[dict[str, Any]], times: dict[str, Any]) -> list[dict[str, Any]]:
    """One line for each task and network: mean and standard deviation over the seeds, size, operations, time."""
    lines = []
    for task, label in dict.fromkeys((row["task"], row["network"]) for row in rows):
        mine = [row for row in rows if (row["task"], row["network"]) == (task, label)]
        net = NetSettings.model_validate(mine[0]["net"])
        scores = {key: [row["scores"][key] for row in mine] for key in mine[0]["scores"]}
        lines.append(
            {
                "task": task,
                "network": label,
                "runs": len(mine),
                "width": net.widths[0],
                "mean": {key: float(np.mean(values)) for key, values in scores.items()},
                "sd": {key: report.deviation(values) or 0.0 for key, values in scores.items()},
                "parameters": net.parameters,
                "published_parameters": published_parameters(net),
                "gflop": gflop(net),
                "predict_ms": 1e3 * times["predict"][f"{net.dims}D"][label]["median"],
                "step_s": float(np.median([row["step_s"] for row in mine])),
            }
        )
    return lines


def published_parameters(net: NetSettings) -> int:
    """Parameters of the network in its paper's widths, with one input and two outputs."""
    return PRESETS[net.preset].net(net.dims).parameters  # type: ignore[index]  # benches name presets only


def gflop(net: NetSettings) -> float:
    """Operations for a million voxels, in 10^9; of a net of valid convolutions for what it looks at to give them."""
    size = _SIZES[net.dims]
    given = size
    if net.padding == "valid":
        first, even = smallest_valid(net), net.multiple
        wide = [n + m for n, m in zip(size, net.margin, strict=True)]
        z, y, x = (n + (low - n) % step for n, low, step in zip(wide, first, even, strict=True))
        given = z, y, x
    return ledger(net, given).flop / float(np.prod(size)) * _MEGA / 1e9


def table(lines: Sequence[dict[str, Any]], task: str) -> str:
    """Markdown, best score first."""
    mine = sorted((one for one in lines if one["task"] == task), key=lambda one: -_score(one))
    names = list(mine[0]["mean"])
    unit = "Mvoxel" if TASKS[task].dims == 3 else "Mpixel"  # type: ignore[index]
    columns = ("parameters", "published", f"GFLOP/{unit}", f"ms/{unit}", "s/step")
    head = ["network", "width", *names, *columns]
    body = [
        [
            one["network"],
            str(one["width"]),
            *(f"{one['mean'][name]:.3f} ± {one['sd'][name]:.3f}" for name in names),
            f"{one['parameters'] / _MEGA:.2f} M",
            f"{one['published_parameters'] / _MEGA:.1f} M",
            f"{one['gflop']:.0f}",
            f"{one['predict_ms']:.0f}",
            f"{one['step_s']:.2f}",
        ]
        for one in mine
    ]
    return f"**{task}**: {TASKS[task].words}\n\n" + report.markdown(head, body)  # type: ignore[index]


def features(ways: Sequence[dict[str, Any]]) -> str:
    """Markdown: what channels-last, bfloat16 and compiling do for the U-Net."""
    body = []
    for way in ways:
        marks = ["yes" if way[name] else "" for name in ("channels_last", "bfloat16", "compile")]
        if way["problem"]:
            body.append([*marks, way["problem"], "", ""])
        else:
            body.append(
                [*marks, f"{1e3 * way['predict_s']:.0f}", f"{1e3 * way['step_s']:.0f}", f"{way['first_s']:.1f}"]
            )
    return report.markdown(["channels last", "bfloat16", "compiled", "ms/Mpixel", "ms/step", "first call, s"], body)


def plot(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Score against time, one panel for each task."""
    tasks = list(dict.fromkeys(line["task"] for line in lines))
    size = (5.2 * len(tasks), 5.0)
    report.plots(
        path, len(tasks), lambda axes, i: draw(axes, [one for one in lines if one["task"] == tasks[i]]), size=size
    )


def draw(axes: Any, lines: Sequence[dict[str, Any]]) -> None:
    """Each network a point with its standard deviation; the names stand in a column beside, best on top."""
    task = TASKS[lines[0]["task"]]
    lines = sorted(lines, key=_score)
    most = max(one["predict_ms"] for one in lines)
    for one in lines:
        deviation = one["sd"][task.score_name]
        axes.errorbar(
            one["predict_ms"], _score(one), yerr=deviation, fmt="o", ms=5, capsize=2, color=_colour(one["network"])
        )
    axes.set(xscale="log", title=task.words, ylabel=task.score_name)
    axes.set_xlabel(f"ms per {'Mvoxel' if task.dims == 3 else 'Mpixel'}, one thread")
    axes.set_xlim(min(one["predict_ms"] for one in lines) / 1.3, most * 6)
    low, high = axes.get_ylim()
    line = (high - low) / 22
    places = apart([_score(one) for one in lines], line)
    axes.set_ylim(min(low, places[0] - line), max(high, places[-1] + line))
    for one, place in zip(lines, places, strict=True):
        axes.annotate(
            one["network"],
            (one["predict_ms"], _score(one)),
            (most * 1.6, place),
            fontsize=8,
            va="center",
            color=_colour(one["network"]),
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": _colour(one["network"]), "alpha": 0.5},
        )


def apart(values: Sequence[float], least: float) -> list[float]:
    """Ascending places near ascending values, at least so far from each other: the mean of pushing up and down."""
    up, down = list(values), list(values)
    for i in range(1, len(values)):
        up[i] = max(up[i], up[i - 1] + least)
        down[-i - 1] = min(down[-i - 1], down[-i] - least)
    return [(a + b) / 2 for a, b in zip(up, down, strict=True)]


def _colour(label: str) -> Any:
    """The same for a network in every panel, dark enough to be read."""
    from matplotlib import colormaps

    place = list(PRESETS).index(label.split(" ")[0])  # type: ignore[arg-type]  # benches name presets only
    return tuple(0.85 * part for part in colormaps["gist_rainbow"]((place + 0.5) / len(PRESETS))[:3])


def _score(line: dict[str, Any]) -> float:
    return float(line["mean"][TASKS[line["task"]].score_name])
