"""The network that is asked by clicks learns from kept objects; a version that is better for sure takes its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from napari_apprentice.data.image.channels import fits
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TeachClicksJob, TeachClicksResult
from napari_apprentice.project.durable import make_folder
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session.images import refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import training_data_of
from napari_apprentice.session.running import Running
from napari_apprentice.settings import TeachClicksSettings

_FEWEST = 3  # objects


class TeachClicks:
    """All confirmed objects of the project teach, however they were made. Every version is kept, as of *Teach*."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What learning still misses; "" when it can begin."""
        parts, choices = self._parts, self._parts.choices
        if parts.images.current is None:
            return NO_IMAGE
        if choices.why_only_to_look_at:
            return choices.why_only_to_look_at
        if choices.kind == "classes":
            return "Clicks learn from single objects, and the labels of this project are areas of classes."
        if parts.queue.busy("teach-clicks"):
            return "Learning is under way: click on, or cancel it."
        if parts.queue.busy("teach"):
            return "Teaching is under way: wait until it is done, or cancel it."
        count = self.objects
        if count is not None and count < _FEWEST:
            return f"Keep at least {_FEWEST} objects first: clicks, brush and approvals all count."
        return ""

    @property
    def objects(self) -> int | None:
        """How many confirmed objects there are to learn from; None where images are too large to count."""
        if any(isinstance(one, LargeProjectImage) and one.voxels_taught for one in self._parts.images.entries):
            return None
        return sum(one.confirmed for one in self._parts.confirmed.by_image.values())

    def __call__(self, settings: TeachClicksSettings | None = None) -> None:
        """Learn from the objects as they are now. Raises `UserError`."""
        refuse(self.why_not())
        parts, (project, *_) = self._parts, self._parts.subject()
        taught = parts.images.taught
        lineage, known = project.click_lineage, parts.clickers.in_use
        make_folder(lineage.folder, is_inside=True)  # before a minute of learning, not after it
        id_ = parts.queue.next_id("teach-clicks")
        job = TeachClicksJob(
            id=id_,
            training_data=tuple(
                ref
                for one in taught
                for ref in training_data_of([one], _seen_by(known.header, one), project.scratch, project.scratch / id_)
            ),
            parent=str(known.file),
            settings=settings or TeachClicksSettings(device=parts.choices.teach.device),
            out=str(lineage.file(lineage.next_id(parts.queue.unfinished_files))),
        )
        images = tuple(one.id for one in taught)
        parts.queue.start(job, parts.origin(), partial(self._accept, parts.clickers.key, images))

    def use(self, version: str | None = None) -> None:
        """Ask a version (None: the one that waits, "click-2d": the network that ships) from now on."""
        clickers = self._parts.clickers
        key = version or self._waiting()
        clickers.use(key)
        self._parts.signals.message.emit(_in_use(clickers.version))

    def keep_old(self) -> None:
        """Go on with the network in use; the version that waits is kept, and does not wait any more."""
        self._parts.clickers.put_away(self._waiting())

    def why_not_go_back(self) -> str:
        """One sentence when there is nothing to go back to."""
        return "" if self._parts.clickers.version is not None else "The click network is the one that ships."

    def go_back(self) -> None:
        """Ask the network that the one in use learned from. Raises `UserError`."""
        refuse(self.why_not_go_back())
        clickers = self._parts.clickers
        version = clickers.version
        if version is not None:
            clickers.use(clickers.before(version))
            clickers.put_away(version.id)
            self._parts.signals.message.emit(_in_use(clickers.version))

    def _waiting(self) -> str:
        waiting = self._parts.clickers.waiting
        if waiting is None:
            raise UserError("No new version of the click network waits: let it learn first.")
        return waiting.id

    def _accept(self, parent: str, images: Sequence[str], running: Running, result: TeachClicksResult) -> None:
        """Keep the version; ask it where it is better for sure and no other was chosen meanwhile."""
        parts, project = self._parts, self._parts.choices.project
        if project is None:
            return
        version = Version(
            id=Path(result.model).stem,
            parent=parent,
            created=now(),
            score_before=result.clicks_before,
            score_after=result.clicks_after,
            better=result.better,
            why_no_score=result.why_no_score,
            why_waits=result.why_waits,
            gain_low=result.gain_low,
            gain_high=result.gain_high,
            objects=result.objects,
            images=tuple(images),
            steps=result.steps,
            seconds=result.seconds,
            by="clicks",
        )
        with parts.choices.telling_trouble():  # it is in the list all the same, and waits
            project.click_lineage.add(version)
        if parts.clickers.key == parent and version.better:
            parts.clickers.use(version.id)
            parts.signals.message.emit(_in_use(version))
            return
        parts.signals.clicker_changed.emit()
        if parts.clickers.key != parent:
            parts.signals.message.emit(f"Another click network was chosen meanwhile: {version.title} is kept.")
        else:
            parts.signals.message.emit(f"What clicks learned waits for you. {version.why}")


def _seen_by(header: ModelHeader | None, entry: ProjectImage) -> ModelHeader | None:
    """What says in which channels an image is seen; None: in all, of which the mean is made."""
    return header if fits(entry.volume, 1) else None


def _in_use(version: Version | None) -> str:
    if version is None:
        return "Clicks are answered by the network that ships."
    told = f": {version.clicks}" if version.clicks else ""
    return f"Clicks are answered by what was learned from {_objects(version.objects or 0)}{told}."


def _objects(count: int) -> str:
    return f"{count:,} object{'' if count == 1 else 's'}"
