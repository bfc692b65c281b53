"""The tables, plot and film of `minute`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apprentice_lab.bench import report
from apprentice_lab.bench.minute_times import BRUSH, CLICKS, ENOUGH, POLYGON, StatedTimes, Worked, pace_of
from apprentice_lab.scoring.intervals import ratios

if TYPE_CHECKING:
    from apprentice_lab.bench.minute import MinuteSettings
    from apprentice_lab.bench.window.canvas import Took
    from apprentice_lab.bench.window.film import Frame

WAYS = (CLICKS, POLYGON, BRUSH)
_COLOURS = {CLICKS: "C0", POLYGON: "C1", BRUSH: "0.45"}
_BY_HAND = "drawing is by software where there is no graphics card, as under Xvfb"
_FILM_ROWS = 2


def write(
    out: Path,
    settings: MinuteSettings,
    rows: Sequence[Worked],
    zooms: Sequence[float],
    waits: Mapping[str, Sequence[Took]],
    drawing: Sequence[float],
) -> Iterator[str]:
    """Write ``objects.csv``, ``waits.csv``, ``minute.md``, ``results.json`` and a plot; yields the tables' lines."""
    found: dict[str, Any] = {"bench": "objects-a-minute", "settings": settings.model_dump()}
    parts = []
    if rows:
        lines = summary(rows, settings, settings.seed)
        found |= {"zoom": [min(zooms), max(zooms)], "ways": lines}
        parts += [table(lines), _words(rows, zooms)]
        report.write_rows(out / "objects.csv", [_row(one, settings) for one in rows])
        report.plot(out / "minute.png", lambda axes: draw(axes, rows, settings))
    if waits:
        spreads = waiting(waits, drawing)
        found["waits_ms"] = spreads
        parts.append(waits_table(spreads))
        report.write_rows(
            out / "waits.csv",
            [
                {"series": name, "click": i, **asdict(one)}
                for name, every in waits.items()
                for i, one in enumerate(every)
            ],
        )
    text = "\n\n".join(parts)
    (out / "minute.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, found)
    yield from text.splitlines()


def summary(rows: Sequence[Worked], times: StatedTimes, seed: int) -> list[dict[str, Any]]:
    """Of each way: objects, those that count, seconds, objects a minute (95 % interval), how much faster clicks are."""
    paces = {way: pace_of([one for one in rows if one.way == way], times) for way in WAYS}
    lines = []
    for way, pace in paces.items():
        mine = [one for one in rows if one.way == way]
        right = [[float(one.counts)] for one in mine]
        minutes = [[one.spent.seconds(times) / 60] for one in mine]
        (rate,) = ratios(right, minutes, [one.group for one in mine], seed=seed).estimates()
        waited = sum(one.spent.waited_s for one in mine)
        lines.append(
            {
                "way": way,
                **asdict(pace),
                "waited_s": waited,
                "a_minute": asdict(rate),
                "clicks_are_faster": paces[CLICKS].a_minute / pace.a_minute if pace.a_minute else None,
            }
        )
    return lines


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: a line for each way."""
    head = ["way", "objects", f"IoU {ENOUGH:.2f}", "seconds each", "of which waited", "objects a minute", "clicks are"]
    body = []
    for line in lines:
        rate, faster = line["a_minute"], line["clicks_are_faster"]
        interval = "" if rate["low"] is None else f" [{rate['low']:.1f}, {rate['high']:.1f}]"
        each = [f"{line[name] / line['objects']:.1f}" for name in ("seconds", "waited_s")]
        times = "" if line["way"] == CLICKS or faster is None else f"{faster:.1f}x"
        body.append(
            [line["way"], str(line["objects"]), str(line["right"]), *each, f"{rate['value']:.1f}{interval}", times]
        )
    return report.markdown(head, body)


def waiting(waits: Mapping[str, Sequence[Took]], drawing: Sequence[float]) -> dict[str, dict[str, float]]:
    """Milliseconds: until the mask is drawn, of that until the answer was there, and what drawing alone takes.

    Beside them the time of processors that window and engine took, which other work on the machine does not lengthen.
    """
    series = {}
    for name, every in waits.items():
        series[name] = [1000 * one.drawn for one in every]
        series[f"{name}, until answered"] = [1000 * one.answered for one in every]
        series[f"{name}, time of processors"] = [1000 * one.processor for one in every]
    series["drawing alone"] = [1000 * one for one in drawing]
    spreads = {}
    for name, values in series.items():
        median, p95 = (float(value) for value in np.percentile(values, (50, 95)))
        spreads[name] = {"n": len(values), "first": values[0], "median": median, "p95": p95, "max": max(values)}
    return spreads


def waits_table(spreads: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown, in milliseconds."""
    columns = ("median", "p95", "max", "first")
    body = [[name, f"{row['n']:.0f}", *(f"{row[one]:.0f}" for one in columns)] for name, row in spreads.items()]
    head = ["from the click to the mask (ms)", "n", "median", "95 %", "longest", "the first (engine just started)"]
    return f"{report.markdown(head, body)}\n\nThe rest of it is the network; {_BY_HAND}."


def draw(axes: Any, rows: Sequence[Worked], times: StatedTimes) -> None:
    """Objects that count over minutes, a line for each way."""
    for way in WAYS:
        mine = [one for one in rows if one.way == way]
        minutes = np.cumsum([0.0] + [one.spent.seconds(times) / 60 for one in mine])
        right = np.cumsum([0.0] + [float(one.counts) for one in mine])
        axes.plot(minutes, right, drawstyle="steps-post", color=_COLOURS[way], label=way)
    axes.set(xlabel="minutes", ylabel=f"objects with an IoU of {ENOUGH:.2f}", xlim=(0, None), ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def draw_film(path: Path, frames: Sequence[Frame]) -> None:
    """The canvas after each click, with its number; a cross where it was."""
    from apprentice_lab.plotting import plots

    columns = -(-len(frames) // _FILM_ROWS)

    def panel(axes: Any, i: int) -> None:
        frame = frames[i]
        axes.imshow(frame.pixels)
        y, x = frame.at
        axes.plot(x, y, "+", color="white", ms=11, mew=2)
        axes.set_title(f"{i + 1}", fontsize=11)
        axes.axis("off")

    plots(path, len(frames), panel, size=(2.3 * columns, 2.5 * _FILM_ROWS), columns=columns)


def _words(rows: Sequence[Worked], zooms: Sequence[float]) -> str:
    clicked = [one for one in rows if one.way == CLICKS]
    first = np.mean([(one.first or 0) >= ENOUGH for one in clicked])
    clicks = sum(one.spent.clicks for one in clicked) / len(clicked)
    drawn = [one.iou for one in rows if one.way != CLICKS and one.in_window]
    given_up = sum(one.given_up for one in clicked)
    low, high = min(zooms), max(zooms)
    zoom = f"{low:.2f}" if high - low < 0.005 else f"{low:.2f} to {high:.2f}"
    return (
        f"Right at the first click: {first:.2f}; {clicks:.1f} clicks an object; {given_up} of {len(clicked)} given up "
        f"for an outline. {zoom} canvas pixels a pixel. {len(drawn)} outlines were really drawn: IoU from "
        f"{min(drawn):.2f} to {max(drawn):.2f}; the others count as right. Waiting is part of the seconds; {_BY_HAND}."
    )


def _row(one: Worked, times: StatedTimes) -> dict[str, Any]:
    about = {name: value for name, value in asdict(one).items() if name != "spent"}
    return about | asdict(one.spent) | {"seconds": one.spent.seconds(times)}
