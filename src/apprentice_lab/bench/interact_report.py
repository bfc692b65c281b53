"""The tables and plots of `interact`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apprentice_lab.bench import report
from apprentice_lab.bench.interact_mistakes import KINDS
from apprentice_lab.bench.interact_times import Mended, Pace, Reviewed, ReviewTimes, paces_of

if TYPE_CHECKING:
    from apprentice_lab.bench.interact import InteractSettings

WORDS = {
    "pages": "plugin, pages",
    "pages, then field by field": "plugin, pages, then field by field",
    "next": "plugin, *Next*",
    "next, then field by field": "plugin, *Next*, then field by field",
    "plugin": "plugin, field by field",
    "napari": "napari alone, field by field",
}
_COLOURS = {
    "pages": "C3",
    "pages, then field by field": "C4",
    "next": "C0",
    "next, then field by field": "C2",
    "plugin": "C1",
    "napari": "0.45",
}
_NAPARI = "napari"
_COUNTS = ("right", "taken", "failed", "retries", "never_found", "spoiled")


def write(
    out: Path,
    settings: InteractSettings,
    reviews: Sequence[Reviewed],
    waits: Mapping[str, Sequence[float]],
    undo_bytes: Mapping[str, Sequence[int]],
) -> Iterator[str]:
    """Write ``reviews.csv``, ``mistakes.csv``, ``waits.csv``, ``interact.md``, ``results.json`` and a plot."""
    found: dict[str, Any] = {"bench": "interact", "settings": settings.model_dump()}
    parts = []
    if reviews:
        paces = paces_of(reviews)
        found["users"] = [_summary(one, paces, settings) for one in paces]
        parts += [table(paces, settings), by_kind(paces, settings), _words(paces, settings)]
        report.write_rows(out / "reviews.csv", [_review_row(one, settings) for one in reviews])
        report.write_rows(out / "mistakes.csv", [row for one in reviews for row in _mistake_rows(one, settings)])
        report.plots(out / "interact.png", 2, lambda axes, i: _draw(axes, i, paces, settings), size=(11, 4))
    if waits:
        found["waits_ms"] = {name: spread_of(values) for name, values in waits.items()}
        found["undo_bytes"] = {name: int(np.median(values)) for name, values in undo_bytes.items()}
        kept = ", ".join(f"{name} {size / 1e3:.0f}" for name, size in found["undo_bytes"].items())
        parts += [waits_table(found["waits_ms"]), f"What undo keeps, kB in the median: {kept}."]
        report.write_rows(
            out / "waits.csv",
            [{"what": name, "time": i, "ms": one} for name, every in waits.items() for i, one in enumerate(every)],
        )
    text = "\n\n".join(parts)
    (out / "interact.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, found)
    yield from text.splitlines()


def line(one: Reviewed, times: ReviewTimes) -> str:
    """What came of a review, for who waits."""
    return (
        f"seed {one.seed}, {one.user}: {one.right} of {one.mistakes} mistakes right in "
        f"{one.effort.seconds(times):.0f} s, {one.never_found} never found, {one.failed} given up"
    )


def table(paces: Sequence[Pace], times: ReviewTimes) -> str:
    """Markdown: a line for each user."""
    head = ["user", "mistakes", "right", "as suggested", "given up", "never found", "newly spoiled", "tried again"]
    head += ["seconds each", "of which waited", "slower than the first"]
    body = []
    for one in paces:
        counts = [
            str(one.count(what))
            for what in ("mistakes", "right", "taken", "failed", "never_found", "spoiled", "retries")
        ]
        each, apart, ratio = one.each(times), one.spread(times), _ratio(one, paces[0], times)
        if each is None or apart is None:
            body.append([WORDS[one.user], *counts, "", "", ""])
            continue
        waited = one.effort.waited_s / one.count("right")
        cells = [
            f"{each:.2f} ({apart[0]:.1f} to {apart[1]:.1f})",
            f"{waited:.2f}",
            "" if ratio is None else f"{ratio:.2f}x",
        ]
        body.append([WORDS[one.user], *counts, *cells])
    return report.markdown(head, body)


def by_kind(paces: Sequence[Pace], times: ReviewTimes) -> str:
    """Markdown: seconds from seeing a mistake until it is right or given up, and how many of each kind are right."""
    head = ["seconds to mend", *KINDS, "looking, for each mistake"]
    body = []
    for one in paces:
        cells = []
        for kind in KINDS:
            mine = [row for each in one.reviews for row in each.mended if row.kind == kind]
            right = sum(row.right for row in mine)
            seconds = sum(row.effort.seconds(times) for row in mine)
            cells.append(f"{seconds / right:.2f} ({right})" if right else "")
        looking = one.effort.seconds(times) - sum(row.effort.seconds(times) for row in _rows(one))
        cells.append(f"{looking / one.count('right'):.2f}" if one.count("right") else "")
        body.append([WORDS[one.user], *cells])
    return report.markdown(head, body)


def waits_table(spreads: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown, in milliseconds."""
    columns = ("median", "p95", "max", "first")
    body = [[name, f"{row['n']:.0f}", *(f"{row[one]:.0f}" for one in columns)] for name, row in spreads.items()]
    return report.markdown(["by the clock, ms", "n", "median", "95 %", "longest", "the first"], body)


def spread_of(values: Sequence[float]) -> dict[str, float]:
    """Median, 95 %, the longest and the first."""
    median, p95 = (float(value) for value in np.percentile(values, (50, 95)))
    return {"n": len(values), "first": values[0], "median": median, "p95": p95, "max": max(values)}


def _words(paces: Sequence[Pace], times: ReviewTimes) -> str:
    """How much faster the plugin is than napari alone, and what that rests on."""
    napari = next((one for one in paces if one.user == _NAPARI), None)
    if napari is None:
        return ""
    lines = []
    quick = times.model_copy(update={"read_s": times.read_s / 2, "picture_s": times.picture_s / 2})
    for one in paces:
        ratio, stated = _ratio(napari, one, times), _ratio(napari, one, times, stated=True)
        half = _ratio(napari, one, quick)
        if one is not napari and ratio is not None and stated is not None and half is not None:
            lines.append(
                f"{WORDS[one.user]}: {ratio:.2f} times as fast as napari alone, for each mistake made right "
                f"({stated:.2f} if no window kept one waiting, {half:.2f} if a look took half as long)."
            )
    return "\n".join(lines)


def _summary(one: Pace, paces: Sequence[Pace], times: ReviewTimes) -> dict[str, Any]:
    napari = next((each for each in paces if each.user == _NAPARI), None)
    return {
        "user": one.user,
        "reviews": len(one.reviews),
        "objects": one.count("objects"),
        "mistakes": one.count("mistakes"),
        **{what: one.count(what) for what in _COUNTS},
        "seconds_each": one.each(times),
        "stated_each": one.stated_each(times),
        "faster_than_napari": None if napari is None else _ratio(napari, one, times),
        "effort": asdict(one.effort),
    }


def _ratio(one: Pace, other: Pace, times: ReviewTimes, *, stated: bool = False) -> float | None:
    """How many times as long one takes for a mistake."""
    first, second = ((each.stated_each if stated else each.each)(times) for each in (one, other))
    return first / second if first is not None and second else None


def _rows(one: Pace) -> list[Mended]:
    return [row for each in one.reviews for row in each.mended]


def _review_row(one: Reviewed, times: ReviewTimes) -> dict[str, Any]:
    about = {"user": one.user, "seed": one.seed, "objects": one.objects, "mistakes": one.mistakes}
    counts = {what: getattr(one, what) for what in _COUNTS}
    return about | counts | asdict(one.effort) | {"seconds": one.effort.seconds(times)}


def _mistake_rows(one: Reviewed, times: ReviewTimes) -> Iterator[dict[str, Any]]:
    for row in one.mended:
        about = {"user": one.user, "seed": one.seed, "image": row.image, "kind": row.kind}
        done = {
            "tries": row.tries,
            "right": row.right,
            "taken": row.taken,
            "at_s": row.at_s,
            "seconds": row.effort.seconds(times),
        }
        yield about | done | asdict(row.effort)


def _draw(axes: Any, panel: int, paces: Sequence[Pace], times: ReviewTimes) -> None:
    """Mistakes made right over time, a line for each seed; and the seconds to mend of each kind."""
    if panel == 0:
        for one in reversed(paces):  # who is led goes on field by field: the first part of that lies below
            for i, each in enumerate(one.reviews):
                minutes = [0.0, *(row.at_s / 60 for row in each.mended), each.effort.seconds(times) / 60]
                right = np.cumsum([0, *(int(row.right) for row in each.mended), 0])
                label = WORDS[one.user].replace("*", "") if i == 0 else None
                axes.plot(minutes, right, drawstyle="steps-post", color=_COLOURS[one.user], lw=1.2, label=label)
        axes.set(xlabel="minutes", ylabel="mistakes made right", xlim=(0, None), ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
        return
    shown = [one for one in paces if not one.user.endswith("then field by field")]
    for i, one in enumerate(shown):
        seconds = [[row.effort.seconds(times) for row in _rows(one) if row.kind == kind] for kind in KINDS]
        heights = [float(np.mean(values)) if values else 0.0 for values in seconds]
        at = np.arange(len(KINDS)) + (i - (len(shown) - 1) / 2) * 0.8 / len(shown)
        label = WORDS[one.user].replace("*", "")
        axes.bar(at, heights, 0.8 / len(shown), color=_COLOURS[one.user], label=label)
    axes.set_xticks(np.arange(len(KINDS)), KINDS)
    axes.set(ylabel="seconds to mend")
    axes.margins(y=0.25)  # for the legend
    axes.legend(frameon=False, fontsize=8)
