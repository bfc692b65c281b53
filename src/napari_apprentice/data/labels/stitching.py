"""One region of a large image was segmented: its objects get ids that agree with those of the regions around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, Shape
from napari_apprentice.data.labels.corrections import rank_ids

Labels = NDArray[np.uint32]
Shell = tuple[int, bool, Labels]  # axis, whether at its end, the labels one voxel beyond


def shells(region: Region, shape: Shape, read: Callable[[Region], Labels]) -> list[Shell]:
    """The labels one voxel beyond each face (z, y, x) of a region that is not the edge of the image."""
    found: list[Shell] = []
    for axis in (1, 2, 3):
        part = region[axis]
        for at_end, beyond in ((False, part.start - 1), (True, part.stop)):
            if 0 <= beyond < shape[axis]:
                t, z, y, x = (slice(beyond, beyond + 1) if i == axis else one for i, one in enumerate(region))
                found.append((axis, at_end, read((t, z, y, x))))
    return found


def stitch_labels(
    labels: Labels,
    fixed: NDArray[np.uint32],
    around: Sequence[Shell],
    first: int,
    followed: Sequence[tuple[int, int]] = (),
) -> Labels:
    """Labels (T, Z, Y, X) of a region with ids that are unique in the whole image.

    Ids in ``fixed`` stay. Of the others, one that meets an object beyond a face takes its id, if each is what the
    other meets most; then one that is ``followed`` through time (its id here, and the one it has in another frame, the
    most trusted first) has that; the rest are numbered from ``first``.
    """
    names, ranks = rank_ids(labels)
    occurs = np.zeros(len(names), bool)
    occurs[ranks] = True
    kept = occurs & (np.isin(names, fixed) | (names == 0))
    new = np.where(kept, names, 0).astype(np.uint32)
    sure = {int(one) for one in names[kept]}
    theirs = _met(labels, around, sure)
    _follow(theirs, followed, sure)
    for index in np.flatnonzero(occurs & ~kept):
        new[index] = theirs.get(int(names[index]), 0)
    free = np.flatnonzero(occurs & (new == 0) & (names > 0))
    new[free] = np.arange(first, first + len(free), dtype=np.uint32)
    named: Labels = new[ranks]
    return named


def _follow(theirs: dict[int, int], followed: Sequence[tuple[int, int]], fixed: set[int]) -> None:
    """Add what is followed through time, as long as no other object of the frame has the id."""
    taken = fixed | set(theirs.values())
    for here, there in followed:
        if here not in theirs and here not in fixed and there not in taken:
            theirs[here] = there
            taken.add(there)


def _met(labels: Labels, around: Sequence[Shell], fixed: set[int]) -> dict[int, int]:
    """Which of the objects here is which object beyond the faces."""
    mine, theirs = [], []
    for axis, at_end, beyond in around:
        face = np.take(labels, [-1 if at_end else 0], axis)
        both = (face > 0) & (beyond > 0)
        mine.append(face[both])
        theirs.append(beyond[both])
    if not mine:
        return {}
    pairs, counts = np.unique(np.stack([np.concatenate(mine), np.concatenate(theirs)]), axis=1, return_counts=True)
    found: dict[int, int] = {}
    seen_here, seen_there = set(fixed), set(fixed)
    for index in np.argsort(-counts, kind="stable"):
        here, there = int(pairs[0, index]), int(pairs[1, index])
        if here not in seen_here and there not in seen_there:
            found[here] = there
        seen_here.add(here)
        seen_there.add(there)
    return found
