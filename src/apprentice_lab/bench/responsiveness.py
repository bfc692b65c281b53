"""How long a person waits for the window: idle, at *Segment*, while the network is taught, after pressing *Cancel*.

A timer of the window's event loop is asked for every few milliseconds; by how much it comes late is what a click
or a stroke of the brush would have waited. `window` is the part of it that knows Qt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report
from napari_apprentice.settings import Settings


class ResponsivenessSettings(Settings):
    """What to measure, and for how long."""

    sample: Annotated[str, Field(description="The 2D sample to work on.")] = "nuclei_2d"
    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    side: Annotated[
        int | None,
        Field(ge=64, description="Pixels along each side of the image: the sample repeated; left out: as it is."),
    ] = None
    idle_s: Annotated[float, Field(gt=0, description="Seconds to watch the idle window.")] = 10.0
    teach_s: Annotated[float, Field(gt=0, description="Seconds to watch it while teaching.")] = 30.0
    cancels: Annotated[int, Field(ge=1, description="How often to cancel.")] = 3
    tick_ms: Annotated[int, Field(ge=1, le=100, description="How often the timer is asked for.")] = 5


def run(out: Path, settings: ResponsivenessSettings) -> Iterator[str]:
    """Write ``results.json`` and a plot of the delays; needs a screen."""
    from apprentice_lab.bench.window.responsiveness import measure  # here: it loads Qt

    found = measure(
        settings.sample,
        settings.model,
        side=settings.side,
        idle_s=settings.idle_s,
        teach_s=settings.teach_s,
        cancels=settings.cancels,
        tick_ms=settings.tick_ms,
    )
    delays = {name: report.spread(values) for name, values in found["delays_ms"].items()}
    above = delays["teaching"]["p99"] - delays["idle"]["p99"]
    report.write(
        out,
        {
            "bench": "responsiveness",
            "settings": settings.model_dump(),
            "device": found["device"],
            "delay_ms": delays,
            "teaching_above_idle_p99_ms": above,
            "cancel_to_idle_s": found["cancel_s"],
            "panel_startup_s": found["panel_s"],
        },
    )
    report.plot(out / "delays.png", lambda axes: draw(axes, found["delays_ms"]))
    for name, row in delays.items():
        yield f"{name}: {row['median']:.1f} ms late, 99th percentile {row['p99']:.1f} ms, worst {row['max']:.0f} ms"
    yield f"teaching adds {above:.1f} ms at the 99th percentile"
    yield f"from Cancel to idle: {max(found['cancel_s']):.2f} s at worst of {len(found['cancel_s'])}"
    yield f"the panel opens in {found['panel_s']:.2f} s"


def draw(axes: Any, delays_ms: Mapping[str, Sequence[float]]) -> None:
    """How many ticks came later than so many milliseconds."""
    for name, values in delays_ms.items():
        ordered = np.sort(np.maximum(values, 0.1))
        axes.plot(ordered, 1 - np.arange(len(ordered)) / len(ordered), label=name)
    axes.set(xscale="log", yscale="log", xlabel="later than (ms)", ylabel="share of ticks")
    axes.legend(frameon=False)
