"""*Use the new version*, *Keep the old one*, *Go back*: which version proposes, and the masks that come with it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_apprentice.errors import UserError
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.verbs.compare import Compare
from napari_apprentice.session.verbs.segment import Segment


@dataclass(frozen=True, eq=False)
class _Brought:
    """The step of an image's history in which the masks of a version came."""

    version: str
    entry: ProjectImage
    step: int


class Versions:
    """Masks come with a version when it is used, as one step to undo, and go with it when one goes back."""

    def __init__(self, parts: SessionParts, segment: Segment, compare: Compare) -> None:
        self._parts = parts
        self._segment = segment
        self._compare = compare
        self._brought: _Brought | None = None

    def use(self, version: str | None = None) -> None:
        """Use a version (None: the one that waits); what is seen gets its masks, as they were compared.

        Raises `UserError` when there is no such version.
        """
        models, waiting = self._parts.models, self._parts.models.waiting
        key = version or ("" if waiting is None else waiting.id)
        if not key:
            raise UserError("No new version waits: press Teach to make one.")
        compared = self._compare.found
        models.adopt(key)
        entry = self._parts.images.current
        is_as_compared = compared is not None and (compared.version, compared.entry) == (key, entry)
        if compared is not None and is_as_compared and compared.change.edits == compared.entry.edits:
            self._parts.edits.apply(compared.entry, compared.change.delta, record=compared.change.record)
            self._parts.mask_sources.note(compared.entry, "use", key, self._parts.choices.segment)
            self._note(key, compared.entry)
        elif self._parts.choices.options.resegment_after_teach:
            self.segment_again()

    def segment_again(self) -> None:
        """What is visible is segmented with the version in use."""
        key = self._parts.models.in_use.key
        if not self._segment.why_not():
            try:
                self._segment(lambda entry: self._note(key, entry))
            except UserError as error:
                self._parts.signals.message.emit(str(error))

    def keep_old(self, version: str | None = None) -> None:
        """Go on with the model in use: a version (None: the one that waits) is put away and stays in the list."""
        models, waiting = self._parts.models, self._parts.models.waiting
        key = version or ("" if waiting is None else waiting.id)
        if not key:
            raise UserError("No new version waits: there is nothing to put away.")
        self._compare.end()
        models.put_away(key)

    def go_back(self) -> None:
        """Use the model that the one in use was taught from, and take the masks back that came with this one.

        Masks that were edited since are proposed again by the older model. Raises `UserError` when there is none.
        """
        key, brought, entry = self._parts.models.in_use.key, self._brought, self._parts.images.current
        self._parts.models.go_back()
        self._parts.models.put_away(key)
        if brought is None or brought.version != key or brought.entry is not entry:
            return
        self._brought = None
        done = brought.entry.history.done
        if done and done[-1].number == brought.step:
            self._parts.edits.undo()
        elif any(step.number == brought.step for step in done) and not self._segment.why_not():
            self._segment()

    def _note(self, version: str, entry: ProjectImage) -> None:
        if entry.history.done:
            self._brought = _Brought(version, entry, entry.history.done[-1].number)
