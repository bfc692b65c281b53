"""*Try all on what I see*: what each model makes of the field in view; nothing is changed until one is taken.

The field is one frame: of an image what is in view, of a volume a small block around the slice that is shown, which
every model sees, also one that looks at slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.compared import ComparedObjects
from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN, merge_proposal, teaching_part
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.evaluation import score_classes
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, WasCancelled
from napari_apprentice.jobs import ArrayRef, SegmentResult, TryJob
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.merging import Meaning, merged_with
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.requests import field_of
from napari_apprentice.session.running import Origin, Running
from napari_apprentice.session.tried import Trial, TriedField, field_in

_OF_SLICES = 0.6  # of what a model of slices expects in a volume: how they are put together it does not see


class TryModels:
    """One model after the other, the likely best first; the field and what was tried stay until it changes."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._waiting: list[ModelChoice] = []
        self._meaning: Meaning | None = None
        self._done: list[Trial] = []
        self.field: TriedField | None = None
        self.failed: dict[str, str] = {}  # title: why a model could not be tried
        self.running: ModelChoice | None = None
        signals = parts.signals
        signals.job_ended.connect(self._on_ended)
        signals.image_changed.connect(self._on_looked_elsewhere)
        signals.region_changed.connect(self._on_looked_elsewhere)
        signals.settings_changed.connect(self._on_looked_elsewhere)

    @property
    def trials(self) -> list[Trial]:
        """What was tried so far, the likely best first."""
        return sorted(self._done, key=lambda one: -one.rank)

    @property
    def count(self) -> int:
        """How many models are tried in all."""
        return len(self._done) + len(self.failed) + len(self._waiting) + (self.running is not None)

    def offered(self) -> list[ModelChoice]:
        """The models that can work on the current image, the likely best first."""
        return [one.choice for one in self._parts.models.suited() if not one.why_not and not one.choice.is_fresh]

    def why_not(self) -> str:
        """What trying still misses; "" when it can be done."""
        if self._parts.images.current is None:
            return NO_IMAGE
        if self._parts.queue.busy("try"):
            return "Models are being tried: wait until they are done, or cancel it."
        if self.offered():
            return ""
        return next(one.why_not for one in self._parts.models.suited() if one.why_not)

    def __call__(self, models: Sequence[str] | None = None, box: Sequence[slice] | None = None) -> None:
        """Try models; see `Session.try_models`."""
        refuse(self.why_not())
        chosen = self.offered() if models is None else [self._parts.models.find(key) for key in dict.fromkeys(models)]
        if not chosen:
            raise UserError("No model is named: give at least one, or none to try all.")
        for one in chosen:
            refuse(self._parts.models.why_not_propose(one))
        entry = self._parts.images.open_entry
        region, shown = field_in(box, entry.labels.shape)
        self.end()
        self.field = TriedField(entry, region, shown, entry.reading)
        self._meaning = Meaning.of(self._parts.choices)
        self._waiting = chosen
        try:
            self._next()
        except UserError:  # the disk refuses
            self.end()
            raise

    def cancel(self) -> None:
        """Try no more; what was tried stays."""
        self._waiting.clear()
        self._parts.queue.cancel("try")

    def end(self) -> None:
        """Forget what was tried."""
        was_there = self.field is not None
        self.field, self.failed, self._done = None, {}, []
        self.cancel()
        if was_there:
            self._parts.signals.tried.emit()

    def take(self, model: str, *, masks: bool = True) -> None:
        """Use a model that was tried; with ``masks``, those it made of the field come with it, one undo step.

        What is confirmed stays as it is. Raises `UserError` when it was not tried.
        """
        field, meaning = self.field, self._meaning
        trial = next((one for one in self._done if one.choice.key == model), None)
        if field is None or meaning is None or trial is None:
            raise UserError(f"{model} was not tried on what is in view: try the models again.")
        self._waiting.clear()
        self._parts.queue.cancel("try")
        self._parts.models.choose(model)
        if masks:
            self._parts.edits.apply(field.entry, self._change(field, trial, meaning))
            self._parts.mask_sources.note(field.entry, "try", trial.choice, self._parts.choices.segment)
            self._parts.review.take_in_part(field.entry, trial.doubts, field.region)

    def _change(self, field: TriedField, trial: Trial, meaning: Meaning) -> Delta:
        """The edit that brings the masks of a trial; objects beyond the field keep their ids."""
        entry, part = field.entry, field.region
        if part == whole_region(entry.labels.shape):
            return merged_with(entry, trial.labels, meaning).change.delta
        labels, confirmed = entry.labels[part].copy(), entry.confirmed[part].copy()
        merged = merge_proposal(labels, confirmed, trial.labels, meaning.kind)
        if meaning.kind == "instances":
            fixed = np.unique(merged[confirmed != UNKNOWN])
            names, ranks = np.unique(merged, return_inverse=True)
            new = (names > 0) & ~np.isin(names, fixed)
            names[new] = entry.next_id() + np.arange(int(new.sum()), dtype=np.uint32)
            merged = names[ranks].reshape(merged.shape).astype(np.uint32)
        return edits.replace_part(entry.labels, entry.confirmed, part, merged)

    # one after the other

    def _next(self) -> None:
        field = self.field
        if field is None or not self._waiting:
            return
        choice, parts = self._waiting.pop(0), self._parts
        project = parts.subject()[0]
        id_ = parts.queue.next_id("try")
        image, own = field_of(field.entry, choice.header, field.region, project.scratch, id_)
        job = TryJob(
            id=id_,
            image=image,
            own=own,
            model=str(choice.file),
            # a fast network of each would be made in the background, for tiles of this field alone
            settings=parts.choices.segment.model_copy(update={"engine": "torch", "link": False}),
            doubts=True,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        self.running = choice
        parts.queue.start(job, Origin.of(field.entry, choice.key), partial(self._accept, field, choice))

    def _accept(self, field: TriedField, choice: ModelChoice, running: Running, result: SegmentResult) -> None:
        if field is not self.field or not running.origin.is_same_part:
            return
        labels = np.array(scratch.read(result.labels))  # the file goes with the job
        score, judged = self._judged(field, labels)
        project = self._parts.choices.project
        knows = score is not None and project is not None and project.lineage.learned_from(choice.key, field.entry.id)
        doubts = Doubts.from_text(result.doubts) if result.doubts else Doubts.none()
        purpose, sure = self._parts.models.purpose_of(choice), result.sure or 0.0
        if labels.shape[1] > 1 and choice.header is not None and choice.header.net.dims == 2:
            sure *= _OF_SLICES
        told = (labels, result.objects, result.seconds, sure, doubts, score, judged, knows)
        self._done.append(Trial(choice, purpose, *told))

    def _judged(self, field: TriedField, found: NDArray[np.uint32]) -> tuple[float | None, int]:
        """The score of masks where something is confirmed in the field, and on how many objects or voxels."""
        confirmed = teaching_part(field.entry.confirmed[field.region])
        taught = int((confirmed == AS_LABELLED).sum())
        if not taught:
            return None, 0
        truth = field.entry.labels[field.region]
        if self._parts.choices.kind == "classes":
            classes = {one.value: one.name for one in self._parts.choices.classes}
            return score_classes("", truth, found, classes, confirmed).mean_dice, taught
        compared = ComparedObjects(truth, found, confirmed)
        return (compared.matches[0].average_precision, compared.annotated) if compared.annotated else (None, 0)

    def _on_ended(self, verb: str, event: Event) -> None:
        if verb != "try":
            return
        choice, self.running = self.running, None
        if isinstance(event, WasCancelled):
            self._waiting.clear()
        elif isinstance(event, Failed) and choice is not None and self.field is not None:
            self.failed[choice.title] = event.message
        if self._waiting:
            try:
                self._next()
            except UserError as error:  # the disk refuses
                self._waiting.clear()
                self._parts.signals.message.emit(str(error))
        self._parts.signals.tried.emit()

    def _on_looked_elsewhere(self, *_: object) -> None:
        """Another image, part or meaning of masks: what was tried says nothing of it."""
        field = self.field
        if field is None:
            return
        is_there = field.entry is self._parts.images.current and field.reading == field.entry.reading
        if not is_there or self._meaning != Meaning.of(self._parts.choices):
            self.end()
