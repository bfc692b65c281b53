"""What the user confirms, and the rule that a new proposal never touches it.

Two arrays of shape (T, Z, Y, X): ``labels`` (uint32 ids or classes) and ``confirmed`` (uint8):

    0 UNKNOWN       a proposal, or nothing; teaches nothing, may be replaced at any time
    1 BACKGROUND    the user says: no object here (the label is 0)
    2 AS_LABELLED   the user says: this voxel is what ``labels`` says
    3 KEPT          the rest of an object the user edited: no proposal replaces it, but it teaches nothing
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.offsets import pairs_inside
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Kind

UNKNOWN, BACKGROUND, AS_LABELLED, KEPT = 0, 1, 2, 3

Labels = NDArray[np.uint32]
Confirmed = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TABLE_LIMIT = 1 << 24  # ids up to here are looked up in a table; sparse larger ones are ranked first
NOT_COUNTED = 1 << 31  # ids from here on are not reached by counting objects
_FEW = 16  # ids that are compared one by one
_BLOCK = 1 << 20  # voxels that are counted at once


@dataclass(frozen=True)
class Corrections:
    """Labels and what of them is confirmed, both (T, Z, Y, X); the arrays are shared, not copied."""

    labels: Labels
    confirmed: Confirmed

    def __post_init__(self) -> None:
        if self.labels.ndim != 4 or self.labels.shape != self.confirmed.shape:
            raise UserError(
                f"The labels have shape {self.labels.shape} and what is confirmed {self.confirmed.shape}: "
                "both must be (T, Z, Y, X) of the image; choose another labels layer."
            )

    @classmethod
    def untouched(cls, shape: tuple[int, ...]) -> Corrections:
        """Nothing labelled and nothing confirmed."""
        return cls(np.zeros(shape, np.uint32), np.zeros(shape, np.uint8))

    @property
    def any(self) -> bool:
        """Whether anything at all is confirmed."""
        return bool(self.confirmed.any())


def teaching_part(confirmed: Confirmed) -> Confirmed:
    """What of it teaches: the rest of an edited object was never looked at, so it counts as unknown."""
    return np.where(confirmed == KEPT, np.uint8(UNKNOWN), confirmed)


def rank_ids(labels: NDArray[Any], limit: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Ids as table indices: ``names[ranks] == labels`` and ``names[0] == 0``.

    Dense ids are returned as they are (no copy, no sort); ids far beyond the number of voxels, or a
    ``limit``, are ranked.
    """
    if labels.dtype == np.uint64:  # NumPy cannot index or count with it
        labels = labels.astype(np.int64)
    top = int(labels.max(initial=0))
    if top <= (max(_TABLE_LIMIT, labels.size) if limit is None else limit):
        return np.arange(top + 1, dtype=np.uint32), labels
    names, ranks = np.unique(labels, return_inverse=True)
    if names[0] != 0:
        names, ranks = np.concatenate([[0], names]), ranks + 1
    return names.astype(np.uint32), ranks.reshape(labels.shape)


def is_any(labels: Labels, ids: Sequence[int]) -> Mask:
    """Where labels are one of ``ids``, of which there is one at least."""
    if len(ids) > _FEW:
        return np.isin(labels, np.array(ids, np.uint32))
    return functools.reduce(np.logical_or, (labels == np.uint32(one) for one in ids))


def free_id(labels: Labels) -> int:
    """An id that no object has: one more than the largest, or the smallest free one where that is the last there is."""
    top = int(labels.max(initial=0))
    if top < np.iinfo(np.uint32).max:
        return top + 1
    used = np.unique(labels[labels > 0])
    gaps = np.flatnonzero(used != np.arange(1, len(used) + 1))
    return int(gaps[0]) + 1


def top_id(labels: Labels) -> int:
    """The largest id after which new objects are numbered; 0 without objects.

    Ids in the upper half of what there is, such as 4294967295, which some programs write for -1, are nobody's count:
    numbering goes on below them.
    """
    top = int(labels.max(initial=0))
    return top if top < NOT_COUNTED else int(np.max(labels, where=labels < NOT_COUNTED, initial=0))


def whole_sections(labels: Labels, confirmed: Confirmed) -> Mask:
    """Voxels of whole XY sections: an id's section in one slice is whole when all of it there is confirmed.

    Both (..., Y, X); the same id in another slice is another section.
    """
    out = np.zeros(labels.shape, bool)
    planes = (labels.reshape(-1, *labels.shape[-2:]), confirmed.reshape(-1, *labels.shape[-2:]))
    for ids, sure, whole in zip(*planes, out.reshape(planes[0].shape), strict=True):
        if (sure == AS_LABELLED).any():
            whole[...] = whole_objects(ids, sure)
    return out


def whole_objects(labels: Labels, confirmed: Confirmed) -> Mask:
    """Voxels of the objects of which every voxel in these arrays is confirmed."""
    names, ranks = rank_ids(labels)
    sure = confirmed == AS_LABELLED
    good = np.zeros(len(names), bool)
    good[ranks[sure]] = True
    good[ranks[~sure]] = False
    good[0] = False
    whole: Mask = good[ranks]
    return whole


def rim(labels: Labels, confirmed: Confirmed, width: int = 2, whole: Mask | None = None) -> Mask:
    """Unknown voxels within ``width`` pixels, in their plane, of a ``whole`` section; shapes (..., Y, X)."""
    whole = whole_sections(labels, confirmed) if whole is None else whole
    around: Mask = dilate_in_planes(whole, width) & (confirmed == UNKNOWN)
    return around


def dilate_in_planes(mask: Mask, width: int) -> Mask:
    """``mask`` (..., Y, X) grown in its planes by a disk of ``width`` pixels (Euclidean)."""
    out = mask.copy()
    planes = mask.reshape(-1, *mask.shape[-2:])
    grown = out.reshape(planes.shape)
    for plane, target in zip(planes, grown, strict=True):
        rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
        if len(rows) == 0:
            continue
        box = tuple(slice(max(0, i[0] - width), i[-1] + width + 1) for i in (rows, columns))
        _dilate(plane[box], target[box], width)
    return out


def _dilate(source: Mask, target: Mask, width: int) -> None:
    for dy in range(-width, width + 1):
        for dx in range(-width, width + 1):
            if 0 < dy * dy + dx * dx <= width * width:
                of, to = pairs_inside(source.shape, (dy, dx))
                target[to] |= source[of]


def merge_proposal(
    labels: Labels, confirmed: Confirmed, proposal: NDArray[Any], kind: Kind, *, keep_ids: bool = False
) -> Labels:
    """The labels after segmenting again; confirmed and kept voxels and their ids never change.

    All arrays are (T, Z, Y, X). Confirmed background stays 0. For ``"classes"`` the proposal fills what is not
    confirmed. For ``"instances"``, frame by frame:

    - a proposed object that mostly lies on what is confirmed is dropped, otherwise it is clipped;
    - an object that is confirmed in part and proposed again (mutual best overlap, more than half of the
      smaller of the two) keeps its id: what is proposed around the confirmed part inherits it;
    - every other proposed object gets a free id, so that no two objects share one. With ``keep_ids`` that is its own,
      in all frames, unless something confirmed has it.
    """
    Corrections(labels, confirmed)
    if proposal.shape != labels.shape:
        raise UserError(
            f"The proposal has shape {proposal.shape} but the labels have {labels.shape}: segment this image again."
        )
    out = np.where(confirmed >= AS_LABELLED, labels, 0).astype(np.uint32, copy=False)
    if kind == "classes":
        np.copyto(out, proposal.astype(np.uint32, copy=False), where=confirmed == UNKNOWN)
        return out
    free = FreeIds(out[confirmed >= AS_LABELLED], proposal if keep_ids else None)
    for frame, old, sure, new in zip(out, labels, confirmed, proposal, strict=True):
        fixed = sure != UNKNOWN
        names, ranks = rank_ids(new)
        called = _names(old, fixed, ranks, names, free)
        np.copyto(frame, called[ranks], where=~fixed)
    return out


class FreeIds:
    """Hands out the smallest ids that no confirmed voxel has; objects that are ``kept`` have their own, if it is free.

    Those of them whose id is not free have another one, the same in all frames.
    """

    def __init__(self, fixed: Labels, kept: NDArray[Any] | None = None) -> None:
        self._taken = _ids_in(fixed)
        self._next = 1
        self._kept: Labels | None = None
        if kept is not None:
            self._kept = _ids_in(kept)
            clash = np.isin(self._kept, self._taken)
            self._taken = np.union1d(self._taken, self._kept)
            self._called = self._kept.copy()
            self._called[clash] = self.take(int(clash.sum()))

    def name(self, ids: Labels) -> Labels:
        """What proposed objects with ascending ``ids`` are called."""
        return self.take(len(ids)) if self._kept is None else self._called[np.searchsorted(self._kept, ids)]

    def take(self, count: int) -> Labels:
        """``count`` ids, ascending, never handed out before."""
        span = np.arange(self._next, self._next + count + len(self._taken), dtype=np.uint32)
        ids = np.setdiff1d(span, self._taken, assume_unique=True)[:count]
        if count:
            self._next = int(ids[-1]) + 1
        return ids


def _ids_in(labels: NDArray[Any]) -> Labels:
    """The ids there are, ascending."""
    names, ranks = rank_ids(labels)
    used = np.zeros(len(names), bool)
    used[ranks] = True
    ids: Labels = names[used & (names > 0)].astype(np.uint32)
    return ids


def _names(old: Labels, fixed: Mask, ranks: NDArray[Any], ids: Labels, free: FreeIds) -> Labels:
    """What each rank of the proposal, of ``ids``, is called in the result: 0 (dropped), an inherited or a free id."""
    count = len(ids)
    size = _counts(ranks, count)
    on_confirmed = _counts(ranks[fixed], count)
    heirs, inherited, on_own = _heirs(old, fixed, ranks, size)
    on_confirmed[heirs] -= on_own
    stays = on_confirmed * 2 < size
    stays[0] = False
    result = np.zeros(count, np.uint32)
    result[heirs] = inherited
    result[~stays] = 0
    fresh = np.flatnonzero(stays & (result == 0))
    result[fresh] = free.name(ids[fresh])
    return result


def _heirs(
    old: Labels, fixed: Mask, ranks: NDArray[Any], size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Labels, NDArray[np.int64]]:
    """Proposed objects that go on being a partly confirmed one: their ranks, its ids, voxels on its confirmed part."""
    names, olds = rank_ids(old)
    where = _partly(olds, fixed, len(names))
    mine, theirs, sure = (array.reshape(-1)[where].astype(np.int64) for array in (olds, ranks, fixed))
    old_size = _counts(mine, len(names))
    pairs = mine * len(size) + theirs
    keys, shared = np.unique(pairs, return_counts=True)
    surely, count = np.unique(pairs[sure > 0], return_counts=True)
    on_own = np.zeros(len(keys), np.int64)
    on_own[np.searchsorted(keys, surely)] = count
    one, other = np.divmod(keys, len(size))
    good = (other > 0) & (2 * shared > np.minimum(old_size[one], size[other]))
    one, other, shared, on_own = one[good], other[good], shared[good], on_own[good]
    mutual = is_best(one, shared) & is_best(other, shared)
    return other[mutual], names[one[mutual]], on_own[mutual]


def _partly(olds: NDArray[Any], fixed: Mask, count: int) -> NDArray[np.int64]:
    """Where the objects are, as flat indices, of which a part is confirmed and a part is open."""
    on_fixed = _counts(olds[fixed], count)
    on_fixed[0] = 0
    partly = on_fixed > 0
    if partly.any():
        partly &= _counts(olds, count) > on_fixed
    return np.flatnonzero(partly[olds]) if partly.any() else np.zeros(0, np.int64)


def _counts(ranks: NDArray[Any], count: int) -> NDArray[np.int64]:
    """How often each rank occurs; block by block, since counting takes 8 bytes a voxel and lets no other thread run."""
    flat = ranks.reshape(-1)
    block = max(_BLOCK, count)
    found = np.zeros(count, np.int64)
    for start in range(0, flat.size, block):
        found += np.bincount(flat[start : start + block], minlength=count)
    return found


def is_best(group: NDArray[np.int64], value: NDArray[np.int64]) -> Mask:
    """Whether each row is its group's largest value; of equals the first, so that exactly one wins."""
    order = np.lexsort((np.arange(len(group)), -value, group))
    first = np.ones(len(group), bool)
    first[1:] = group[order][1:] != group[order][:-1]
    best = np.zeros(len(group), bool)
    best[order] = first
    return best
