"""Classes of objects from a few that are labelled: by what a network sees in them, and by size, shape and brightness.

Each image is looked at as in a project (`session.describe_objects`). A simulated user then gives so many objects of
each class their class, drawn at random from all images; the head proposes one for the rest. The score is the share of
these that is right, the mean over the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.bench.images import draw_pictures
from apprentice_lab.sets import Picture, pictures
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.labels.edits import replace_labels
from napari_apprentice.data.objects.head import ClassHead, Usual
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import Settings

_MYELINATED, _UNMYELINATED = 1, 3  # in the set's folder classes/
_LEAST = 40  # objects of a class
_SHAPES, _ALL = "size, shape, brightness", "and what the network sees"


class ObjectClassesSettings(Settings):
    """What is labelled, and how often."""

    data: Annotated[Path, Field(description="The folder that holds the sets.")] = report.DATA
    sets: Annotated[tuple[str, ...], Field(description="Which of them.")] = ("axons_tem_srf", "dsb2018")
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "all"
    models: Annotated[tuple[str, ...], Field(description="Whose features are used.")] = ("nuclei-2d", "membranes-2d")
    labels: Annotated[tuple[int, ...], Field(description="After how many labels a class it is scored.")] = (
        3,
        5,
        10,
        20,
    )
    seeds: Annotated[int, Field(ge=1, description="How often objects are drawn.")] = 20
    limit: Annotated[int, Field(ge=1, description="Images of each kind of dsb2018, drawn at random.")] = 8


@dataclass(frozen=True)
class Seen:
    """Numbers (n, F) of objects, the first ``own`` of which are shapes, and their classes (n,)."""

    values: NDArray[np.float16]
    own: int
    classes: NDArray[np.int64]
    names: tuple[str, ...]


def run(out: Path, settings: ObjectClassesSettings) -> Iterator[str]:
    """Write ``object_classes.md`` and ``results.json``."""
    folder(out)
    rows: list[dict[str, Any]] = []
    for name in settings.sets:
        for model in settings.models:
            seen = _seen(settings, name, model)
            counts = dict(zip(seen.names, np.bincount(seen.classes).tolist(), strict=True))
            yield f"{name}, {model}: {counts}"
            for what, columns in ((_SHAPES, seen.own), (_ALL, seen.values.shape[1])):
                if what == _SHAPES and model != settings.models[0]:
                    continue
                for labels in settings.labels:
                    scores = [_score(seen, columns, labels, seed) for seed in range(settings.seeds)]
                    rows.append(
                        {
                            "set": name,
                            "model": model,
                            "what": what,
                            "labels": labels,
                            "mean": float(np.mean(scores)),
                            "sd": report.deviation(scores) or 0.0,
                        }
                    )
    report.write(out, {"bench": "object-classes", "settings": settings.model_dump(), "rows": rows})
    head = ["set", "told by", *(f"{n} a class" for n in settings.labels)]
    body: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        told = row["what"] if row["what"] == _SHAPES else f"{row['what']} ({row['model']})"
        body.setdefault((row["set"], told), []).append(f"{row['mean']:.2f} ({row['sd']:.2f})")
    text = report.markdown(head, [[*key, *cells] for key, cells in body.items()])
    (out / "object_classes.md").write_text(text + "\n", encoding="utf-8")
    yield from text.splitlines()


def _seen(settings: ObjectClassesSettings, name: str, model: str) -> Seen:
    place = settings.data / name
    if not place.exists():
        raise UserError(f"There is no folder {place}: give the folder that holds the sets as --data.")
    every = pictures(place, settings.split)
    if name == "dsb2018":  # what kind of image a nucleus is of: no class of objects, but a truth that there is
        every = [one for kind in sorted({p.kind for p in every}) for one in _draw(every, kind, settings.limit)]
    values, told, own = [], [], 0
    with Session.temporary(InlineRunners()) as session:
        for picture in every:
            volume, labels = picture.read()
            if volume.pixels.shape[1] != 1:
                continue  # in colour: a network sees other things there
            session.add_image(volume, kind="instances")
            entry = session.entries[-1]
            session.edits.apply(entry, replace_labels(entry.labels, entry.confirmed, labels))
            session.choose_model(model)  # where there are objects, also one of classes
            session.describe_objects()
            session.run_until_idle()
            described = session.object_classes.seen.described(entry)
            if described is None:
                continue
            of = _kind_of(picture) if name == "dsb2018" else _axon_of(place, picture, labels)
            values.append(described.values)
            told += [of(int(key)) for key in described.keys]
            own = described.own
    kinds, count = np.unique(told, return_counts=True)
    kept = np.isin(told, kinds[count >= _LEAST])
    names, classes = np.unique(np.array(told)[kept], return_inverse=True)
    return Seen(np.concatenate(values)[kept], own, classes, tuple(names.tolist()))


def _draw(every: list[Picture], kind: str, limit: int) -> list[Picture]:
    return draw_pictures([one for one in every if one.kind == kind], limit, 0)


def _kind_of(picture: Picture) -> Callable[[int], str]:
    return lambda key: picture.kind


def _axon_of(place: Path, picture: Picture, labels: NDArray[np.uint32]) -> Callable[[int], str]:
    kinds = read_labels(place / "classes" / picture.files.labels.name)
    myelinated = np.bincount(labels.ravel(), (kinds == _MYELINATED).ravel())
    others = np.bincount(labels.ravel(), (kinds == _UNMYELINATED).ravel())
    return lambda key: "myelinated" if myelinated[key] > others[key] else "unmyelinated"


def _score(seen: Seen, columns: int, labels: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    values = seen.values[:, :columns]
    drawn = [rng.permutation(np.flatnonzero(seen.classes == one))[:labels] for one in range(len(seen.names))]
    given = np.concatenate(drawn)
    head = ClassHead.fit(Usual.of(values, seen.own), values[given], seen.classes[given])
    rest = np.setdiff1d(np.arange(len(values)), given)
    if head is None:
        return float("nan")
    right = head.propose(values[rest])[0] == seen.classes[rest]
    return float(np.mean([right[seen.classes[rest] == one].mean() for one in range(len(seen.names))]))
