"""*Live* on objects that the model in use does not know: AP .50 of those not yet corrected, after 5 and 20.

A simulated user paints whole objects in random order and, before each third one, a short stroke of background; what is
proposed for the rest of the field is scored, beside what *Segment* proposes untouched. What mostly lies on what was
painted does not count. Beside it *Teach* has the same corrections, see `live_taught`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from apprentice_lab.bench import report
from apprentice_lab.bench.images import draw_pictures
from apprentice_lab.bench.live_taught import FROM_LIVE, LONGER, SAME, Edit, all_taught
from apprentice_lab.sets import Picture, pictures
from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.scores import average_precision
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import Settings

_EDGE = 1024  # pixels of an image that are looked at
_ROOM = 3  # pixels between a stroke of background and any object
_STROKE = (4, 20)  # pixels that it reaches from its middle along y and x
_EVERY = 3  # objects to a stroke
_WAYS = {"same": SAME, "30": LONGER, "30_from_live": FROM_LIVE}
SETS = {"usiigaci_phase": "nuclei-2d", "histology_tnbc": "cells-2d", "chloroplasts_sem": "nuclei-2d"}


class LiveObjectsSettings(Settings):
    """What is corrected, and how often."""

    data: Annotated[Path, Field(description="The folder that holds the sets.")] = report.DATA
    sets: Annotated[tuple[str, ...], Field(description="Which of them.")] = tuple(SETS)
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "dev"
    objects: Annotated[tuple[int, ...], Field(description="After how many objects it is scored.")] = (5, 20)
    limit: Annotated[int, Field(ge=1, description="Images of each set, drawn at random.")] = 4
    users: Annotated[int, Field(ge=1, description="How often each image is corrected, in another order.")] = 2
    teach: Annotated[
        bool, Field(description="Also teach: as long as Live took, 30 s, and 30 s from what it learned.")
    ] = True


@dataclass(frozen=True)
class Corrected:
    """AP .50 of the objects of an image that were not corrected: untouched, as *Live* proposes them, and taught.

    ``seconds`` and ``cpu_s`` are of the last answer, ``live_s`` is the time for all of them; ``teach_cpu_s`` and
    ``teach_steps`` are of the 30 s.
    """

    set: str
    model: str
    image: str
    user: int
    objects: int
    left: int
    untouched: float
    live: float
    seconds: float
    cpu_s: float
    live_s: float
    teach_same: float | None = None
    teach_30: float | None = None
    teach_30_from_live: float | None = None
    teach_cpu_s: float | None = None
    teach_steps: int | None = None


def run(out: Path, settings: LiveObjectsSettings) -> Iterator[str]:
    """Write ``objects.csv``, ``objects.md`` and ``results.json``."""
    folder(out)
    rows: list[Corrected] = []
    for name in (known for known in SETS if known in settings.sets):
        flat = [one for one in pictures(settings.data / name, settings.split) if one.labels().shape[1] == 1]
        for picture in draw_pictures(flat, settings.limit, 0):
            for user in range(settings.users):
                rows += correct(name, SETS[name], picture, user, settings.objects, teach=settings.teach)
            yield f"{name}: {picture.name}"
    if not rows:
        raise UserError(f"No image of these sets has more objects than are corrected: choose of {', '.join(SETS)}.")
    report.write_rows(out / "objects.csv", [asdict(row) for row in rows])
    text = table(rows)
    (out / "objects.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, {"bench": "live-objects", "settings": settings.model_dump(), "rows": [asdict(r) for r in rows]})
    yield from text.splitlines()


def correct(
    name: str, model: str, picture: Picture, user: int, counts: tuple[int, ...], *, teach: bool = False
) -> Iterator[Corrected]:
    """One user on one image; counts that leave no object are left out."""
    volume, labels = picture.read()
    truth = labels[0, 0, :_EDGE, :_EDGE]
    rng = np.random.default_rng(user)
    order = rng.permutation(np.unique(truth[truth > 0]))
    edits: list[Edit] = []

    def prepare(session: Session) -> None:
        session.add_image(_part(volume), kind="instances")
        session.choose_model(model)

    with Session.temporary(InlineRunners()) as session:
        prepare(session)
        session.segment()
        session.run_until_idle()
        untouched = session.entries[0].labels[0, 0].copy()
        session.undo()
        box = whole_region(session.entries[0].labels.shape)
        first = time.perf_counter()
        session.live.on(box)
        for done in range(1, min(max(counts), len(order) - 1) + 1):
            if done % _EVERY == 1:
                edits.append(Edit(background(truth, rng), 0))
                edits[-1].do(session)
            session.run_until_idle()
            began, used = time.perf_counter(), time.process_time()
            edits.append(Edit(np.flatnonzero(truth == order[done - 1]), int(order[done - 1])))
            edits[-1].do(session)
            if done not in counts:
                continue
            session.run_until_idle()
            seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
            live_s = time.perf_counter() - first
            proposal = session.live.proposal
            found = np.zeros_like(truth) if proposal is None else proposal.labels
            corrected = np.isin(truth, order[:done])
            before, after = (rest_ap(truth, one, corrected) for one in (untouched, found))
            taught: dict[str, Any] = {}
            if teach:
                ways = all_taught(prepare, edits, live_s)
                taught = {f"teach_{key}": rest_ap(truth, ways[way].labels, corrected) for key, way in _WAYS.items()}
                taught |= {"teach_cpu_s": ways[LONGER].cpu_s, "teach_steps": ways[LONGER].steps}
                first = time.perf_counter() - live_s  # that was not Live's time
            told = (seconds, cpu_s, live_s)
            yield Corrected(name, model, picture.name, user, done, len(order) - done, before, after, *told, **taught)


def rest_ap(truth: NDArray[np.uint32], found: NDArray[np.integer], corrected: NDArray[np.bool_]) -> float:
    """AP .50 of objects (Y, X) that were not corrected; what is found mostly on those that were does not count."""
    size = np.bincount(found.ravel())
    on_corrected = np.bincount(found.ravel(), corrected.ravel(), minlength=len(size))
    kept = np.where((2 * on_corrected > size)[found] | corrected, 0, found)
    return average_precision(np.where(corrected, 0, truth), kept)


def background(truth: NDArray[np.uint32], rng: np.random.Generator) -> NDArray[np.int64]:
    """A short stroke (flat indices) beside all objects (Y, X)."""
    free = ndimage.distance_transform_edt(truth == 0) > _ROOM
    places = np.argwhere(free)
    if not len(places):
        return np.zeros(0, np.int64)
    at = places[rng.integers(len(places))]
    box = tuple(slice(max(0, i - reach), i + reach + 1) for i, reach in zip(at, _STROKE, strict=True))
    stroke = np.zeros_like(free)
    stroke[box] = free[box]
    return np.flatnonzero(stroke)


def table(rows: list[Corrected]) -> str:
    """Markdown: a line for each set and number of objects."""
    head = [
        "set, model",
        "corrected",
        "images x users",
        "untouched",
        "live",
        "gain",
        *_WAYS.values(),
        "s",
        "processor s",
        "s in all",
    ]
    body = []
    for name, model, count in sorted({(row.set, row.model, row.objects) for row in rows}):
        mine = [row for row in rows if (row.set, row.objects) == (name, count)]
        before, after = (float(np.mean([getattr(row, what) for row in mine])) for what in ("untouched", "live"))
        times = [f"{np.median([getattr(row, what) for row in mine]):.2f}" for what in ("seconds", "cpu_s")]
        cells = [str(count), str(len(mine)), f"{before:.3f}", f"{after:.3f}", f"{after - before:+.3f}"]
        taught = [[getattr(row, f"teach_{key}") for row in mine] for key in _WAYS]
        cells += ["" if None in one else f"{np.mean(one):.3f}" for one in taught]
        times.append(f"{np.median([row.live_s for row in mine]):.0f}")
        body.append([f"{name}, {model}", *cells, *times])
    return report.markdown(head, body)


def _part(volume: Volume) -> Volume:
    return replace(volume, pixels=np.asarray(volume.pixels[:1, :, :1, :_EDGE, :_EDGE]))
