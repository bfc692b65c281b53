"""*Teach*: the model, or a fresh network, learns from all corrections; a version that is better for sure is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.models import why_not_known
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TeachJob, TeachResult
from napari_apprentice.project.durable import make_folder
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session.background import Next
from napari_apprentice.session.images import refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.models import NO_IMAGE, UNTAUGHT
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import fresh_net, fresh_representation, training_data_of
from napari_apprentice.session.running import Running
from napari_apprentice.session.verbs.versions import Versions
from napari_apprentice.settings import changed_settings


class Teach:
    """Every version is kept; one that is not better for sure waits until the user looks at it.

    The first of a fresh network is used where it could not be judged and there are no masks for it to replace.
    """

    def __init__(self, parts: SessionParts, versions: Versions) -> None:
        self._parts = parts
        self._versions = versions

    def why_not(self) -> str:
        """What *Teach* still misses; "" when it can run."""
        parts, choices = self._parts, self._parts.choices
        if parts.images.current is None:
            return NO_IMAGE
        if choices.why_only_to_look_at:
            return choices.why_only_to_look_at
        if parts.queue.busy("teach"):
            return "Teaching is under way: paint on, or cancel it."
        if parts.queue.busy("teach-clicks"):
            return "The click network is learning: wait until it is done, or cancel it."
        if choices.kind == "classes" and not choices.classes:
            return "This project has no classes yet: name at least one."
        if why_not := why_not_known(parts.models.in_use.header, UNTAUGHT):
            return why_not
        taught = [entry for entry in parts.images.entries if entry.voxels_taught]
        if not taught:
            what = "objects" if choices.kind == "instances" else "areas of each class"
            return f"There is nothing to learn from yet: paint or approve a few {what} first."
        try:
            why_not = next((why for entry in taught if (why := self._why_not_from(entry, taught[0]))), "")
            is_fresh = parts.models.in_use.is_fresh
            return why_not or (parts.models.why_not_fresh([one.volume for one in taught]) if is_fresh else "")
        except UserError as error:  # an image went away
            return str(error)

    def why_not_on(self) -> str:
        """What *Teach on* still misses; "" when it can run."""
        waiting, project = self._parts.models.waiting, self._parts.choices.project
        if waiting is None or project is None:
            return "No new version waits that could be taught on: press Teach."
        if waiting.by == "live":
            return "The new version holds what Live learned, and is not taught on: use it, then press Teach."
        if not project.lineage.file(waiting.id).is_file():
            return f"The file of {waiting.title} is gone: press Teach."
        return self.why_not()

    def __call__(self, *, on: bool = False) -> None:
        """Teach the model, or a fresh network, on all corrections as they are now; ``on``: the version that waits.

        Raises `UserError`.
        """
        refuse(self.why_not_on() if on else self.why_not())
        taught = self._parts.images.taught
        learned = _Learned(
            voxels=sum(one.voxels_taught for one in taught),
            objects=self._objects_in(taught),
            images=tuple(one.id for one in taught),
            settings={name: str(value) for name, value in changed_settings(self._parts.choices.teach).items()},
            on=on,
        )
        self._parts.queue.start(self._job(taught, on), self._parts.origin(), partial(self._accept, learned))

    def _objects_in(self, taught: Sequence[ProjectImage]) -> int | None:
        """How many objects are confirmed as a whole; None for classes, and where images are too large to count."""
        if self._parts.choices.kind == "classes" or any(isinstance(one, LargeProjectImage) for one in taught):
            return None
        return sum(self._parts.confirmed.count(one).confirmed for one in taught)

    def _why_not_from(self, entry: ProjectImage, first: ProjectImage) -> str:
        if not self._parts.models.in_use.is_fresh:
            return self._parts.models.why_not_fits(entry.volume)
        if entry.volume.pixels.shape[1] != first.volume.pixels.shape[1]:
            return (
                f"{entry.name} and {first.name} have different numbers of channels: "
                "teach them in projects of their own, or use the same channels of both."
            )
        return ""

    def _job(self, taught: Sequence[ProjectImage], on: bool) -> TeachJob:
        parts, choices, (project, _, model) = self._parts, self._parts.choices, self._parts.subject()
        id_ = parts.queue.next_id("teach")
        make_folder(project.lineage.folder)  # before minutes of teaching, not after them
        training_data = training_data_of(taught, parts.models.in_use.header, project.scratch, project.scratch / id_)
        if not training_data:
            raise UserError("What was confirmed cannot be found in the project: correct a few objects, then teach.")
        waiting = parts.models.waiting if on else None
        further = None if waiting is None else project.lineage.file(waiting.id)
        if model is None and further is not None:  # of a fresh network: there is no other to judge it against
            model, further = further, None
        fresh = choices.fresh if model is None else None
        return TeachJob(
            id=id_,
            kind=choices.kind,
            classes=choices.classes,
            training_data=training_data,
            parent=None if model is None else str(model),
            goes_on_from=None if further is None else str(further),
            net=None
            if fresh is None
            else fresh_net(fresh, [one.volume for one in taught], choices.kind, choices.classes),
            keeps_pools=fresh is not None and fresh.own is not None,
            encoder=None if fresh is None or fresh.encoder is None else str(fresh.encoder),
            representation=None if fresh is None else fresh_representation(fresh, choices.kind),
            settings=choices.teach,
            out=str(project.lineage.file(project.lineage.next_id(parts.queue.unfinished_files))),
        )

    def _accept(self, learned: _Learned, running: Running, result: TeachResult) -> Next | None:
        """Keep the version; use it where it is better for sure and no other model was chosen meanwhile."""
        parts, project, in_use = self._parts, self._parts.choices.project, self._parts.models.in_use
        if project is None:
            return None
        version = Version(
            id=Path(result.model).stem,
            parent=running.origin.model,
            created=now(),
            score_before=result.score_before,
            score_after=result.score_after,
            better=result.better,
            why_no_score=result.why_no_score,
            why_waits=result.why_waits,
            gain_low=result.gain_low,
            gain_high=result.gain_high,
            voxels=learned.voxels,
            objects=learned.objects,
            images=learned.images,
            settings=learned.settings,
            steps=result.steps,
            seconds=result.seconds,
        )
        with parts.choices.telling_trouble():  # it is in the list all the same, and waits
            project.lineage.add(version)
        if running.origin.model != in_use.key:
            say = f"Another model was chosen meanwhile: {version.title} is kept in the list but not in use."
        elif version.better is None and in_use.is_fresh and not self._shows_proposals():
            return self._taken(version, ": a fresh network proposed nothing before.")
        elif learned.on and in_use.is_fresh and version.better and self._shows_proposals():
            say = (
                f"{_short(version)} waits: it is better than the version before, and nothing was compared with the "
                "masks there are."
            )
        elif not version.better:
            say = f"{_short(version)} waits, and {in_use.title} stays in use. {version.why}"
        else:
            return self._taken(version, "; it is better.")
        parts.signals.message.emit(say)
        return None

    def _taken(self, version: Version, why: str) -> Next | None:
        """Use it; what is visible is segmented again where that is wanted."""
        self._parts.models.choose(version.id)
        self._parts.signals.message.emit(f"{_capital(version.title)} is in use now{why}")
        return self._versions.segment_again if self._parts.choices.options.resegment_after_teach else None

    def _shows_proposals(self) -> bool:
        """Whether the current image has masks that nobody confirmed, which no version replaces that was not judged."""
        entry = self._parts.images.current
        return entry is not None and bool((entry.labels[entry.confirmed == UNKNOWN]).any())


@dataclass(frozen=True)
class _Learned:
    """What a version learns from: as of `Version`."""

    voxels: int
    objects: int | None
    images: tuple[str, ...]
    settings: dict[str, str]
    on: bool  # from the version that waited


def _short(version: Version) -> str:
    return f"Version {version.id.removeprefix('v')}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
