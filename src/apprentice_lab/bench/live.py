"""*Live* against a random forest on filters: the same strokes, Dice after 5, 20 and 80 of them, and the time it takes.

The strokes do not depend on what is proposed. What was painted is left out of the scores; Dice is the mean over the
classes but background. Both have seen the image before the clock runs: it goes from a stroke to all classes anew.
Beside them *Teach* has the same strokes, see `live_taught`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import live_forest, report
from apprentice_lab.bench.images import draw_pictures
from apprentice_lab.bench.live_strokes import Stroke, draw_strokes, with_outlines
from apprentice_lab.bench.live_taught import FROM_LIVE, LONGER, SAME, TEACH_S, Edit, taught
from apprentice_lab.sets import Picture, pictures
from napari_apprentice.data.image.channels import fit_to_model
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName, Settings

_EDGE = 1024  # pixels of an image that are looked at
OBJECTS, OUTLINES, CLASSES = "objects", "outlines", "classes"
LIVE, FOREST = "live", "random forest"


@dataclass(frozen=True)
class LiveSet:
    """A set, what its classes are, the model that is in use (None: none was chosen), and what that learned of it."""

    name: str
    classes: str
    model: str | None = None
    seen: str = "never"


SETS = (
    LiveSet("axons_tem_srf", CLASSES),
    LiveSet("usiigaci_phase", OUTLINES, "cells-2d", "other images of the set"),
    LiveSet("tissue_dapi16", OUTLINES, None, "other images of the set"),
    LiveSet("pfc_neurons", OBJECTS),
    LiveSet("chloroplasts_sem", OBJECTS),
)


class LiveSettings(Settings):
    """What is painted, and how often."""

    data: Annotated[Path, Field(description="The folder that holds the sets.")] = report.DATA
    sets: Annotated[tuple[str, ...], Field(description="Which of them.")] = tuple(one.name for one in SETS)
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "dev"
    strokes: Annotated[tuple[int, ...], Field(description="After how many strokes it is scored.")] = (5, 20, 80)
    limit: Annotated[int, Field(ge=1, description="Images of each set, drawn at random.")] = 3
    users: Annotated[int, Field(ge=1, description="How often each image is painted, with other strokes.")] = 2
    forest: Annotated[bool, Field(description="Also the random forest.")] = True
    teach: Annotated[
        bool, Field(description="Also teach: as long as Live took, 30 s, and 30 s from what it learned.")
    ] = True


@dataclass(frozen=True)
class Painted:
    """How well a method did after so many strokes, seconds from the last one, and of processors meanwhile."""

    set: str
    seen: str
    image: str
    user: int
    method: str
    strokes: int
    dice: float
    seconds: float
    cpu_s: float
    first_s: float  # to see the image, once


def run(out: Path, settings: LiveSettings) -> Iterator[str]:
    """Write ``live.csv``, ``results.json``, ``live.md`` and ``live.png``."""
    folder(out)
    rows: list[Painted] = []
    for one in (known for known in SETS if known.name in settings.sets):
        flat = [picture for picture in _pictures(settings, one) if picture.labels().shape[1] == 1]
        for picture in draw_pictures(flat, settings.limit, 0):
            rows += paint(one, picture, settings)
            yield f"{one.name}: {picture.name}"
    if not rows:
        raise UserError(f"None of these sets is known: choose some of {', '.join(one.name for one in SETS)}.")
    report.write_rows(out / "live.csv", [asdict(row) for row in rows])
    text = table(rows, settings.strokes)
    (out / "live.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, {"bench": "live", "settings": settings.model_dump(), "rows": [asdict(row) for row in rows]})
    _plot(out / "live.png", rows)
    yield from text.splitlines()


def paint(of: LiveSet, picture: Picture, settings: LiveSettings) -> Iterator[Painted]:
    """Every user on one image, with each method."""
    volume, labels = picture.read()
    volume, truth = _part(fit_to_model(volume, 1)), labels[0, 0, :_EDGE, :_EDGE]
    known = _classes(of.classes, truth)
    for user in range(settings.users):
        strokes = draw_strokes(known, max(settings.strokes), user)
        told = Painted(of.name, of.seen, picture.name, user, LIVE, 0, 0, 0, 0, 0)
        yield from _live(told, of, volume, known, strokes, settings.strokes, teach=settings.teach)
        if settings.forest:
            yield from _forest(replace(told, method=FOREST), volume, known, strokes, settings.strokes)


def dice(found: NDArray[np.integer], truth: NDArray[np.uint8], painted: NDArray[np.int64]) -> float:
    """The mean over classes but background, where nothing was painted (flat indices)."""
    counts = np.ones(truth.shape, bool)
    counts.ravel()[painted] = False
    scores = []
    for value in np.unique(truth[truth > 0]):
        mine, theirs = (found == value) & counts, (truth == value) & counts
        scores.append(2 * (mine & theirs).sum() / max(1, mine.sum() + theirs.sum()))
    return float(np.mean(scores))


def table(rows: list[Painted], strokes: tuple[int, ...]) -> str:
    """Markdown: a line for each set and method."""
    head = ["set", "the network saw", "method", *(f"Dice after {n}" for n in strokes)]
    head += ["s from a stroke", "processor s", "s at first"]
    body = []
    for name, seen, method in dict.fromkeys((row.set, row.seen, row.method) for row in rows):
        mine = [row for row in rows if (row.set, row.method) == (name, method)]
        scores = [f"{np.mean([row.dice for row in mine if row.strokes == n]):.3f}" for n in strokes]
        times = [f"{np.median([getattr(row, what) for row in mine]):.2f}" for what in ("seconds", "cpu_s", "first_s")]
        body.append([name, seen, method, *scores, *times])
    return report.markdown(head, body)


def _pictures(settings: LiveSettings, one: LiveSet) -> list[Picture]:
    return pictures(
        settings.data / one.name, settings.split, truth_in="classes" if one.classes == CLASSES else "labels"
    )


def _classes(what: str, truth: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Class values (Y, X), from labels that are objects or classes."""
    if what == OUTLINES:
        return with_outlines(truth)
    return np.asarray(truth > 0 if what == OBJECTS else truth, np.uint8)


def _part(volume: Volume) -> Volume:
    return replace(volume, pixels=np.asarray(volume.pixels[:1, :, :1, :_EDGE, :_EDGE]))


def _live(
    told: Painted,
    of: LiveSet,
    volume: Volume,
    truth: NDArray[np.uint8],
    strokes: list[Stroke],
    counts: tuple[int, ...],
    *,
    teach: bool,
) -> Iterator[Painted]:
    edits = [Edit(one.voxels, one.value) for one in strokes]

    def prepare(session: Session, model: str | None = of.model) -> None:
        names = [ClassName(value=int(i), name=f"class {i}", color="#d62728") for i in np.unique(truth[truth > 0])]
        session.choose_kind("classes", tuple(names))
        session.add_image(volume)
        next(one for one in edits if one.value).do(session)  # what there is keeps the kind when a model is chosen
        if model is not None:
            session.choose_model(model)
        session.undo()

    with Session.temporary(InlineRunners()) as session:
        prepare(session)
        began = first = time.perf_counter()
        session.live.on()
        session.run_until_idle()
        first_s = time.perf_counter() - began
        for i, edit in enumerate(edits, start=1):
            if i not in counts:
                edit.do(session)
                continue
            session.run_until_idle()
            began, used = time.perf_counter(), time.process_time()
            edit.do(session)
            session.run_until_idle()
            seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
            proposal = session.live.proposal
            if proposal is None:
                raise UserError(f"Live could not look at {told.image}.")
            score = dice(proposal.labels, truth, _voxels(strokes[:i])[0])
            yield replace(told, strokes=i, dice=score, seconds=seconds, cpu_s=cpu_s, first_s=first_s)
            if teach:  # no model was made for these classes: a fresh network, or the one that Live looked with
                live_s = time.perf_counter() - first
                ways = {
                    SAME: taught(partial(prepare, model="fresh"), edits[:i], live_s),
                    LONGER: taught(partial(prepare, model="fresh"), edits[:i], TEACH_S),
                    FROM_LIVE: taught(prepare, edits[:i], TEACH_S, from_live=True),
                }
                for way, one in ways.items():
                    score = dice(one.labels, truth, _voxels(strokes[:i])[0])
                    yield replace(told, method=way, strokes=i, dice=score, seconds=one.seconds, cpu_s=one.cpu_s)
                first = time.perf_counter() - live_s  # that was not Live's time


def _forest(
    told: Painted, volume: Volume, truth: NDArray[np.uint8], strokes: list[Stroke], counts: tuple[int, ...]
) -> Iterator[Painted]:
    began = time.perf_counter()
    seen = live_forest.filters(np.asarray(volume.pixels[0, 0, 0], np.float32))
    first_s = time.perf_counter() - began
    for n in counts:
        voxels, values = _voxels(strokes[:n])
        began, used = time.perf_counter(), time.process_time()
        found = live_forest.classify(seen, voxels, values).reshape(truth.shape)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
        score = dice(found, truth, voxels)
        yield replace(told, strokes=n, dice=score, seconds=seconds, cpu_s=cpu_s, first_s=first_s)


def _voxels(strokes: list[Stroke]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    voxels = np.concatenate([one.voxels for one in strokes])
    return voxels, np.concatenate([np.full(len(one.voxels), one.value, np.int64) for one in strokes])


def _plot(path: Path, rows: list[Painted]) -> None:
    names = list(dict.fromkeys(row.set for row in rows))

    def draw(axes: Any, number: int) -> None:
        mine = [row for row in rows if row.set == names[number]]
        counts = sorted({row.strokes for row in mine})
        for method, colour in ((LIVE, "C0"), (FOREST, "0.45")):
            of = [[row.dice for row in mine if (row.method, row.strokes) == (method, n)] for n in counts]
            if all(of):
                axes.plot(counts, [np.mean(one) for one in of], "o-", color=colour, label=method)
        axes.set(title=names[number], xscale="log", xlabel="strokes", ylim=(0, 1))
        axes.set_xticks(counts, [str(n) for n in counts])
        axes.minorticks_off()
        if number == 0:
            axes.set_ylabel("Dice")
            axes.legend(frameon=False)

    report.plots(path, len(names), draw, size=(2.6 * len(names), 2.9))
