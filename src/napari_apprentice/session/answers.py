"""What the user said of proposed places, told by the edits themselves: right as it was, or corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.session.project_image import ProjectImage, open_places
from napari_apprentice.session.signals import Signals

OPEN, RIGHT, WRONG = 0, 1, 2
Said = NDArray[np.int8]
Verdict = tuple[str, int]  # an image, and the row of one of its places


@dataclass(frozen=True, eq=False)
class Told:
    """What was said of each place of an image of ``shape`` (t, z, y, x): `OPEN`, `RIGHT` or `WRONG`."""

    doubts: Doubts
    shape: tuple[int, ...]
    said: Said


class Answers:
    """Follows edits. An object that was confirmed as it is was right; one of which the labels changed was wrong.

    So is a place without an object that got one. An undo takes the answer back. Answers belong to a proposal, and to
    this session: they are not kept with the project.

    Attributes
    ----------
    told
        By image; those of which something was said.
    order
        The answers as they were given.
    version
        Counts how often an answer was given or taken back.
    """

    def __init__(self, signals: Signals) -> None:
        self.told: dict[str, Told] = {}
        self.order: list[Verdict] = []
        self.version = 0
        signals.edited.connect(self._on_edited)

    def forget(self, entry: ProjectImage) -> None:
        """There is another proposal for an image."""
        if self.told.pop(entry.id, None) is not None:
            self.order = [one for one in self.order if one[0] != entry.id]
            self.version += 1

    def is_wrong(self, verdict: Verdict) -> bool:
        """Whether one of ``order`` says so."""
        name, row = verdict
        return bool(self.told[name].said[row] == WRONG)

    def clear(self) -> None:
        """Forget all images."""
        self.told.clear()
        self.order.clear()
        self.version += 1

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        kept = entry.doubts
        if kept is None or not len(kept.doubts) or not len(delta):
            return
        doubts = kept.doubts
        told = self.told.get(entry.id)
        before = told.said if told is not None and told.doubts is doubts else np.zeros(len(doubts), np.int8)
        said = _after(entry, doubts, delta, before)
        if (said != before).any():
            self.told[entry.id] = Told(doubts, entry.shape, said)
            changed = {(entry.id, int(row)) for row in np.flatnonzero(said != before)}
            self.order = [one for one in self.order if one not in changed]
            self.order += sorted(one for one in changed if said[one[1]] != OPEN)
            self.version += 1


def _after(entry: ProjectImage, doubts: Doubts, delta: Delta, before: Said) -> Said:
    """What is said of each place after an edit of the open labels."""
    said = before.copy()
    rows = np.flatnonzero(doubts.inside(entry.region))
    place = tuple((doubts.points[rows] - np.array([part.start for part in entry.region])).T)
    flat = np.ravel_multi_index(place, delta.shape)
    at = np.minimum(np.searchsorted(delta.indices, flat), len(delta) - 1)
    touched = delta.indices[at] == flat
    labels = entry.labels[place]
    is_open = open_places(labels, entry.confirmed[place], doubts.missed[rows])
    moved = delta.labels_before != delta.labels_after
    changed = np.unique(np.concatenate([delta.labels_before[moved], delta.labels_after[moved]]))
    was = np.where(touched, delta.labels_before[at], labels)
    is_wrong = np.where(doubts.missed[rows], labels > 0, (was > 0) & (np.isin(was, changed) | (labels != was)))
    settled = touched & ~is_open & (entry.confirmed[place] != UNKNOWN)
    said[rows[touched & is_open]] = OPEN
    said[rows[settled & ~is_wrong & (said[rows] == OPEN)]] = RIGHT
    said[rows[(settled | (said[rows] == RIGHT)) & is_wrong & ~is_open]] = WRONG
    return said
