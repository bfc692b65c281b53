"""A proposal merged with what is confirmed: what it would change, worked out beside the thread that edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import Labels, merge_proposal
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Kind

AT_ONCE = 1 << 18  # voxels that are merged on the spot, which takes 10 ms


@dataclass(frozen=True)
class Meaning:
    """What labels were when a proposal was asked for; with ``link`` objects keep their ids through time."""

    kind: Kind
    link: bool

    @classmethod
    def of(cls, choices: Choices) -> Self:
        """What they are now."""
        return cls(choices.kind, choices.segment.link)


@dataclass(frozen=True, eq=False)
class Change:
    """What a proposal changes in labels that had seen so many ``edits``, and its record for the journal."""

    edits: int
    delta: Delta
    record: bytes


@dataclass(frozen=True, eq=False)
class Merged:
    """Labels (T, Z, Y, X) before and after a proposal is taken in, copies, and what makes one of the other."""

    before: Labels
    after: Labels
    change: Change


def merged_with(entry: ProjectImage, proposal: Labels, meaning: Meaning) -> Merged:
    """Runs beside the thread that edits: on copies, which are of use when no edit was made meanwhile."""
    count = entry.edits
    labels, confirmed = entry.labels.copy(), entry.confirmed.copy()
    merged = merge_proposal(labels, confirmed, proposal, meaning.kind)
    if meaning.kind == "instances":
        merged = entry.numbered(merged, labels, confirmed, link=meaning.link)
    delta = edits.replace_labels(labels, confirmed, merged)
    _ = delta.box  # remembered: what takes the edit in may ask for it
    return Merged(labels, merged, Change(count, delta, delta.to_bytes()))
