"""What an edit leaves of the objects it touches: it stays as it is, so that no proposal takes it away.

Found from the edit outwards: a box around it grows while an object it touches goes on beyond, so that a stroke costs as
much as the object and not as the image::

    +---------+        +-------------+
    |  ##x##########   |  ##x##########    ...
    +---------+        +-------------+

Only the frames edited are looked at. Arrays are (T, Z, Y, X).
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, KEPT, UNKNOWN, Confirmed, Labels, Mask, is_any
from napari_apprentice.data.labels.deltas import Delta, Indices

Object = tuple[int, int]  # frame, id

_AROUND = (4, 64, 64)  # voxels (z, y, x) in which a part that lies apart is seen at once

_Box = tuple[slice, ...]


def objects_touched(edit: Delta) -> set[Object]:
    """The objects that voxels of an edit belong to, before it or after it."""
    frames = np.concatenate([edit.indices // math.prod(edit.shape[1:])] * 2)
    ids = np.concatenate([edit.labels_before, edit.labels_after])
    pairs = np.unique(np.stack([frames, ids.astype(np.int64)]), axis=1)
    return {(int(t), int(one)) for t, one in pairs.T if one > 0}


def with_rest(
    edit: Delta,
    labels: Labels,
    confirmed: Confirmed,
    objects: Collection[Object],
    *,
    highest: int,
    filled: bool = False,
) -> Delta:
    """An edit that was not applied yet, together with keeping what it leaves of ``objects``, which it touches.

    No id of ``labels`` is above ``highest``. A fill (``filled``) speaks of whole objects: what is there already of the
    one it made larger is confirmed in the slices that were filled, and kept in others.
    """
    size = math.prod(edit.shape[1:])
    for t in sorted({t for t, _ in objects}):
        ids = [one for frame, one in objects if frame == t]
        inside = slice(*np.searchsorted(edit.indices, [t * size, (t + 1) * size]))
        here = np.unravel_index(edit.indices[inside] - t * size, edit.shape[1:])
        made = np.unique(edit.labels_after[inside])
        for box, mask in _parts(labels[t], ids, made[made <= highest], here):
            mask &= confirmed[t][box] == UNKNOWN
            values = labels[t][box][mask]
            found = np.unravel_index(np.flatnonzero(mask), mask.shape)
            place = [i + edge.start for i, edge in zip(found, box, strict=True)]
            now = np.full(len(values), KEPT, np.uint8)
            if filled:
                now[np.isin(values, made) & np.isin(place[0], here[0])] = AS_LABELLED
            where = np.ravel_multi_index(place, edit.shape[1:]).astype(np.int64) + t * size
            edit = edit.beside(Delta(edit.shape, where, values, values, np.full_like(now, UNKNOWN), now))
    return edit


def _parts(frame: Labels, ids: list[int], known: Labels, here: tuple[Indices, ...]) -> list[tuple[_Box, Mask]]:
    """Boxes of a frame, and in each where these objects are, without the voxels ``here`` that are edited.

    Of the ``known`` ids, one that is not seen around the edit lies elsewhere: the whole frame is searched for it.
    """
    box = _box_around(frame, ids, here)
    mask = is_any(frame[box], ids)
    mask[tuple(i - edge.start for i, edge in zip(here, box, strict=True))] = False
    elsewhere = [int(one) for one in known if one in ids and not (frame[box][mask] == one).any()]
    if not elsewhere:
        return [(box, mask)]
    everywhere = is_any(frame, elsewhere)
    everywhere[here] = False
    return [(box, mask), (tuple(slice(0, n) for n in frame.shape), everywhere)]


def _box_around(frame: Labels, ids: list[int], here: tuple[Indices, ...]) -> _Box:
    """A box of the frame beyond whose faces none of these objects that enter it goes on."""
    edges = [
        (max(0, int(i.min()) - more), min(n, int(i.max()) + 1 + more))
        for i, n, more in zip(here, frame.shape, _AROUND, strict=True)
    ]
    while True:
        box = tuple(slice(*edge) for edge in edges)
        grown = [_grown(frame[box], ids, axis, edge, frame.shape[axis]) for axis, edge in enumerate(edges)]
        if grown == edges:
            return box
        edges = grown


def _grown(crop: Labels, ids: list[int], axis: int, edge: tuple[int, int], length: int) -> tuple[int, int]:
    """An edge of a box, longer by half of itself at each end where an object goes on."""
    start, stop = edge
    more = (stop - start) // 2 + 1
    first, last = (bool(is_any(np.moveaxis(crop, axis, 0)[end], ids).any()) for end in (0, -1))
    return max(0, start - more) if first else start, min(length, stop + more) if last else stop
