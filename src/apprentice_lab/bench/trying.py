"""How often the model that is proposed first is the best one: by the list of models, and after trying all on a part.

Each image is opened as a user would: the list says which model comes first, all that can work on it are tried on its
middle, and then each segments all of it. The best is the one with the highest AP .50 on the whole image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report, trying_report
from apprentice_lab.bench.images import draw_pictures
from apprentice_lab.sets import Picture, pictures, training_part
from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.labels.evaluation import score_objects
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, Trial
from napari_apprentice.settings import DeviceName, SegmentSettings, Settings

_SETS = (
    "dsb2018",
    "tissue_dapi16",
    "bbbc039",
    "usiigaci_phase",
    "histology_tnbc",
    "chloroplasts_sem",
    "axons_tem_srf",
    "pfc_neurons",
    "nuclei3d_ovules",
    "nuclei3d_bbbc050",
    "nuclei3d_stardist_mini",
    "cells3d_ovule",
    "cells3d_root",
)


class TryingSettings(Settings):
    """Which images, and how many of each set."""

    data: Annotated[Path, Field(description="Folder that holds the sets.")] = report.DATA
    sets: Annotated[tuple[str, ...], Field(description="Their names.")] = _SETS
    split: Annotated[
        str, Field(description="Which part of them: dev; or fold, held out of train, by which the order was chosen.")
    ] = "dev"
    count: Annotated[int, Field(ge=1, description="Images of a set at most, drawn at random.")] = 45
    seed: Annotated[int, Field(ge=0, description="Draws images.")] = 0
    device: Annotated[DeviceName, Field(description="Where the networks run.")] = "auto"


@dataclass(frozen=True)
class Tried:
    """What a model came to on an image: what it expected on a part of it, and its AP .50 on all of it.

    ``listed`` and ``placed`` count from 0, in the list of models and after trying.
    """

    set: str
    image: str
    model: str
    listed: int
    placed: int
    sure: float
    precision: float
    objects: int
    annotated: int
    seconds: float


def run(out: Path, settings: TryingSettings) -> Iterator[str]:
    """Write ``tried.csv``, ``results.json`` and ``try.md``."""
    folder(out)
    runners, rows = InlineRunners(), list[Tried]()
    try:
        for name in settings.sets:
            chosen = draw_pictures(_images(settings.data / name, settings.split), settings.count, settings.seed)
            for picture in chosen:
                rows += _tried(name, picture, runners, settings.device)
            yield f"{name}: {len(chosen)} images"
    finally:
        runners.close()
    if not rows:
        raise UserError(f"There are no images of {settings.split} on which two models can be tried: name other sets.")
    yield trying_report.write(out, settings.model_dump(), rows)


def _images(path: Path, split: str) -> list[Picture]:
    """What there is of a set; nothing where it has no such part."""
    try:
        return training_part(path, "fold") if split == "fold" else pictures(path, split)
    except UserError:
        if path.exists():
            return []
        raise


def _tried(name: str, picture: Picture, runners: InlineRunners, device: DeviceName) -> Iterator[Tried]:
    volume, truth = picture.read()
    with Session.temporary(runners) as session:
        session.segment_settings = SegmentSettings(device=device)
        entry = session.add_image(volume)
        if len(session.verbs.try_models.offered()) < 2:  # as of two channels
            return
        listed = [one.choice.key for one in session.suited_models()]
        session.try_models()
        session.run_until_idle()
        field, trials = session.verbs.try_models.field, session.trials
        is_whole = field is not None and field.region == whole_region(entry.labels.shape)
        for place, trial in enumerate(trials):
            found = trial.labels if is_whole else _whole(session, trial)
            score = score_objects(picture.name, truth, found)
            precision = 0.0 if score.precision is None else score.precision[0]
            key, counts = trial.choice.key, (score.found, score.annotated)
            at = (listed.index(key), place)
            yield Tried(name, picture.name, key, *at, trial.sure, precision, *counts, trial.seconds)


def _whole(session: Session, trial: Trial) -> NDArray[np.uint32]:
    session.choose_model(trial.choice.key)
    session.segment()
    session.run_until_idle()
    found = np.array(session.current.labels) if session.current is not None else trial.labels
    session.undo()
    return found
