"""The tables and plots of `clicks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import clicks_nothing, report
from apprentice_lab.bench.clicks_nothing import ClickedNothing
from apprentice_lab.bench.clicks_objects import Clicked
from apprentice_lab.clicks.counting import counts_of
from apprentice_lab.scoring.intervals import ratios
from napari_apprentice.engine.practice.user import MOST, iou_after

Line = Mapping[str, Any]

ALL = "all"
_COLOURS = ("C0", "C1", "0.45", "C2")
_SHOWN = (
    *("first .80", "first .85", "first .90", "IoU 1", "IoU 2", "IoU 3", "IoU 5"),
    *("NoC .80", "NoC .85", "failed .80", "final IoU", "lowered"),
)
_WITH_INTERVAL = ("first .80", "NoC .80")


def write(
    out: Path, about: Mapping[str, Any], rows: Sequence[Clicked], nothing: Sequence[ClickedNothing], seed: int
) -> Iterator[str]:
    """Write ``clicks.csv``, ``nothing.csv``, ``results.json``, ``clicks.md`` and plots; yields the tables' lines."""
    lines, silent, curves = (
        summary(rows, seed),
        clicks_nothing.proposed(nothing),
        clicks_nothing.trade_offs(rows, nothing),
    )
    report.write_rows(out / "clicks.csv", [_row(one) for one in rows])
    if nothing:
        report.write_rows(out / "nothing.csv", [asdict(one) | {"at": _joined(one.at)} for one in nothing])
    text = table(lines)
    if silent:
        text += "\n\n" + nothing_table(silent)
    for method, curve in curves.items():
        text += "\n\n" + threshold_words(method, clicks_nothing.least_threshold(curve))
    (out / "clicks.md").write_text(text + "\n", encoding="utf-8")
    measured = {"scores": lines, "nothing there": silent, "trade-offs": curves}
    report.write(out, {"bench": "clicks", **about, **measured})
    plot(out / "clicks.png", rows)
    if curves:
        plot_trade_offs(out / "nothing.png", curves)
    yield from text.splitlines()
    yield f"Not clicked: {about['specks']} objects under 30 pixels, {about['cut']} that the image's edge cuts."


def summary(rows: Sequence[Clicked], seed: int) -> list[dict[str, Any]]:
    """A line for each kind of image, method and user: every measure with its interval over images, and seconds."""
    kinds = sorted({row.kind for row in rows})
    lines = []
    for kind in [*kinds, *([ALL] if len(kinds) > 1 else [])]:
        for method in dict.fromkeys(row.method for row in rows):
            for user in dict.fromkeys(row.user for row in rows):
                mine = [one for one in rows if kind in (one.kind, ALL) and (one.method, one.user) == (method, user)]
                if mine:
                    lines.append({"kind": kind, "method": method, "user": user, **_scores(mine, seed)})
    return lines


def table(lines: Sequence[Line]) -> str:
    """Markdown: shares and clicks, the 95 % interval over images where it is given."""
    head = ["images of", "objects", "method", "user", *_SHOWN, "seconds a click (95 %)"]
    body = []
    for line in lines:
        cells = [_cell(name, line["scores"][name]) for name in _SHOWN]
        seconds = f"{line['seconds']['median']:.2f} ({line['seconds']['p95']:.2f})"
        body.append([line["kind"], str(line["objects"]), line["method"], line["user"], *cells, seconds])
    return report.markdown(head, body)


def nothing_table(lines: Sequence[Line]) -> str:
    """Markdown: how often something is proposed where nothing is."""
    shares = [[f"{one[name]:.2f}" for name in ("proposed", "shown")] for one in lines]
    body = [[one["where"], one["method"], str(one["clicks"]), *both] for one, both in zip(lines, shares, strict=True)]
    return report.markdown(["nothing there", "method", "clicks", "propose something", "and are sure enough"], body)


def threshold_words(method: str, one: Mapping[str, float]) -> str:
    """What a threshold of the expected IoU would do."""
    return (
        f"The {method}, silent below an expected IoU of {one['threshold']:.2f}: {one['proposed']:.2f} of clicks on "
        f"nothing propose something, {one['lost']:.2f} of first clicks on objects nothing, {one['right lost']:.2f} of "
        "those that were right (IoU .80)."
    )


def plot(path: Path, rows: Sequence[Clicked]) -> None:
    """Mean IoU after so many clicks, a line for each method, dashed for the sloppy user; a panel for each kind."""
    kinds = sorted({row.kind for row in rows})
    methods = list(dict.fromkeys(row.method for row in rows))
    users = list(dict.fromkeys(row.user for row in rows))
    clicks = np.arange(1, MOST + 1)

    def draw(axes: Any, i: int) -> None:
        for method, colour in zip(methods, _COLOURS, strict=False):
            for user, style in zip(users, ("-", "--"), strict=False):
                mine = [row.ious for row in rows if (row.kind, row.method, row.user) == (kinds[i], method, user)]
                if mine:
                    after = np.mean([[iou_after(ious, int(k)) for k in clicks] for ious in mine], axis=0)
                    axes.plot(clicks, after, style, color=colour, lw=1.5, label=f"{method}, {user}")
        axes.set(title=kinds[i], xlabel="clicks", ylabel="mean IoU", ylim=(0, 1), xticks=(1, 5, 10, 15, 20))
        axes.grid(alpha=0.3)
        if i == 0:
            axes.legend(frameon=False, fontsize=7, loc="lower right")

    columns = min(4, len(kinds))
    report.plots(path, len(kinds), draw, size=(4.2 * columns, 3.4 * -(-len(kinds) // columns)), columns=columns)


def plot_trade_offs(path: Path, curves: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """What a method that keeps silent when unsure gains on background, and loses on objects."""

    def draw(axes: Any) -> None:
        for (method, curve), colour in zip(curves.items(), _COLOURS, strict=False):
            for name, style in (("lost", "-"), ("right lost", "--")):
                found = [one["proposed"] for one in curve], [one[name] for one in curve]
                axes.plot(*found, f"o{style}", ms=3, color=colour, label=f"{method}, {name}")
        axes.axvline(clicks_nothing.GOAL, color="0.6", lw=1)
        axes.set(xlabel="clicks on nothing that propose something", ylabel="first clicks on objects", ylim=(0, 1))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)

    report.plot(path, draw)


def _scores(rows: Sequence[Clicked], seed: int) -> dict[str, Any]:
    counts = [counts_of(row.ious) for row in rows]
    names = list(counts[0])
    parts, wholes = (np.array([[one[name][k] for name in names] for one in counts], float) for k in (0, 1))
    estimates = ratios(parts, wholes, [row.group for row in rows], seed=seed).estimates()
    scores = {name: asdict(one) for name, one in zip(names, estimates, strict=True)}
    if not wholes[:, names.index("lowered")].any():
        scores["lowered"] = {"value": 0.0, "low": None, "high": None}  # no later click
    seconds = np.concatenate([row.seconds for row in rows])
    median, p95 = (float(value) for value in np.percentile(seconds, (50, 95)))
    return {"objects": len(rows), "scores": scores, "seconds": {"median": median, "p95": p95}}


def _row(one: Clicked) -> dict[str, Any]:
    """A line of ``clicks.csv``."""
    measures = {name: f"{part:.4g}" for name, (part, _) in counts_of(one.ious).items()}
    about = {name: value for name, value in asdict(one).items() if name not in ("ious", "seconds")}
    return about | {"clicks": len(one.ious)} | measures | {"ious": _joined(one.ious), "seconds": _joined(one.seconds)}


def _joined(values: Sequence[float]) -> str:
    return " ".join(f"{value:.4g}" for value in values)


def _cell(name: str, score: Mapping[str, float | None]) -> str:
    digits = 1 if name.startswith("NoC") else 2
    if name not in _WITH_INTERVAL or score["low"] is None:
        return f"{score['value']:.{digits}f}"
    return f"{score['value']:.{digits}f} [{score['low']:.{digits}f}, {score['high']:.{digits}f}]"
