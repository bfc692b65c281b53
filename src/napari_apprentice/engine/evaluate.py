"""*Evaluate*: labels as *Segment* would propose them, compared with an annotation and then thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from napari_apprentice.data.labels.compared import ComparedObjects, sure_of
from napari_apprentice.data.labels.corrections import BACKGROUND
from napari_apprentice.data.labels.evaluation import ImageScore, score_classes, score_compared
from napari_apprentice.data.labels.mistakes import KINDS
from napari_apprentice.data.models import read_header
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import segment
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Progress, TileDone
from napari_apprentice.jobs import ArrayRef, EvaluateJob, EvaluateResult, SegmentJob, SegmentResult, WrongRef


def run(job: EvaluateJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Events as of *Segment*, without its tiles. Raises `errors.Cancelled` within a tile of a cancel."""
    warm = warm or Warm()
    proposing = SegmentJob(
        id=job.id, image=job.image, model=job.model, settings=job.settings, out=ArrayRef(path=job.proposal)
    )
    proposed: SegmentResult | None = None
    for event in segment.run(proposing, cancelled, warm):
        if isinstance(event, Finished) and isinstance(event.result, SegmentResult):
            proposed = event.result
        elif not isinstance(event, TileDone):
            yield event
    if proposed is None:
        raise RuntimeError("segmenting ended without labels")
    header = read_header(Path(job.model))
    classes = {one.value: one.name for one in header.classes} if header.kind == "classes" else {}
    still = Progress(done=1.0, total=1.0, what="Comparing with the annotation")
    compared = yield from warm.background.run(partial(compare, job, classes), cancelled, still)
    update = {"seconds": proposed.seconds, "device": proposed.device}
    yield Finished(result=compared.model_copy(update=update))


def compare(job: EvaluateJob, classes: dict[int, str]) -> EvaluateResult:
    """The proposal against the annotation, whose values are ``classes`` or (when there are none) objects.

    `UserError` when no object of the annotation counts, and no background.
    """
    inner = tuple(slice(start, stop) for start, stop in job.inner)
    found, truth = scratch.read(ArrayRef(path=job.proposal))[inner], scratch.read(job.labels)
    confirmed = None if job.confirmed is None else scratch.read(job.confirmed)
    if classes:
        score = score_classes(job.image.name, truth, found, classes, confirmed)
        differs = (truth != found) if confirmed is None else (truth != found) & sure_of(confirmed)
        return _result(job, score, np.where(differs, np.uint8(len(KINDS) + 1), np.uint8(0)))
    compared = ComparedObjects(truth, found, confirmed)
    background = confirmed is None or bool((confirmed == BACKGROUND).any())
    if not compared.annotated and not background:
        raise UserError("No object is confirmed as a whole: approve a few objects, or a part of the view, first.")
    score = score_compared(job.image.name, compared)
    wrong = tuple(WrongRef(kind=one.kind, point=one.point, voxels=one.voxels) for one in compared.wrong())
    said = {"wrong": wrong, "by_slice": compared.by_slice, "background": background}
    return _result(job, score, compared.outlines()).model_copy(update=said)


def _result(job: EvaluateJob, score: ImageScore, marks: np.ndarray) -> EvaluateResult:
    return EvaluateResult(
        job=job.id,
        annotated=score.annotated,
        found=score.found,
        dice=dict(score.dice),
        precision=score.precision,
        panoptic_quality=score.panoptic_quality,
        pixel_accuracy=score.pixel_accuracy,
        marks=scratch.write(job.out.path, marks),
    )
