"""Images larger than memory: peak memory and time against size, workers beside threads, going on after a kill.

Everything is measured from outside, on `apprentice segment` in processes of its own, with one thread each unless it is
said. Each measurement is kept in a file of its own: a bench that was stopped goes on with the next one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report, scale_report
from apprentice_lab.bench.scale_images import edge_of, slide
from apprentice_lab.bench.scale_runs import run_segment
from apprentice_lab.bench.scale_tiny import NAME as TINY
from apprentice_lab.bench.scale_tiny import tiny
from napari_apprentice.data.storage.results import folder
from napari_apprentice.settings import Settings

Part = Literal["sizes", "workers", "resume", "overhead"]
PARTS: tuple[Part, ...] = ("sizes", "workers", "resume", "overhead")


class ScaleSettings(Settings):
    """What to measure."""

    parts: Annotated[tuple[Part, ...], Field(description="What is measured.")] = PARTS
    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    sizes: Annotated[tuple[float, ...], Field(description="Megabytes of the slides that the model segments.")] = (
        64,
        256,
        1024,
        2048,
    )
    tiny_sizes: Annotated[
        tuple[float, ...], Field(description="Megabytes of the slides that a tiny network segments.")
    ] = (64, 256, 1024, 4096, 16384)
    megabytes: Annotated[float, Field(gt=0, description="The slide of all other measurements.")] = 64.0
    workers: Annotated[tuple[int, ...], Field(description="Numbers of workers of one thread each.")] = (1, 2, 4)
    threads: Annotated[int, Field(ge=1, description="Threads of the one process beside them.")] = 2
    kill_after: Annotated[
        float, Field(gt=0, lt=1, description="Share of the tiles done when everything is killed.")
    ] = 0.4


def run(out: Path, settings: ScaleSettings) -> Iterator[str]:
    """Write ``results.json`` and plots; yields what a person wants to read."""
    folder(out)
    bench = _Bench(out, settings)
    results: dict[str, Any] = {"bench": "scale", "settings": settings.model_dump()}
    for part in settings.parts:
        results[part] = yield from _PARTS[part](bench)
        report.write(out, results)
    yield from scale_report.draw(out, results)


class _Bench:
    """Where slides, labels and measurements lie."""

    def __init__(self, out: Path, settings: ScaleSettings) -> None:
        self.settings = settings
        self._out = out
        (out / "runs").mkdir(exist_ok=True)

    def model(self, name: str) -> str:
        """A model as the command line takes it."""
        return str(tiny(self._out / f"{TINY}.safetensors").absolute()) if name == TINY else name

    def keep(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What was measured before, or is now."""
        place = self._out / "runs" / f"{name}.json"
        if not place.exists():
            place.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
        found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        return found

    def segment(self, model: str, megabytes: float, *more: str, threads: int = 1, **options: Any) -> dict[str, Any]:
        """Segment a slide block by block and throw the labels away."""
        edge = edge_of(megabytes)
        image = slide(self._out / f"slide-{edge}.zarr", edge)
        labels = self.labels
        try:
            found = run_segment(
                [image, "--model", self.model(model), "--out", labels, *more], threads=threads, **options
            )
        finally:
            shutil.rmtree(labels, ignore_errors=True)
        return {"model": model, "megabytes": edge * edge * 2 / 1e6, "pixels": edge * edge, "edge": edge, **found}

    @property
    def labels(self) -> Path:
        """Where labels are written."""
        return self._out / "labels"


_BLOCKS = ("--format", "zarr", "--blocks")


def _sizes(bench: _Bench) -> Generator[str, None, list[dict[str, Any]]]:
    """Peak memory and time against size."""
    settings, found = bench.settings, []
    for model, sizes in ((settings.model, settings.sizes), (TINY, settings.tiny_sizes)):
        for size in sizes:
            one = bench.keep(f"size-{model}-{size:g}", partial(bench.segment, model, size, *_BLOCKS))
            found.append(one)
            yield (
                f"{model}, {one['megabytes']:,.0f} MB: {one['peak_mb']:,.0f} MB at most, {one['seconds']:,.0f} s, "
                f"{scale_report.per_megapixel(one):.2f} s of a core per megapixel"
            )
    return found


def _workers(bench: _Bench) -> Generator[str, None, dict[str, Any]]:
    """Workers of one thread each beside one process with all threads; by the time that the pieces took."""
    settings, found = bench.settings, {}
    for count in settings.workers:
        measure = partial(bench.segment, settings.model, settings.megabytes, "--format", "zarr")
        found[f"{count} workers"] = bench.keep(f"workers-{count}", partial(measure, "--workers", str(count)))
    for threads in sorted({1, settings.threads}):
        found[f"1 process, {threads} threads"] = bench.keep(
            f"threads-{threads}",
            partial(bench.segment, settings.model, settings.megabytes, *_BLOCKS, threads=threads),
        )
    first = found[f"{settings.workers[0]} workers"]["seconds"]
    for name, one in found.items():
        one["speedup"] = first / one["seconds"]
        yield f"{name}: {one['seconds']:.0f} s, {one['speedup']:.2f} times; {one['peak_of_all_mb']:,.0f} MB in all"
    return found


def _resume(bench: _Bench) -> Generator[str, None, dict[str, Any]]:
    """Kill -9 in the middle: what was done is not done again."""
    found = bench.keep("resume", lambda: _killed(bench))
    yield (
        f"killed with {found['marked']} of {found['tiles']} tiles done: {found['kept']} of them were kept, "
        f"{found['repeated']} others had been written and were done again; the labels are "
        f"{'the same' if found['same'] else 'NOT the same'}"
    )
    return found


def _killed(bench: _Bench) -> dict[str, Any]:
    from napari_apprentice.data.files import read_labels

    settings, edge = bench.settings, edge_of(bench.settings.megabytes)
    image = slide(bench.labels.parent / f"slide-{edge}.zarr", edge)
    arguments: list[str | Path] = [image, "--model", bench.model(settings.model), "--format", "zarr", "--workers", "2"]
    whole, parted = bench.labels / "whole", bench.labels / "parted"
    work = parted / f".{image.name}.work" / "0"

    def far_enough(seconds: float) -> bool:
        marks = work / "predict.done"
        return marks.exists() and float(np.fromfile(marks, np.uint8).mean()) > settings.kill_after

    try:
        run_segment([*arguments, "--out", whole], threads=1)
        run_segment([*arguments, "--out", parted], threads=1, stop=far_enough)
        marks = np.fromfile(work / "predict.done", np.uint8)
        written = {path: path.stat().st_mtime_ns for path in (work / "prediction" / "c").rglob("*") if path.is_file()}
        kept: dict[Path, int] = {}

        def look(seconds: float) -> bool:
            kept.update({path: path.stat().st_mtime_ns for path in written if path.exists()})
            return False

        run_segment([*arguments, "--out", parted], threads=1, stop=look)
        same = sum(kept.get(path) == when for path, when in written.items())
        labels = [read_labels(folder / image.name) for folder in (whole, parted)]
        return {
            "tiles": len(marks),
            "marked": int(marks.sum()),
            "written": len(written),
            "kept": same,
            "repeated": len(written) - same,
            "workers": 2,
            "same": all(np.array_equal(a, b) for a, b in zip(*labels, strict=True)),
        }
    finally:
        shutil.rmtree(bench.labels, ignore_errors=True)


def _overhead(bench: _Bench) -> Generator[str, None, dict[str, Any]]:
    """An image that would fit: block by block against in memory."""
    settings = bench.settings
    found = {
        name: bench.keep(
            f"overhead-{name}", partial(bench.segment, settings.model, settings.megabytes, "--format", "zarr", *more)
        )
        for name, more in (("memory", ("--no-blocks", "--engine", "torch")), ("blocks", ("--blocks",)))
    }
    found["overhead"] = found["blocks"]["all_cpu_s"] / found["memory"]["all_cpu_s"] - 1  # with reading and writing
    yield (
        f"in memory: {found['memory']['cpu_s']:.0f} s of a core, {found['memory']['peak_mb']:,.0f} MB; block by block: "
        f"{found['blocks']['cpu_s']:.0f} s, {found['blocks']['peak_mb']:,.0f} MB, {found['overhead']:+.0%}"
    )
    return found


_PARTS: dict[Part, Callable[[_Bench], Generator[str, None, Any]]] = {
    "sizes": _sizes,
    "workers": _workers,
    "resume": _resume,
    "overhead": _overhead,
}
