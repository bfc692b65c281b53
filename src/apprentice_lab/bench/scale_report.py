"""Plots and a table of `bench.scale`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report


def draw(out: Path, results: Mapping[str, Any]) -> Iterator[str]:
    """Plot what was measured; yields the table of sizes."""
    if "sizes" in results:
        report.plot(out / "scale-memory.png", lambda axes: _against_size(axes, results["sizes"], "peak_mb"))
        report.plot(out / "scale-time.png", lambda axes: _against_size(axes, results["sizes"], "cpu_s"))
        yield table(results["sizes"])
    if "workers" in results:
        report.plot(out / "scale-workers.png", lambda axes: _workers(axes, results["workers"]))


def table(sizes: list[dict[str, Any]]) -> str:
    """Markdown: one line for each size."""
    head = ("network", "slide", "pixels", "time", "of one core per megapixel", "largest memory")
    body = [
        (
            one["model"],
            f"{one['megabytes'] / 1000:,.2f} GB",
            f"{one['edge']:,} x {one['edge']:,}",
            f"{one['seconds']:,.0f} s",
            f"{per_megapixel(one):.2f} s",
            f"{one['peak_mb']:,.0f} MB",
        )
        for one in sizes
    ]
    return report.markdown(head, body)


def per_megapixel(one: Mapping[str, Any]) -> float:
    """Seconds of one core."""
    return float(1e6 * one["cpu_s"] / one["pixels"])


def _against_size(axes: Any, sizes: list[dict[str, Any]], what: str) -> None:
    for model in dict.fromkeys(one["model"] for one in sizes):
        rows = sorted((one for one in sizes if one["model"] == model), key=lambda one: float(one["pixels"]))
        values = [one["peak_mb"] if what == "peak_mb" else per_megapixel(one) for one in rows]
        axes.plot([one["megabytes"] / 1000 for one in rows], values, marker="o", label=model)
    label = "largest memory (MB)" if what == "peak_mb" else "seconds of one core per megapixel"
    axes.set(xscale="log", xlabel="slide (GB)", ylabel=label)
    axes.set_ylim(bottom=0)
    if what == "peak_mb":
        edge = axes.get_xlim()
        sizes_gb = np.geomspace(*edge)
        axes.plot(sizes_gb, 1000 * sizes_gb, color="grey", linestyle=":", label="the slide itself")
        axes.set(xlim=edge, ylim=(0, 2 * max(one["peak_mb"] for one in sizes)))
    axes.legend(frameon=False)


def _workers(axes: Any, found: Mapping[str, Any]) -> None:
    names = list(found)
    bars = axes.barh(range(len(names)), [found[name]["speedup"] for name in names])
    axes.bar_label(bars, [f"{found[name]['seconds']:.0f} s" for name in names], padding=3)
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel="times as fast as one worker")
    axes.invert_yaxis()
    axes.margins(x=0.15)
