"""``apprentice try``: which model suits an image, by what each makes of a part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import imageio.v3 as iio
import numpy as np
from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import progress_bar, say, warn
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.session.result_words import describe_trial
from napari_apprentice.session.tried import UNSURE, box_around
from napari_apprentice.settings import SegmentSettings

Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]

_EDGE, _GAP = 512, 8  # of each picture, and between two: pixels


def try_models(
    image: Path,
    /,
    *,
    models: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    at: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (),
    channel: tuple[str, ...] = (),
    out: Path | None = None,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
) -> None:
    """Say which models suit an image, the likely best first, and what each finds in the middle of it.

    Up to 768 x 768 pixels are looked at, of a volume a block of 16 x 256 x 256 voxels. Nothing is written but --out.

    Parameters
    ----------
    image
        The image.
    models
        Names of bundled models, or model files; empty: all bundled ones that can work on the image.
    at
        The middle of the part that is looked at, y x or z y x; empty: that of the image.
    channel
        Which channel of the image to use, by name or counted from 0; given again for each input of the model.
    out
        Write a picture (.png) of the part with the outlines of each model, side by side in the same order.
    """
    if out is not None and out.suffix.lower() != ".png":
        raise UserError(f"{out.name} should end with .png: it is a picture.")
    volume = chosen_channels(read_image(image), channel)
    with Session.temporary(InlineRunners()) as session:
        if models:
            session.choose_model(models[0])  # one of classes makes a project of classes
        session.add_image(volume)
        session.segment_settings = settings
        _run(session, models, _around(at, volume.labels_shape))
        field = session.verbs.try_models.field
        for title, why in session.verbs.try_models.failed.items():
            warn(f"{title}: {why}")
        if field is None or not session.trials:
            raise UserError("No model could be tried.")
        say(f"{field.words}:")
        for trial in session.trials:
            say(f"{trial.choice.key} ({trial.purpose}): {describe_trial(trial, session.kind)}")
        if session.kind == "instances" and max(one.sure for one in session.trials) < UNSURE:
            say("None is sure of what it found: teach one, or start from a fresh network.")
        if out is not None:
            colors = {one.value: one.color for one in session.classes} if session.kind == "classes" else None
            _write(out, [field.picture(trial, _EDGE, colors) for trial in session.trials])
            say(f"{out}: " + ", ".join(trial.choice.key for trial in session.trials))


def _run(session: Session, models: tuple[str, ...], box: tuple[slice, ...] | None) -> None:
    """Try them one by one; one that fails does not stop the others."""
    with progress_bar() as bar:
        task = bar.add_task("Trying")
        session.try_models(models or None, box)
        trying = session.verbs.try_models
        while session.busy("try"):
            session.pump()
            bar.update(task, total=trying.count, completed=len(trying.trials) + len(trying.failed))


def _around(at: tuple[int, ...], shape: tuple[int, int, int, int]) -> tuple[slice, ...] | None:
    """The voxel in the middle, as a box in the first frame; None where none is said. `UserError` outside the image."""
    _, depth, height, width = shape
    if not at:
        return None
    if len(at) != (3 if depth > 1 else 2):
        raise UserError(f"--at takes {'z y x' if depth > 1 else 'y x'} for this image, not {' '.join(map(str, at))}.")
    z, y, x = at if depth > 1 else (0, *at)
    if not (0 <= z < depth and 0 <= y < height and 0 <= x < width):
        raise UserError(f"--at {' '.join(map(str, at))} lies outside the image: it is {height} x {width} pixels.")
    return box_around((0, z, y, x), shape)


def _write(path: Path, pictures: list[np.ndarray]) -> None:
    height = max(len(one) for one in pictures)
    columns = []
    for one in pictures:
        column = np.full((height, one.shape[1] + _GAP, 3), 255, np.uint8)
        column[: len(one), : one.shape[1]] = one
        columns.append(column)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        iio.imwrite(path, np.concatenate(columns, axis=1)[:, :-_GAP])
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): choose another --out.") from error
