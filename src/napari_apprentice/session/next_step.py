"""What one who sees this for the first time does next, in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from napari_apprentice.session.session import Session

NAMES = ("open", "segment", "paint", "correct", "teach", "compare")
Place = Literal["image", "segment", "correct", "teach"]


@dataclass(frozen=True)
class Hint:
    """A step: by its ``name`` it is put away for good; ``place`` is the part of the panel that it is about."""

    name: str
    place: Place
    words: str


def next_step(session: Session) -> Hint | None:
    """The next step; None while something is at work, and where nothing needs to be said any more."""
    entry, cells = session.current, session.kind == "instances"
    if entry is None:
        return Hint("open", "image", "Open an image, or drag one here")
    if session.busy():
        return None
    if session.waiting is not None:
        return Hint("compare", "teach", "Compare the new version with the old one")
    if any(one.voxels_taught for one in session.entries):
        return None if _has_versions(session) or session.why_not_teach() else Hint("teach", "teach", _TEACH)
    if entry.is_labelled:
        return Hint("correct", "correct", _CORRECT if cells else "Paint what is wrong, then Teach")
    if not session.why_not_segment():
        return Hint("segment", "segment", _SEGMENT if cells else "Press Segment, or paint or click each class")
    return Hint("paint", "correct", "Paint or click a few cells" if cells else "Paint or click a little of each class")


_SEGMENT = "Press Segment, or click a cell"
_CORRECT = "Correct or approve a few objects, then Teach"
_TEACH = "Correct a few more, then press Teach"


def _has_versions(session: Session) -> bool:
    return session.project is not None and bool(session.project.lineage.versions)
