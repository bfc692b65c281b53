"""``apprentice evaluate``: how well a model does on images that are annotated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import progress_bar, say, warn
from napari_apprentice.data.labels.evaluation import Evaluation
from napari_apprentice.data.labels.scores import THRESHOLDS
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session.annotated import annotated_in
from napari_apprentice.session.evaluation import Predicted, Proposals, Worst, score_images, write_table
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import MaskSettings, SegmentSettings

Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]
MaskOptions = Annotated[MaskSettings, Parameter(name="*", group=Group("What the labels say"))]

TABLE, PICTURE = "scores.csv", "worst.png"


def evaluate(
    images: Path,
    labels: Path,
    /,
    *,
    model: str | None = None,
    predicted: Path | None = None,
    out: Path | None = None,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
    masks: MaskOptions = MaskSettings(),  # noqa: B008 (frozen)
) -> None:
    """Compare what a model finds with annotations: scores, and how many objects it missed, merged, cut or made up.

    Parameters
    ----------
    images
        An image, or a folder of images.
    labels
        Its labels, or a folder with labels of the same names (or as programs name them: cells_masks.tif,
        cells_seg.npy, cells_rois.zip, cells.geojson).
    model
        The name of a bundled model, or a model file.
    predicted
        In place of a model: labels that any program made of the images, named in the same way.
    out
        Folder for scores.csv, with a line for each image, and worst.png; empty: only the means are said.
    """
    if (model is None) == (predicted is None):
        raise UserError("Give either --model or --predicted, labels that were made before.")
    found = annotated_in(images, labels)
    for sentence in found.words:
        warn(sentence)
    runners, worst, done = InlineRunners(), Worst(), []
    try:
        labels_of = Predicted(predicted, images) if predicted else Proposals(str(model), settings, runners)
        with progress_bar() as bar:
            task = bar.add_task("Evaluating", total=len(found.pairs))
            for score in score_images(found, labels_of, worst.see if out else None, masks):
                done.append(score)
                bar.advance(task)
    finally:
        runners.close()
    evaluation = Evaluation(tuple(done))
    for line in _lines(evaluation):
        say(line)
    if out is not None:
        _write(out, evaluation, worst)
        say(f"Written to {out}: {TABLE}, and {PICTURE} (green: annotated, pink: found), from above: {worst.names}")


def _lines(evaluation: Evaluation) -> list[str]:
    count = len(evaluation.images)
    what = f"{count} image{'' if count == 1 else 's'}"
    dice = ", ".join(f"{name} {value:.3f}" for name, value in evaluation.dice.items() if value is not None)
    if not evaluation.precision:
        shares = (("mean IoU", evaluation.mean_iou), ("pixel accuracy", evaluation.pixel_accuracy))
        more = "".join(f"; {name} {value:.3f}" for name, value in shares if value is not None)
        return [f"{what}; mean Dice: {dice}{more}"]
    objects = count_words(sum(one.annotated for one in evaluation.images), "instances")
    precision = ", ".join(f"{at:.2f}: {one:.3f}" for at, one in zip(THRESHOLDS, evaluation.precision, strict=True))
    made = evaluation.mistakes
    overlap = f"; Dice {dice}" if dice else ""  # there is none where nothing is annotated, and nothing found
    return [
        f"{what}, {objects} annotated, {sum(one.found for one in evaluation.images)} found",
        f"AP at IoU {precision}; panoptic quality {evaluation.panoptic_quality:.3f}{overlap} (means over images)",
        f"{made.missed} missed, {made.false} false, {made.merged} merged, {made.cut} cut (at IoU .50)",
    ]


def _write(out: Path, evaluation: Evaluation, worst: Worst) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_table(out / TABLE, evaluation)
        worst.write(out / PICTURE)
    except OSError as error:
        raise UserError(f"The scores cannot be written to {out} ({error.strerror}): choose another --out.") from error
