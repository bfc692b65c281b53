"""The tables and the plot of `representations`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report
from apprentice_lab.bench.tasks import TASKS

_SCORES = ("mean AP .5 to .9", "AP .50")


def write(
    out: Path, settings: dict[str, Any], rows: Sequence[dict[str, Any]], ceilings: Sequence[dict[str, Any]]
) -> Iterator[str]:
    """Write ``results.json``, ``representations.md`` and ``representations.png``; yields the tables' lines."""
    lines = summary(rows)
    text = [table(lines, task) for task in dict.fromkeys(line["task"] for line in lines)]
    if ceilings:
        text.append(highest(ceilings))
    (out / "representations.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    report.write(
        out,
        {
            "bench": "representations",
            "settings": settings,
            "table": lines,
            "ceilings": list(ceilings),
            "runs": list(rows),
        },
    )
    if lines:
        plot(out / "representations.png", lines)
    yield from "\n\n".join(text).splitlines()


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each task, annotation and representation: mean and standard deviation over the seeds."""
    keys = ("task", "annotation", "representation")
    lines = []
    for key in dict.fromkeys(tuple(row[name] for name in keys) for row in rows):
        mine = [row for row in rows if tuple(row[name] for name in keys) == key]
        values = {name: [row["scores"][name] for row in mine] for name in _SCORES}
        lines.append(
            {
                **dict(zip(keys, key, strict=True)),
                "runs": len(mine),
                "channels": mine[0]["channels"],
                "known": mine[0]["known"],
                "mean": {name: float(np.mean(found)) for name, found in values.items()},
                "sd": {name: report.deviation(found) or 0.0 for name, found in values.items()},
                "step_s": float(np.median([row["step_s"] for row in mine])),
                "decode_s_per_megavoxel": float(np.median([row["decode_s_per_megavoxel"] for row in mine])),
            }
        )
    return lines


def table(lines: Sequence[dict[str, Any]], task: str) -> str:
    """Markdown: a line for each representation, full annotation beside partial."""
    mine = [line for line in lines if line["task"] == task]
    much = list(dict.fromkeys(line["annotation"] for line in mine))
    known = {line["annotation"]: line["known"] for line in mine}
    head = ["representation", "channels"]
    head += [f"{name}, {amount} ({known[amount]:.0%})" for amount in much for name in _SCORES]
    body = []
    for name in dict.fromkeys(line["representation"] for line in mine):
        found = {line["annotation"]: line for line in mine if line["representation"] == name}
        first = next(iter(found.values()))
        cells = [_with_spread(found[amount], score) for amount in much for score in _SCORES]
        body.append(
            [
                name,
                str(first["channels"]),
                *cells,
                f"{1e3 * first['decode_s_per_megavoxel']:.0f}",
                f"{first['step_s']:.2f}",
            ]
        )
    unit = "Mvoxel" if TASKS[task].dims == 3 else "Mpixel"  # type: ignore[index]  # rows name tasks only
    words = TASKS[task].words  # type: ignore[index]
    return f"**{task}**: {words}\n\n" + report.markdown([*head, f"decoding, ms/{unit}", "s/step"], body)


def _with_spread(line: dict[str, Any], score: str) -> str:
    """A mean, with its standard deviation where there is more than one run."""
    spread = f" ± {line['sd'][score]:.3f}" if line["runs"] > 1 else " (1 run)"
    return f"{line['mean'][score]:.3f}{spread}"


def highest(ceilings: Sequence[dict[str, Any]]) -> str:
    """Markdown: AP .50/.75/.90 of the decoded truth, a line for each set."""
    names = list(dict.fromkeys(line["representation"] for line in ceilings))
    body = []
    for key in dict.fromkeys(line["set"] for line in ceilings):
        mine = {line["representation"]: line for line in ceilings if line["set"] == key}
        first = next(iter(mine.values()))
        cells = ["/".join(f"{value:.3f}" for value in mine[name]["AP"]) if name in mine else "" for name in names]
        body.append([key, f"{first['dims']}D", str(first["images"]), str(first["objects"]), *cells])
    return report.markdown(["set", "", "images", "objects", *names], body)


def plot(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Bars of the score, one panel for each task."""
    tasks = list(dict.fromkeys(line["task"] for line in lines))
    report.plots(
        path,
        len(tasks),
        lambda axes, i: _bars(axes, [line for line in lines if line["task"] == tasks[i]]),
        size=(4.5 * len(tasks), 3.8),
    )


def _bars(axes: Any, lines: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(line["representation"] for line in lines))
    much = list(dict.fromkeys(line["annotation"] for line in lines))
    for k, amount in enumerate(much):
        mine = {line["representation"]: line for line in lines if line["annotation"] == amount}
        where = [i + 0.8 * (k + 0.5) / len(much) - 0.4 for i, name in enumerate(names) if name in mine]
        shown = [mine[name] for name in names if name in mine]
        axes.bar(
            where,
            [line["mean"][_SCORES[0]] for line in shown],
            0.75 / len(much),
            yerr=[line["sd"][_SCORES[0]] for line in shown],
            capsize=2,
            label=f"{amount} annotation",
        )
    axes.set(xticks=range(len(names)), ylabel=_SCORES[0], title=TASKS[lines[0]["task"]].words)
    axes.set_xticklabels(names, rotation=15, ha="right")
    axes.legend(frameon=False, fontsize=8)
