"""How much is confirmed in an image, and how much of it would judge a new version: counted without sharing it out.

The same rule as in `holdout`, in the smallest box around what is confirmed, so that it can be said after every stroke.
"""

from __future__ import annotations

import math

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, Corrections, whole_sections
from napari_apprentice.data.labels.halves import ENOUGH_ALONE, ENOUGH_IN_HALVES, FEWEST_OF_A_HALF
from napari_apprentice.data.labels.holdout import ENOUGH_OBJECTS, ENOUGH_VOXELS, SHARE, blocks_along, blocks_set_aside
from napari_apprentice.settings import Kind, Settings


class Evidence(Settings):
    """Whole objects (of classes: voxels) that are ``confirmed``, and of these ``set_aside`` to judge.

    ``classes`` are those among what is set aside, 0 for background; of objects (). ``fullest`` is how many objects lie
    in the block that has most of them.
    """

    confirmed: int = 0
    set_aside: int = 0
    fullest: int = 0
    classes: tuple[int, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            confirmed=self.confirmed + other.confirmed,
            set_aside=self.set_aside + other.set_aside,
            fullest=max(self.fullest, other.fullest),
            classes=tuple(sorted({*self.classes, *other.classes})),
        )

    def words(self, kind: Kind, *, is_fresh: bool = False) -> str:
        """One sentence: what there is, and what is still needed before a new version can be judged.

        A network that ``is_fresh`` does not learn from halves of the corrections (`halves`).
        """
        if self.confirmed == 0:
            return ""
        if kind == "classes":
            if self.set_aside >= ENOUGH_VOXELS and len(self.classes) > 1:
                return "Enough areas are confirmed to judge a new version."
            return "To have a new version judged, paint more areas of each class, all over the image."
        said = f"{self.confirmed:,} object{'' if self.confirmed == 1 else 's'} confirmed"
        if self.set_aside >= (ENOUGH_OBJECTS if is_fresh else ENOUGH_ALONE):
            return f"{said}; {self.set_aside:,} of them will judge a new version."
        missing = math.ceil((ENOUGH_OBJECTS - self.set_aside) / SHARE)
        if not is_fresh and self.confirmed >= ENOUGH_IN_HALVES:
            if self.confirmed - self.fullest < FEWEST_OF_A_HALF:
                return f"{said}, close together; confirm a few elsewhere, to have a new version judged."
            if self.set_aside >= ENOUGH_OBJECTS:
                return (
                    f"{said}; all of them, or {self.set_aside:,} where the model does well, will judge a new version."
                )
            return (
                f"{said}: enough to judge a new version where the model does badly; where it does well, about "
                f"{missing} more, all over the image."
            )
        if self.set_aside >= ENOUGH_OBJECTS:
            return f"{said}; {self.set_aside:,} of them will judge a new version."
        if not is_fresh:
            missing = min(missing, ENOUGH_IN_HALVES - self.confirmed)
            return f"{said}; confirm about {missing} more, not all in one place, to have a new version judged."
        return f"{said}; confirm about {missing} more, all over the image, to have a new version judged."


def evidence_in(key: str, corrections: Corrections, kind: Kind) -> Evidence:
    """What an image's corrections are worth; ``key`` is that of `holdout.split_blocks`."""
    labels, confirmed = corrections.labels, corrections.confirmed
    aside = blocks_set_aside(key, *labels.shape[2:])
    if kind == "classes":
        judging = aside & (confirmed > 0) & (confirmed <= AS_LABELLED)
        values = {int(value) for value in np.unique(labels[judging & (confirmed == AS_LABELLED)])}
        if (judging & (confirmed == BACKGROUND)).any():
            values.add(0)
        count = int(((confirmed > 0) & (confirmed <= AS_LABELLED)).sum())
        return Evidence(confirmed=count, set_aside=int(judging.sum()), classes=tuple(sorted(values)))
    across, along = (blocks_along(length) for length in labels.shape[2:])
    count_along = int(along[-1]) + 1
    total, held = Evidence(), np.zeros((int(across[-1]) + 1) * count_along, np.int64)
    for ids, sure in zip(labels, confirmed == AS_LABELLED, strict=True):
        planes = np.flatnonzero(sure.any(axis=(1, 2)))
        if len(planes) == 0:
            continue
        rows, columns = (np.flatnonzero(sure[planes].any(axis=axes)) for axes in ((0, 2), (0, 1)))
        y, x = (slice(max(0, int(i[0]) - 1), int(i[-1]) + 2) for i in (rows, columns))
        part = ids[planes][:, y, x]
        whole = whole_sections(part, np.where(sure[planes][:, y, x], np.uint8(AS_LABELLED), np.uint8(0)))
        _, at_y, at_x = np.nonzero(whole)
        names, place = np.unique(part[whole], return_inverse=True)
        size = np.bincount(place)
        middle = [(np.bincount(place, at) / np.maximum(size, 1)).astype(np.int64) for at in (at_y, at_x)]
        there = middle[0] + y.start, middle[1] + x.start
        held += np.bincount(across[there[0]] * count_along + along[there[1]], minlength=len(held))
        total += Evidence(confirmed=len(names), set_aside=int(aside[there].sum()))
    return total.model_copy(update={"fullest": int(held.max())})
