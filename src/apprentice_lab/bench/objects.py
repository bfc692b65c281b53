"""How long the table of objects keeps one waiting: filled, sorted, after an edit, a range, the filter; what undo keeps.

Two images in a real window: a plane with very many objects, and a volume. `window` is the part of it that knows Qt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.settings import Settings, Triple

_WIDE = 18  # pixels from one object of the plane to the next
_FULL = 0.45  # of that, or of the room that one has in the volume: the largest radius


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
            yield f"  {what}: {row['median']:.1f} ms (worst {row['max']:.0f} of {row['n']:.0f}){processor}"
        yield f"  the filter removed {found.removed:,}; undo keeps {found.undo_bytes / 1e6:.2f} MB for it"
    report.write(out, {"bench": "objects", "settings": settings.model_dump(), "images": results})


def scene(shape: Sequence[int], count: int, rng: np.random.Generator) -> tuple[Volume, NDArray[np.uint32]]:
    """An image with ``count`` bright balls of different sizes on a jittered grid, and its labels (1, Z, Y, X)."""
    labels = np.zeros(shape, np.uint32)
    sides = [n for n in shape if n > 1]
    step = (math.prod(sides) / count) ** (1 / len(sides))
    cells = [max(1, int(n / step)) if n > 1 else 1 for n in shape]
    while math.prod(cells) < count:
        widest = int(np.argmax([n / m for n, m in zip(shape, cells, strict=True)]))
        cells[widest] += 1
    room = [n / m for n, m in zip(shape, cells, strict=True)]
    for number, place in enumerate(np.ndindex(*cells), 1):
        if number > count:
            break
        radii = [max(0.5, side * _FULL * rng.uniform(0.35, 1)) for side in room]
        middle = [(i + 0.5) * side for i, side in zip(place, room, strict=True)]
        box = tuple(
            slice(max(0, int(m - r)), min(n, int(m + r) + 2)) for m, r, n in zip(middle, radii, shape, strict=True)
        )
        axes = [(np.arange(s.start, s.stop) + 0.5 - m) / r for s, m, r in zip(box, middle, radii, strict=True)]
        z, y, x = np.ix_(*axes)
        labels[box][z**2 + y**2 + x**2 <= 1] = number
    pixels = rng.integers(0, 200, shape, dtype=np.uint16) + np.where(labels > 0, 500 + labels % 1000, 0).astype(
        np.uint16
    )
    return Volume(pixels[None, None], spacing=(1.0, 0.5, 0.5), unit="um", name="objects"), labels[None]
