"""What the old model was sure of and nobody corrected: a new one should leave most of it as it is.

Corrections lie where somebody looked. A version that does better there may lose half of the rest, and no score on
corrections says so. What may go depends on how good the old model is: as many of its sure objects as are wrong, by
those corrections that it never learned from. Losing what a model of other images made up is the purpose; losing nuclei
is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_apprentice.data.labels.corrections import UNKNOWN, dilate_in_planes
from napari_apprentice.data.labels.scores import overlap
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.windows import TrainingWindow
from napari_apprentice.settings import DecodeSettings

_SURE = 0.9  # probability; an object is sure where most of it is
_FAR = 8  # network pixels from what is confirmed
_SPARED = 0.05  # of the objects that may go whatever the old model is like,
_BY_CHANCE = 1  # and one more: of three objects one is a third


@dataclass
class Guard:
    """Looks at windows as the old model sees them (`remember`), and then as the new one does (`compare`)."""

    representation: Representation
    known: list[tuple[TrainingWindow, np.ndarray]] = field(default_factory=list)
    total: int = 0  # of objects, for classes of voxels
    lost: int = 0

    def remember(self, window: TrainingWindow, prediction: np.ndarray, decode: DecodeSettings) -> None:
        """Keep what the old model is sure of in ``prediction`` (K, Z, Y, X), far from corrections."""
        labels = self.representation.decode(prediction, decode)
        far = ~dilate_in_planes(window.confirmed != UNKNOWN, _FAR)
        if self.representation.kind == "classes":
            sure = far & (prediction.max(axis=0) > _SURE)
            kept = np.where(sure, labels + 1, 0).astype(np.uint32)
        else:
            kept = _sections_within(labels, far, prediction[0] > _SURE)
        if kept.any():
            self.known.append((window, kept))

    def compare(self, place: int, prediction: np.ndarray, decode: DecodeSettings) -> None:
        """Count what of a window, by its ``place`` in `known`, the new model leaves out, breaks or calls otherwise."""
        kept = self.known[place][1]
        labels = self.representation.decode(prediction, decode)
        if self.representation.kind == "classes":
            sure = kept > 0
            self.total += int(sure.sum())
            self.lost += int((labels[sure] + 1 != kept[sure]).sum())
            return
        for old, new in zip(kept, labels, strict=True):
            table = overlap(old, new)
            still = np.unique(table.truth[table.iou >= 0.5])
            self.total += len(table.truth_size)
            self.lost += len(table.truth_size) - len(still)

    @property
    def share_lost(self) -> float | None:
        """Of what the old model was sure of; None where there was nothing."""
        return self.lost / self.total if self.total else None

    def is_against(self, right: float) -> bool:
        """Whether more is lost than is wrong of the old model's objects, of which a share is ``right``."""
        return self.lost - _BY_CHANCE > (1 - right + _SPARED) * self.total


def _sections_within(labels: np.ndarray, where: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Sections of objects (Z, Y, X), numbered in each plane: those inside ``where``, mostly ``sure`` and not cut."""
    out = np.zeros(labels.shape, np.uint32)
    for plane, far, is_sure, kept in zip(labels, where, sure, out, strict=True):
        count = int(plane.max(initial=0)) + 1
        good = 2 * np.bincount(plane[is_sure], minlength=count) > np.bincount(plane.ravel(), minlength=count)
        good[plane[~far]] = False
        for edge in (plane[0], plane[-1], plane[:, 0], plane[:, -1]):
            good[edge] = False
        good[0] = False
        kept[...] = np.where(good, np.cumsum(good), 0)[plane]
    return out
