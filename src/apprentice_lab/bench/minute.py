"""Objects a minute in a real window, on images that no model knows: by clicks, by polygon, by brush.

A scripted user works by mouse and key events. What his hand does takes stated times; what the program lets him wait is
measured, from the event until what is shown has changed and is drawn. By clicks he works with *one click each*: where
the mask shown has an IoU below .80 he clicks the middle of its largest error, with Ctrl where something is missing,
with Shift where it is too much; after six clicks he discards it and takes the polygon. Polygon and brush follow the
true outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from apprentice_lab.bench import minute_report
from apprentice_lab.bench.clicks_objects import draw_targets, flat
from apprentice_lab.bench.images import ImagesSettings
from apprentice_lab.bench.minute_times import StatedTimes, Worked, with_waits
from apprentice_lab.sets import Picture, pair_files
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError

if TYPE_CHECKING:
    from apprentice_lab.bench.window.canvas import Took
    from apprentice_lab.bench.window.minute import Objects


class MinuteSettings(ImagesSettings, StatedTimes):
    """What is worked on, how many times, and what the hand takes."""

    image: Annotated[Path | None, Field(description="One image, in place of folders; --labels has its objects.")] = None
    labels: Annotated[Path | None, Field(description="The labels of --image.")] = None
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, fold (of train), or all.")] = "all"
    objects: Annotated[int, Field(ge=0, description="Objects of a kind, drawn at random; 0: leave this out.")] = 30
    drawn: Annotated[int, Field(ge=1, description="How many are outlined in the window; of others it is counted.")] = 3
    zoom: Annotated[
        float | None, Field(gt=0, description="Canvas pixels of a pixel; empty: the whole image is shown.")
    ] = None
    waits: Annotated[int, Field(ge=0, description="Clicks timed until the mask is shown; 0: leave this out.")] = 50
    side: Annotated[int, Field(ge=256, description="Of the image for --waits, the first cropped or mirrored.")] = 1024
    film: Annotated[Path | None, Field(description="Also draw a film strip of the first image into this PNG.")] = None
    film_cells: Annotated[int, Field(ge=2, description="Cells and clicks of the film.")] = 10
    model: Annotated[str, Field(description="Chosen in the window beside; fresh: none knows such images.")] = "fresh"
    clicker: Annotated[Path | None, Field(description="The model that is asked; empty: click-2d.")] = None
    seed: Annotated[int, Field(ge=0, description="Draws objects and places.")] = 0


def run(out: Path, settings: MinuteSettings) -> Iterator[str]:
    """Write ``objects.csv``, ``minute.md``, ``waits.csv``, ``results.json``, a plot and the film; needs a screen."""
    from apprentice_lab.bench.window import measuring  # here: it loads Qt

    folder(out)
    images = _images(settings)
    asked = measuring.Asked(settings.model, settings.clicker)
    rows: list[Worked] = []
    zooms: list[float] = []
    if settings.objects:
        chosen = list(_chosen(images, settings.objects, settings.seed))
        if not chosen:
            raise UserError("No object of a 2D image has 30 pixels and is whole: choose images with larger objects.")
        for zoom, found in measuring.work_on(chosen, drawn=settings.drawn, zoom=settings.zoom, asked=asked):
            rows += found
            zooms.append(zoom)
            yield f"{len(zooms)} of {len(chosen)} images"
    volume, truth = images[0].read()
    if volume.is_3d and settings.film:
        raise UserError(f"{images[0].name} is a stack: a film is of images of one slice.")
    waits: dict[str, list[Took]] = {}
    drawing: list[float] = []
    if settings.waits:
        square, there = _fitted(volume, truth[0], settings.side)
        numbered, numbers = _objects_in(flat(there))
        stack = numbered.reshape(there.shape)
        waits, drawing = measuring.wait_for_masks(
            square, stack, numbers, settings.waits, seed=settings.seed, asked=asked
        )
    yield from minute_report.write(out, settings, with_waits(rows), zooms, waits, drawing)
    if settings.film is not None:
        frames = measuring.film_strip(volume, *_objects_in(truth[0, 0]), settings.film_cells, asked=asked)
        minute_report.draw_film(settings.film, frames)
        yield f"{settings.film}: IoU {', '.join(f'{one.iou:.2f}' for one in frames)}"


def _images(settings: MinuteSettings) -> list[Picture]:
    if settings.image is None and settings.labels is None:
        return settings.pictures(settings.split)
    if settings.image is None or settings.labels is None:
        raise UserError("--image and --labels belong together: give both, or folders.")
    return pair_files(settings.image, settings.labels)


def _chosen(images: Sequence[Picture], limit: int, seed: int) -> Iterator[tuple[Volume, Objects]]:
    """Each image with those of its objects that are drawn; stacks and all but the first frame are left out."""
    from apprentice_lab.bench.window.minute import Objects  # here: it loads Qt

    there = [one for one in draw_targets(images, limit, seed).objects if one.dims == 2 and one.t == 0]
    for i, here in groupby(there, key=lambda one: one.picture):
        volume, truth = images[i].read()
        labels, _ = _objects_in(truth[0, 0])
        yield volume, Objects(images[i].name, images[i].group, labels, [one.number for one in here])


def _fitted(volume: Volume, labels: np.ndarray, side: int) -> tuple[Volume, np.ndarray]:
    """The first frame and its labels (Z, Y, X), cropped or mirrored at the far edges to a square."""

    def square(array: np.ndarray) -> np.ndarray:
        *_, height, width = array.shape
        more = [(0, 0)] * (array.ndim - 2) + [(0, max(0, side - n)) for n in (height, width)]
        return np.pad(array, more, mode="symmetric")[..., :side, :side]

    return replace(volume, pixels=square(np.asarray(volume.pixels[:1])), levels=()), square(labels)


def _objects_in(labels: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Labels with a number to each object, and those that are large enough and cut by no edge."""
    from napari_apprentice.engine.practice.scenes import is_cut, objects_in  # here: they load torch

    objects = objects_in(labels)
    return objects.labels, [number for number, box in objects.found if not is_cut(box, labels.shape)]
