"""*Evaluate*: how well a model does on the current image, where that is annotated. Nothing of the project changes."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import teaching_part
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.evaluation import ImageScore
from napari_apprentice.data.labels.mistakes import Mistakes
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, EvaluateJob, EvaluateResult, WrongRef
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Origin, Running

_LEARNED = "It learned from these corrections: expect less elsewhere."
_NO_BACKGROUND = "No background is confirmed, so that false objects are not counted: approve a part of the view."
_BY_SLICE = "Slices are judged one by one, because only a part of the volume is annotated."


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """How well a model does on an image.

    ``wrong`` are its mistakes, kind by kind, and ``marks`` where these are (T, Z, Y, X): 1 + the place of the kind in
    `labels.mistakes.KINDS`; for classes one more where another class was found, and no list. ``notes`` are sentences
    without which the numbers are misread.
    """

    entry: ProjectImage
    model: str
    score: ImageScore
    wrong: tuple[WrongRef, ...]
    marks: NDArray[np.uint8]
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Annotation:
    """What is judged by: ``edits`` counts the changes of that until now."""

    all_labels: bool
    edits: int


class Evaluate:
    """What was found of several models stays until the annotation, or what is looked at, is another one."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._edits = {False: 0, True: 0}  # of what is confirmed, and of all labels
        self._origin: Origin | None = None
        self._annotation = _Annotation(False, 0)
        self.found: tuple[ModelEvaluation, ...] = ()  # in the order in which models were first evaluated
        self.last: ModelEvaluation | None = None
        parts.signals.edited.connect(self._on_edited)
        parts.signals.image_changed.connect(self._on_looked_elsewhere)
        parts.signals.region_changed.connect(self._on_looked_elsewhere)

    def why_not(self, model: str | None = None, *, all_labels: bool = False) -> str:
        """What evaluating a model (None: the one in use) still misses; "" when it can be done."""
        if self._parts.queue.busy("evaluate"):
            return "A model is being evaluated: wait until it is done, or cancel it."
        try:
            why_not = self._parts.models.why_not_propose(self._choice(model))
        except UserError as error:
            return str(error)
        return why_not or self._why_not_judged(all_labels)

    def __call__(self, model: str | None = None, *, all_labels: bool = False) -> None:
        """Evaluate a model; see `Session.evaluate`."""
        refuse(self.why_not(model, all_labels=all_labels))
        choice = self._choice(model)
        annotation = _Annotation(all_labels, self._edits[all_labels])
        origin = Origin.of(self._parts.images.open_entry, choice.key)
        job = self._job(choice, all_labels=all_labels)
        self._parts.queue.start(job, origin, partial(self._accept, choice, annotation))

    def _choice(self, model: str | None) -> ModelChoice:
        return self._parts.models.in_use if model is None else self._parts.models.find(model)

    def _why_not_judged(self, all_labels: bool) -> str:
        entry = self._parts.images.current
        if entry is None:
            return NO_IMAGE
        if all_labels:
            return "" if entry.is_labelled else "This image has no labels that could be the annotation: open some."
        if entry.voxels_taught or entry.is_confirmed:
            return ""
        return "Nothing of this image is annotated: approve or paint some objects, or let all labels be the annotation."

    def _job(self, choice: ModelChoice, *, all_labels: bool) -> EvaluateJob:
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("evaluate")
        folder = project.scratch / id_
        try:
            labels = scratch.write(folder / "labels.npy", entry.labels)
            confirmed = None if all_labels else scratch.write(folder / "confirmed.npy", teaching_part(entry.confirmed))
            image = pixels_of(entry, choice.header, project.scratch)
        except (OSError, UserError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return EvaluateJob(
            id=id_,
            image=image,
            labels=labels,
            confirmed=confirmed,
            inner=tuple((part.start, part.stop) for part in entry.inner),
            model=str(choice.file),
            settings=parts.compute.settings_here,
            proposal=str(folder / "proposal.npy"),
            out=ArrayRef(path=str(folder / "marks.npy")),
        )

    def _accept(self, choice: ModelChoice, annotation: _Annotation, running: Running, result: EvaluateResult) -> None:
        origin = running.origin
        is_current = origin.entry is self._parts.images.current and origin.is_same_part
        if not is_current or annotation.edits != self._edits[annotation.all_labels]:
            self._parts.signals.message.emit("The annotation changed meanwhile: evaluate the model again.")
            return
        found = ModelEvaluation(
            origin.entry,
            choice.key,
            _score(_short(choice.title), result),
            result.wrong,
            np.array(scratch.read(result.marks)),  # the file goes with the job
            self._notes(choice, origin.entry, annotation, result),
            result.seconds,
        )
        before = self.found if annotation == self._annotation else ()
        self._origin, self._annotation, self.last = origin, annotation, found
        rows = {one.model: one for one in before} | {choice.key: found}
        self.found = tuple(rows.values())
        self._parts.signals.evaluated.emit()

    def _notes(
        self, choice: ModelChoice, entry: ProjectImage, annotation: _Annotation, result: EvaluateResult
    ) -> tuple[str, ...]:
        project, notes = self._parts.choices.project, []
        if project is not None and entry.is_confirmed and project.lineage.learned_from(choice.key, entry.id):
            notes.append(_LEARNED)
        if not result.background and result.precision is not None:
            notes.append(_NO_BACKGROUND)
        if result.by_slice:
            notes.append(_BY_SLICE)
        return tuple(notes)

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        """Only an edit of the annotation makes what was found untrue."""
        if delta.confirmed_before.any() or delta.confirmed_after.any():
            self._edits[False] += 1
        if (delta.labels_before != delta.labels_after).any():
            self._edits[True] += 1
        if self._annotation.edits != self._edits[self._annotation.all_labels]:
            self._forget()

    def _on_looked_elsewhere(self, *_: Any) -> None:
        origin = self._origin
        if origin is not None and not (origin.entry is self._parts.images.current and origin.is_same_part):
            self._forget()

    def _forget(self) -> None:
        was_there, self.found, self.last, self._origin = bool(self.found), (), None, None
        if was_there:
            self._parts.signals.evaluated.emit()


def _score(name: str, result: EvaluateResult) -> ImageScore:
    counts = Counter(one.kind for one in result.wrong)
    return ImageScore(
        name=name,
        annotated=result.annotated,
        found=result.found,
        dice=result.dice,
        precision=result.precision,
        panoptic_quality=result.panoptic_quality,
        pixel_accuracy=result.pixel_accuracy,
        mistakes=None if result.precision is None else Mistakes(**counts),
    )


def _short(title: str) -> str:
    """Without a version's scores on what was set aside, which are other scores."""
    return title.partition(" (")[0]
