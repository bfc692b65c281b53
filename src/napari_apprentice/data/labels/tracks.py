"""What objects are called through time, when some have ids that stay.

::

    frame      0    1    2    3    4
    track      a -- a -- A -- a -- a        A: confirmed as object 7, so that all of the track is 7
    track      b -- b    C -- c             c follows C, which is confirmed; b, of which none is, gets a free id
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import UNKNOWN, Confirmed, FreeIds, Labels
from napari_apprentice.data.labels.linking import FrameOverlap, Ids, Links, renamed

Track = NDArray[np.int64]


@dataclass(frozen=True)
class FrameObjects:
    """The ascending ``ids`` of the objects of a frame, and which are ``fixed``: they keep theirs."""

    ids: Ids
    fixed: NDArray[np.bool_]


def link_through_time(labels: Labels, confirmed: Confirmed) -> Labels:
    """Labels (T, Z, Y, X) in which an object has the same id in all frames through which it can be followed.

    Objects of which anything is confirmed or kept have their ids, whatever they are; what is followed to one, forwards
    or back, has its id. The ids of all others are numbered anew, those of the first frame first.
    """
    frames = [_objects(ids, state) for ids, state in zip(labels, confirmed, strict=True)]
    links = [FrameOverlap.of(one, two).links() for one, two in itertools.pairwise(labels)]
    fixed = np.concatenate([frame.ids[frame.fixed] for frame in frames])
    names = names_through_time(frames, links, FreeIds(fixed).take)
    pairs = zip(labels, frames, names, strict=True)
    return np.stack([renamed(ids, frame.ids, called) for ids, frame, called in pairs])


def names_through_time(frames: Sequence[FrameObjects], links: Sequence[Links], free: Callable[[int], Ids]) -> list[Ids]:
    """What the objects of each frame are called.

    Parameters
    ----------
    frames
        The objects of each frame.
    links
        Which of them are the same in each frame and the next: one less than frames.
    free
        Gives so many ids that no fixed object has, ascending.

    Returns
    -------
    Names in the order of the ids of each frame. No two objects of a frame have the same.
    """
    tracks = _followed(frames, links)
    names = [np.where(frame.fixed, frame.ids, 0).astype(np.uint32) for frame in frames]
    _inherit(frames, tracks, names)
    open_ = [called == 0 for called in names]
    left = np.concatenate([np.zeros(0, np.int64), *(track[one] for track, one in zip(tracks, open_, strict=True))])
    unique, first, place = np.unique(left, return_index=True, return_inverse=True)
    order = np.empty(len(unique), np.int64)
    order[np.argsort(first)] = np.arange(len(unique))
    ids = free(len(unique))[order[place]]
    for called, one in zip(names, open_, strict=True):
        count = int(np.count_nonzero(one))
        called[one], ids = ids[:count], ids[count:]
    return names


def _objects(labels: Labels, confirmed: Confirmed) -> FrameObjects:
    ids = np.unique(labels[labels > 0])
    return FrameObjects(ids, np.isin(ids, np.unique(labels[confirmed != UNKNOWN])))


def _followed(frames: Sequence[FrameObjects], links: Sequence[Links]) -> list[Track]:
    """The track of each object, counted in the order in which they begin."""
    begun = 0
    tracks: list[Track] = []
    for t, frame in enumerate(frames):
        track = np.full(len(frame.ids), -1, np.int64)
        if t:
            old, new = links[t - 1]
            before = tracks[-1][np.searchsorted(frames[t - 1].ids, old)]
            track[np.searchsorted(frame.ids, new)] = before
        strangers = np.flatnonzero(track < 0)
        track[strangers] = np.arange(begun, begun + len(strangers))
        begun += len(strangers)
        tracks.append(track)
    return tracks


def _inherit(frames: Sequence[FrameObjects], tracks: list[Track], names: list[Ids]) -> None:
    """Name what follows a fixed object, then what leads to one; what cannot be called so is a track of its own."""
    known = np.unique(np.concatenate([track[frame.fixed] for track, frame in zip(tracks, frames, strict=True)]))
    members: dict[int, list[tuple[int, int]]] = {int(one): [] for one in known}  # (frame, place) by track
    for t, track in enumerate(tracks):
        for place in np.flatnonzero(np.isin(track, known)).tolist():
            members[int(track[place])].append((t, place))
    taken = [set(called[called > 0].tolist()) for called in names]
    for way in (1, -1):
        for track_members in members.values():
            _hand_on(track_members[::way], names, taken)
    begun = 1 + max((int(track.max(initial=-1)) for track in tracks), default=-1)
    for track_members in members.values():
        is_named = True
        for t, place in track_members:
            if names[t][place]:
                is_named = True
                continue
            begun += is_named  # another run
            is_named = False
            tracks[t][place] = begun


def _hand_on(members: Sequence[tuple[int, int]], names: list[Ids], taken: list[set[int]]) -> None:
    """Give the name of each named object to those without one that come next, as long as nobody there has it."""
    name = 0
    for t, place in members:
        if names[t][place]:
            name = int(names[t][place])
        elif name and name not in taken[t]:
            names[t][place] = name
            taken[t].add(name)
        else:
            name = 0
