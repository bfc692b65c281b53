"""*Keep as a version*: what *Live* learned becomes a version of the model, which goes wherever models go."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_apprentice.jobs import KeepLiveResult
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session.images import refuse
from napari_apprentice.session.live_questions import LiveQuestions
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.running import Running

_NOT_JUDGED = "It holds what Live learned, which is not judged: compare it with what you have."


class KeepLive:
    """It learns from all that is confirmed in the image, or in the open part of a large one, as `Live.apply` does.

    The version waits to be used, as any that was not judged; *Live* need not be on.
    """

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._questions = LiveQuestions(parts)

    def why_not(self) -> str:
        """What it still misses; "" when it can be done."""
        if why_not := self._questions.why_not():
            return why_not
        choices, entry = self._parts.choices, self._parts.images.current
        if choices.why_only_to_look_at:
            return choices.why_only_to_look_at
        if self._parts.queue.busy("keep-live"):
            return "A version is being made: wait a moment."
        if entry is not None and not entry.voxels_taught:
            what = "whole objects, and some background" if choices.kind == "instances" else "two classes"
            return f"Live has nothing to learn from in {entry.name}: paint or approve {what} first."
        return ""

    def __call__(self) -> None:
        """Make the version. Raises `UserError`."""
        refuse(self.why_not())
        entry = self._parts.images.current
        images = () if entry is None else (entry.id,)
        self._parts.queue.start(self._questions.keep(), self._parts.origin(), partial(self._accept, images))

    def _accept(self, images: tuple[str, ...], running: Running, result: KeepLiveResult) -> None:
        parts, project = self._parts, self._parts.choices.project
        if project is None:
            return
        version = Version(
            id=Path(result.model).stem,
            parent=running.origin.model,
            created=now(),
            why_no_score=_NOT_JUDGED,
            voxels=result.used,
            images=images,
            seconds=result.seconds,
            by="live",
        )
        with parts.choices.telling_trouble():  # it is in the list all the same, and waits
            project.lineage.add(version)
        if running.origin.model != parts.models.in_use.key:
            say = "Another model was chosen meanwhile: the version is kept in the list but not in use."
        else:
            say = (
                f"What Live learned is version {version.id.removeprefix('v')}: compare it, and use it where it is good."
            )
        parts.signals.message.emit(say)
