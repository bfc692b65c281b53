"""Objects through time: the same id where they overlap from one frame to the next.

What overlaps is counted frame by frame, or chunk by chunk and added up (`FrameOverlap`), so that one rule holds for
images of any size. How objects are called then, with those of which the id stays, is in `tracks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import rank_ids
from napari_apprentice.data.labels.pairing import one_to_one
from napari_apprentice.data.labels.scores import overlap

LEAST_OVERLAP = 0.2  # IoU of an object with itself a frame later; a disc that moves by half its width has .24

Ids = NDArray[np.uint32]
Links = tuple[Ids, Ids]  # ids in a frame, and those that the same objects have in the next one


@dataclass(frozen=True)
class FrameOverlap:
    """Objects of a frame and of the next, by ascending ids, with their voxels.

    ``shared[i]`` voxels belong to both ``pairs[i, 0]`` in the frame and ``pairs[i, 1]`` in the next.
    """

    before: Ids
    before_size: NDArray[np.int64]
    now: Ids
    now_size: NDArray[np.int64]
    pairs: Ids
    shared: NDArray[np.int64]

    @classmethod
    def of(cls, before: NDArray[Any], now: NDArray[Any]) -> FrameOverlap:
        """Count two frames, or the same part of both: ids of one shape, 0 being background."""
        table = overlap(before, now)
        ours, theirs = (np.unique(labels[labels > 0]).astype(np.uint32) for labels in (before, now))
        pairs = np.stack([ours[table.truth], theirs[table.predicted]], axis=1)
        return cls(ours, table.truth_size, theirs, table.predicted_size, pairs, table.shared)

    @classmethod
    def together(cls, parts: Sequence[FrameOverlap]) -> FrameOverlap:
        """What was counted in parts of the same two frames."""
        before, before_size = _summed([(part.before, part.before_size) for part in parts])
        now, now_size = _summed([(part.now, part.now_size) for part in parts])
        keys, shared = _summed(
            [(part.pairs[:, 0].astype(np.uint64) << np.uint64(32) | part.pairs[:, 1], part.shared) for part in parts]
        )
        pairs = np.stack([keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)], axis=1)
        return cls(
            before.astype(np.uint32), before_size, now.astype(np.uint32), now_size, pairs.astype(np.uint32), shared
        )

    def links(self) -> Links:
        """Which objects are the same: as many as possible overlap by `LEAST_OVERLAP`, each has at most one partner.

        Of two daughters of a division one is the mother.
        """
        old, new = np.searchsorted(self.before, self.pairs[:, 0]), np.searchsorted(self.now, self.pairs[:, 1])
        iou = self.shared / (self.before_size[old] + self.now_size[new] - self.shared)
        good = iou >= LEAST_OVERLAP
        kept = one_to_one(old[good], new[good], iou[good])
        return self.pairs[good][kept, 0], self.pairs[good][kept, 1]


def named_after(ids: Ids, links: Links, free: int) -> Ids:
    """What objects with ascending ``ids`` are called: as they were in the frame before, the others from ``free`` on."""
    names = np.zeros(len(ids), np.uint32)
    old, new = links
    names[np.searchsorted(ids, new)] = old
    strangers = np.flatnonzero(names == 0)
    names[strangers] = np.arange(free, free + len(strangers), dtype=np.uint32)
    return names


def link_frame(before: NDArray[Any], now: NDArray[Any], free: int) -> tuple[NDArray[np.uint32], int]:
    """The objects of a frame under the ids of those ``before`` that they are, new ones from ``free`` on.

    Parameters
    ----------
    before, now
        Ids of two frames (Z, Y, X), 0 being background.
    free
        The lowest id that was not given yet.

    Returns
    -------
    The frame under its new ids, and the lowest id that is free now.
    """
    counted = FrameOverlap.of(before, now)
    links = counted.links()
    names = named_after(counted.now, links, free)
    return renamed(now, counted.now, names), free + len(names) - len(links[0])


def renamed(labels: NDArray[Any], ids: Ids, names: Ids) -> NDArray[np.uint32]:
    """Labels in which objects with ascending ``ids`` have their ``names``; all others are background."""
    known, ranks = rank_ids(labels)
    place = np.searchsorted(known, ids)
    here = place < len(known)
    here[here] = known[place[here]] == ids[here]
    table = np.zeros(len(known), np.uint32)
    table[place[here]] = names[here]
    called: NDArray[np.uint32] = table[ranks]
    return called


def _summed(parts: Sequence[tuple[NDArray[Any], NDArray[np.int64]]]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Keys without repetition, ascending, each with the sum of its counts."""
    keys = np.concatenate([np.zeros(0, np.uint64), *(part[0] for part in parts)]).astype(np.uint64)
    counts = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in parts)]).astype(np.int64)
    unique, place = np.unique(keys, return_inverse=True)
    total = np.zeros(len(unique), np.int64)
    np.add.at(total, place, counts)
    return unique, total
