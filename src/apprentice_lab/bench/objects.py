"""How long the table of objects keeps one waiting: filled, sorted, after an edit, a range, the filter; what undo keeps.

Two images in a real window: a plane with very many objects, and a volume. `window` is the part of it that knows Qt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.bench.balls import scene
from napari_apprentice.settings import Settings, Triple

_WIDE = 18  # pixels from one object of the plane to the next


class ObjectsSettings(Settings):
    """What to measure, and how often."""

    rows: Annotated[int, Field(ge=10, description="Objects of the plane.")] = 50_000
    volume: Annotated[Triple, Field(description="Voxels of the volume, z y x.")] = (64, 512, 512)
    objects: Annotated[int, Field(ge=10, description="Objects of the volume.")] = 1_500
    repeats: Annotated[int, Field(ge=1, description="How often each is done; the median counts.")] = 7
    seed: Annotated[int, Field(ge=0, description="Seed of everything random.")] = 0


def run(out: Path, settings: ObjectsSettings) -> Iterator[str]:
    """Write ``results.json``; needs a screen."""
    from apprentice_lab.bench.window.objects import measure  # here: it loads Qt

    rng = np.random.default_rng(settings.seed)
    edge = math.isqrt(settings.rows - 1) + 1
    images = {
        "plane": scene((1, edge * _WIDE, edge * _WIDE), settings.rows, rng),
        "volume": scene(settings.volume, settings.objects, rng),
    }
    results = {}
    for name, (volume, labels) in images.items():
        found = measure(volume, labels, settings.repeats)
        results[name] = {
            "shape": list(labels.shape[1:]),
            "objects": int(labels.max()),
            "ms": {what: report.spread(values) for what, values in found.ms.items()},
            "processor_ms": {what: report.spread(values) for what, values in found.processor_ms.items()},
            "removed": found.removed,
            "undo_bytes": found.undo_bytes,
        }
        yield f"{name}: {int(labels.max()):,} objects in {' x '.join(map(str, labels.shape[1:]))}"
        for what, values in found.ms.items():
            row = report.spread(values)
            spent = found.processor_ms.get(what)
            processor = f", {np.median(spent):.1f} of the processor" if spent else ""
            others = f"95 %: {row['p95']:.0f}, worst {row['max']:.0f} of {row['n']:.0f}"
            yield f"  {what}: {row['median']:.1f} ms ({others}){processor}"
        yield f"  the filter removed {found.removed:,}; undo keeps {found.undo_bytes / 1e6:.2f} MB for it"
    report.write(out, {"bench": "objects", "settings": settings.model_dump(), "images": results})
