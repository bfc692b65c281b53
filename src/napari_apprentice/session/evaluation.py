"""How well a model, or any program, segments annotated images: scores, mistakes, and pictures of the worst."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.blank import value_of_blank
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.evaluation import Evaluation, ImageScore, score_classes, score_objects
from napari_apprentice.data.labels.mistakes import unmatched_in
from napari_apprentice.data.labels.outline_pictures import side_by_side
from napari_apprentice.data.labels.scores import THRESHOLDS
from napari_apprentice.data.masks import read_masks
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners, Runners
from napari_apprentice.session.annotated import Annotated, Pairing, annotated_in
from napari_apprentice.session.session import Session
from napari_apprentice.settings import ClassName, Kind, MaskSettings, SegmentSettings

Labels = NDArray[np.uint32]
Value = str | int | float | None

_PICTURES = 6


class Proposals:
    """What a model proposes for one image after the other. ``kind`` is what its labels mean."""

    def __init__(self, model: str, settings: SegmentSettings, runners: Runners) -> None:
        self._model, self._settings, self._runners = model, settings, runners
        with Session.temporary(runners) as session:
            session.choose_model(model)
            if session.model.is_fresh:
                raise UserError("A fresh network knows nothing yet: choose a bundled model or a model file.")
            self.kind = session.kind
            self.classes = {one.value: one.name for one in session.classes} if self.kind == "classes" else {}

    def __call__(self, image: Annotated, volume: Volume) -> Labels:
        """Labels (T, Z, Y, X); none in a blank image."""
        if value_of_blank(volume) is not None:
            return np.zeros(volume.labels_shape, np.uint32)
        with Session.temporary(self._runners) as session:
            session.choose_model(self._model)
            entry = session.add_image(volume)
            session.segment_settings = self._settings
            session.segment()
            session.run_until_idle()
            return np.array(entry.labels)


class Predicted:
    """Labels that some program wrote, of the same names as the images."""

    def __init__(self, folder: Path, images: Path) -> None:
        found = annotated_in(images, folder)
        self._of = {one.image: one.labels for one in found.pairs}
        self._settings = found.settings(MaskSettings(), "instances")
        self.kind: Kind = "instances"
        self.classes: dict[int, str] = {}

    def __call__(self, image: Annotated, volume: Volume) -> Labels:
        """Labels (T, Z, Y, X); `UserError` for those of another shape."""
        if image.image not in self._of:
            raise UserError(f"There are no predicted labels for {image.image.name}: leave the image out, or add them.")
        return read_masks(self._of[image.image], volume, settings=self._settings).labels


@dataclass
class Worst:
    """Pictures of the images with the lowest scores."""

    count: int = _PICTURES
    pictures: list[tuple[float, str, NDArray[np.uint8]]] = field(default_factory=list)

    @property
    def names(self) -> str:
        """Of the images, the worst first, with what they are ranked by."""
        return ", ".join(f"{name} ({rank:.2f})" for rank, name, _ in self.pictures)

    def see(self, score: ImageScore, volume: Volume, truth: Labels, found: Labels) -> None:
        """Keep a picture of this image, if it is among the worst so far."""
        if len(self.pictures) == self.count and score.rank >= self.pictures[-1][0]:
            return
        wrong = unmatched_in(truth, found) if score.precision is not None else truth != found
        t, z = np.unravel_index(int(wrong.sum(axis=(2, 3)).argmax()), wrong.shape[:2])
        shown = volume.pixels[t, :, z]
        gray = np.asarray(shown, np.float32).mean(axis=0)
        picture = side_by_side(gray, truth[t, z], found[t, z], where=wrong[t, z])
        self.pictures = sorted([*self.pictures, (score.rank, score.name, picture)], key=lambda one: one[0])[
            : self.count
        ]

    def write(self, path: Path) -> None:
        """All of them, one below the other, the worst first."""
        width = max(picture.shape[1] for _, _, picture in self.pictures)
        rows = []
        for _, _, picture in self.pictures:
            row = np.full((picture.shape[0] + 6, width, 3), 255, np.uint8)
            row[: picture.shape[0], : picture.shape[1]] = picture
            rows.append(row)
        iio.imwrite(path, np.concatenate(rows))


def score_images(
    images: Pairing,
    labels_of: Proposals | Predicted,
    see: Callable[..., None] | None = None,
    settings: MaskSettings = MaskSettings(),  # noqa: B008 (frozen)
) -> Iterator[ImageScore]:
    """The score of each image; ``see`` is shown score, volume, annotation and what was found.

    ``settings`` say how annotations are to be understood.

    Raises `UserError` for an annotation that is not of the image, or not of the model's classes.
    """
    classes = [ClassName(value=value, name=name) for value, name in labels_of.classes.items()]
    settings = images.settings(settings, labels_of.kind)
    for one in images.pairs:
        volume, masks = one.read_masks(labels_of.kind, classes, settings)
        truth = masks.labels
        found = labels_of(one, volume)
        if labels_of.classes:
            strange = sorted({int(value) for value in np.unique(truth)} - {0, *labels_of.classes})
            if strange:
                raise UserError(
                    f"{one.labels} has the value {strange[0]}, which is no class of the model: "
                    "choose annotations with its classes, or another model."
                )
            score = score_classes(one.name, truth, found, labels_of.classes)
        else:
            score = score_objects(one.name, truth, found)
        if see is not None:
            see(score, volume, truth, found)
        yield score


def evaluate(
    images: str | Path,
    labels: str | Path,
    model: str,
    settings: SegmentSettings | None = None,
    runners: Runners | None = None,
) -> Evaluation:
    """Segment annotated images with a model and compare.

    Parameters
    ----------
    images, labels
        Two files, or two folders in which an image and its labels have the same name, or one that a program made of
        it; labels are whatever `read_masks` reads.
    model
        A bundled model or a model file.
    settings
        Of *Segment*.
    runners
        Where it runs; None: in this process.

    Examples
    --------
    >>> evaluate("images/", "labels/", "nuclei-2d").precision
    (0.87, 0.73, 0.41)
    """
    pairs = annotated_in(Path(images), Path(labels))
    here = InlineRunners() if runners is None else runners
    try:
        return Evaluation(tuple(score_images(pairs, Proposals(model, settings or SegmentSettings(), here))))
    finally:
        if runners is None:
            here.close()


def write_table(path: Path, evaluation: Evaluation, of: str = "image") -> None:
    """Write `table_of` as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([shown_value(one) for one in line] for line in table_of(evaluation, of))


def table_text(evaluation: Evaluation, of: str = "image") -> str:
    """`table_of` as a spreadsheet takes it from the clipboard: with tabs."""
    return "\n".join("\t".join(shown_value(one) for one in line) for line in table_of(evaluation, of))


def shown_value(value: Value, digits: int = 4) -> str:
    """A value of a table in words; "" for a score that there is not."""
    return "" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def table_of(evaluation: Evaluation, of: str = "image") -> list[list[Value]]:
    """One line for each image, or for each of what the scores are ``of``, below a line of headings."""
    precision = [f"AP {at:.2f}" for at in THRESHOLDS] if evaluation.precision else []
    mistakes = ["panoptic quality", "missed", "false", "merged", "cut"] if precision else []
    dice = list(evaluation.dice)
    whole = [] if precision else ["mean IoU", "pixel accuracy"]
    headings = [of, "annotated", "found", *precision, *mistakes, *(f"Dice {name}" for name in dice), *whole]
    lines: list[list[Value]] = [[*headings]]
    for one in evaluation.images:
        numbers = [one.name, one.annotated, one.found, *_numbers(one), *(one.dice.get(name) for name in dice)]
        lines.append([*numbers, *([one.mean_iou, one.pixel_accuracy] if whole else [])])
    return lines


def _numbers(score: ImageScore) -> list[Value]:
    if score.precision is None or score.mistakes is None:
        return []
    made = score.mistakes
    return [*score.precision, score.panoptic_quality, made.missed, made.false, made.merged, made.cut]
