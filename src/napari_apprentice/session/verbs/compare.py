"""*Compare*: what a version that waits would make of what is seen, beside what is there; nothing is changed by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from napari_apprentice.data.labels.corrections import Labels
from napari_apprentice.data.labels.differences import Differences, differences
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, CompareJob, SegmentResult
from napari_apprentice.session.background import Taken, Work
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.merging import AT_ONCE, Change, Meaning, merged_with
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Origin, Running


@dataclass(frozen=True, eq=False)
class Comparison:
    """What ``version`` would change in the labels of ``entry``, of a large image in the part that is open.

    ``after`` are the labels (T, Z, Y, X) as they would be; ``change`` makes them so.
    """

    entry: ProjectImage
    version: str
    after: Labels
    change: Change
    differences: Differences

    @property
    def words(self) -> str:
        """How much would be another."""
        count = self.differences.count
        return (
            "Nothing would change here." if count == 0 else f"{count:,} place{'' if count == 1 else 's'} would change."
        )


class Compare:
    """One comparison at a time; it ends with the next edit, and when another image, part or model is chosen."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self.found: Comparison | None = None
        signals = parts.signals
        signals.edited.connect(self._on_edited)
        for signal in (signals.image_changed, signals.settings_changed):
            signal.connect(self.end)
        signals.model_changed.connect(self._on_model_changed)
        signals.region_changed.connect(lambda *_: self.end())

    def why_not(self, version: str | None = None) -> str:
        """What *Compare* still misses; "" when it can run."""
        if self._parts.queue.busy("compare"):
            return "The new version is at work: wait until it is done, or cancel it."
        try:
            choice = self._choice(version)
        except UserError as error:
            return str(error)
        return self._parts.models.why_not_propose(choice)

    def __call__(self, version: str | None = None) -> None:
        """Compare what a version (None: the one that waits) proposes with what is there. Raises `UserError`."""
        refuse(self.why_not(version))
        self.end()
        choice = self._choice(version)
        accept = partial(self._accept, choice.key, Meaning.of(self._parts.choices))
        self._parts.queue.start(self._job(choice), self._parts.origin(), accept)

    def end(self) -> None:
        """Forget the comparison."""
        if self.found is not None:
            self.found = None
            self._parts.signals.compared.emit()

    def _choice(self, version: str | None) -> ModelChoice:
        waiting = self._parts.models.waiting
        key = version or ("" if waiting is None else waiting.id)
        if not key:
            raise UserError("No new version waits: press Teach to make one.")
        return self._parts.models.find(key)

    def _job(self, choice: ModelChoice) -> CompareJob:
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("compare")
        return CompareJob(
            id=id_,
            image=pixels_of(entry, choice.header, project.scratch),
            model=str(choice.file),
            settings=parts.choices.segment,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def _accept(self, version: str, meaning: Meaning, running: Running, result: SegmentResult) -> Taken:
        origin = running.origin
        return self._comparing(origin, version, meaning, scratch.read(result.labels)[origin.inner])

    def _comparing(self, origin: Origin, version: str, meaning: Meaning, proposal: Labels) -> Taken:
        entry = origin.entry

        def work() -> Comparison:
            merged = merged_with(entry, proposal, meaning)
            found = differences(merged.before, merged.after, meaning.kind)
            return Comparison(entry, version, merged.after, merged.change, found)

        def take_in(found: Comparison) -> Taken:
            is_current = entry is self._parts.images.current and origin.is_same_part
            if not is_current or meaning != Meaning.of(self._parts.choices):
                self._parts.signals.message.emit(f"{entry.name} changed while versions were compared: compare again.")
            elif found.change.edits != entry.edits:
                return self._comparing(origin, version, meaning, proposal)
            else:
                self.found = found
                self._parts.signals.compared.emit()
            return None

        return Work(
            do=work,
            done=take_in,
            may_go_on=lambda: not self._parts.regions.is_held,
            is_short=entry.labels.size <= AT_ONCE,
        )

    def _on_edited(self, entry: ProjectImage, delta: Any) -> None:
        if self.found is not None and entry is self.found.entry:
            self.end()

    def _on_model_changed(self) -> None:
        """It was decided: a comparison that is still under way is not asked for any more."""
        self.end()
        self._parts.queue.cancel("compare")
