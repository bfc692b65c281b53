"""*Evaluate*: labels as *Segment* would propose them, compared with an annotation and then thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from napari_apprentice.data import scratch
from napari_apprentice.data.compared import ComparedObjects, WrongObject, sure_of
from napari_apprentice.data.corrections import BACKGROUND
from napari_apprentice.data.evaluation import ImageScore, score_classes, score_compared
from napari_apprentice.data.mistakes import KINDS
from napari_apprentice.data.models import read_header
from napari_apprentice.engine import segment
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Progress, TileDone
from napari_apprentice.jobs import ArrayRef, EvaluateJob, EvaluateResult, SegmentJob, SegmentResult, WrongRef


@dataclass(frozen=True)
class _Compared:
    score: ImageScore
    marks: np.ndarray
    wrong: tuple[WrongObject, ...] = ()
    by_slice: bool = False


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
    compared = yield from warm.aside.run(partial(compare, job, classes), cancelled, still)
    vouched = None if job.vouched is None else scratch.read(job.vouched)
    score = compared.score
    yield Finished(
        result=EvaluateResult(
            job=job.id,
            annotated=score.annotated,
            found=score.found,
            dice=dict(score.dice),
            precision=score.precision,
            panoptic_quality=score.panoptic_quality,
            wrong=tuple(WrongRef(kind=one.kind, point=one.point, voxels=one.voxels) for one in compared.wrong),
            by_slice=compared.by_slice,
            background=vouched is None or bool((vouched == BACKGROUND).any()),
            marks=scratch.write(job.out.path, compared.marks),
            seconds=proposed.seconds,
            device=proposed.device,
        )
    )


def compare(job: EvaluateJob, classes: dict[int, str]) -> _Compared:
    """The proposal against the annotation; `UserError` when nothing of that is known."""
    inner = tuple(slice(start, stop) for start, stop in job.inner)
    found, truth = scratch.read(ArrayRef(path=job.proposal))[inner], scratch.read(job.labels)
    vouched = None if job.vouched is None else scratch.read(job.vouched)
    if classes:
        score = score_classes(job.image.name, truth, found, classes, vouched)
        differs = (truth != found) if vouched is None else (truth != found) & sure_of(vouched)
        return _Compared(score, np.where(differs, np.uint8(len(KINDS) + 1), np.uint8(0)))
    compared = ComparedObjects(truth, found, vouched)
    if vouched is not None and not compared.annotated and not (vouched == BACKGROUND).any():
        raise UserError("No object is vouched for as a whole: approve a few objects, or a part of the view, first.")
    score = score_compared(job.image.name, compared)
    return _Compared(score, compared.outlines(), tuple(compared.wrong()), compared.by_slice)
