"""*Try all on what I see*: what each model makes of the field in view; nothing is changed until one is taken.

The field is one frame: of an image what is in view, of a volume a small block around the slice that is shown, which
every model sees, also one that looks at slices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, whole_region
from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.compared import ComparedObjects
from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN, merge_proposal, teaching_part
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.evaluation import score_classes
from napari_apprentice.data.labels.outline_pictures import small_picture
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, WasCancelled
from napari_apprentice.jobs import ArrayRef, SegmentResult, TryJob
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.merging import Meaning, merged_with
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import field_of
from napari_apprentice.session.running import Origin, Running

_LARGEST = {2: (1, 1, 768, 768), 3: (1, 16, 256, 256)}  # voxels of a field along t, z, y, x
_SMALLEST = {2: (1, 1, 256, 256), 3: (1, 16, 128, 128)}  # a network sees too little in less
_WEIGHT = 5  # confirmed objects that count as much as what the network expects of itself
_OF_SLICES = 0.6  # of what a model of slices expects in a volume: how they are put together it does not see
UNSURE = 0.45  # what no model is surer than did not find what it was made for


@dataclass(frozen=True, eq=False)
class Trial:
    """What a model, for which ``purpose`` it was made, found in the field.

    ``labels`` are (T, Z, Y, X) of the field; ``sure`` is what the network said it expects of them, from 0 to 1, less
    where a volume was seen slice by slice. ``score`` is the AP .50 (of classes the Dice) on the ``judged`` objects
    (voxels) that are confirmed in the field, None where there are none. A model that ``knows`` learned from corrections
    of this image: expect less elsewhere.
    """

    choice: ModelChoice
    purpose: str
    labels: NDArray[np.uint32]
    objects: int
    seconds: float
    sure: float
    doubts: Doubts
    score: float | None = None
    judged: int = 0
    knows: bool = False

    @property
    def rank(self) -> float:
        """What trials are put in order by: what the network expects, and, the more there is, what is confirmed."""
        if self.score is None:
            return self.sure
        return (_WEIGHT * self.sure + self.judged * self.score) / (_WEIGHT + self.judged)


@dataclass(frozen=True, eq=False)
class TriedField:
    """What was tried: the image, its part (in its labels), and the slice of it that is shown."""

    entry: ProjectImage
    region: Region
    shown: int  # slice of the field
    reading: int  # of the image, as of `ProjectImage.reading`

    def picture(self, trial: Trial, edge: int, colors: Mapping[int, str] | None = None) -> NDArray[np.uint8]:
        """The slice that is shown with the outlines of a trial, RGB, as of `outline_pictures.small_picture`."""
        t, z, y, x = self.region
        at = z.start + self.shown
        pixels = self.entry.look(t.start, (slice(at, at + 1), y, x))[:, 0]
        return small_picture(pixels, trial.labels[0, self.shown], edge, colors)

    @property
    def words(self) -> str:
        """Which part it is, such as "256 x 256 pixels, slices 5 to 20 of 40"."""
        t, z, y, x = self.region
        whole = self.entry.labels.shape
        said = f"{x.stop - x.start} x {y.stop - y.start} pixels"
        if whole[1] > 1:
            first = self.entry.region[1].start + 1
            said += f", slices {first + z.start} to {first + z.stop - 1} of {self.entry.shape[1]}"
        if self.entry.shape[0] > 1:
            said += f", frame {self.entry.region[0].start + t.start + 1}"
        return said


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
        self._next()

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


def field_in(box: Sequence[slice] | None, shape: Sequence[int]) -> tuple[Region, int]:
    """The part of labels of ``shape`` (T, Z, Y, X) that is tried around the middle of ``box``, and the slice shown.

    It is one frame, of an image up to 768 x 768 pixels, of a volume up to 16 slices of 256 x 256; where less is in
    view, as much as a network has to see. None: the middle of the first frame. `UserError` outside the image.
    """
    parts = [slice(0, 1), *[slice(None)] * 3] if box is None else list(box)
    edges = [part.indices(n)[:2] for part, n in zip(parts, shape, strict=True)]
    if any(start >= stop for start, stop in edges):
        raise UserError("This part lies outside the image: choose one inside it.")
    dims = 3 if shape[1] > 1 else 2
    found = []
    for (start, stop), n, least, most in zip(edges, shape, _SMALLEST[dims], _LARGEST[dims], strict=True):
        size = min(n, max(least, min(stop - start, most)))
        first = min(max(0, (start + stop - size) // 2), n - size)
        found.append(slice(first, first + size))
    t, z, y, x = found
    return (t, z, y, x), (edges[1][0] + edges[1][1] - 1) // 2 - z.start


def box_around(point: Sequence[int], shape: Sequence[int]) -> Region:
    """A slice of labels of ``shape`` around a voxel (t, z, y, x), as large as a field may be."""
    most = _LARGEST[3 if shape[1] > 1 else 2]
    found = [slice(at, at + 1) for at in point[:2]]
    for at, n, size in zip(point[2:], shape[2:], most[2:], strict=True):
        first = min(max(0, at - size // 2), max(0, n - size))
        found.append(slice(first, min(n, first + size)))
    return found[0], found[1], found[2], found[3]
