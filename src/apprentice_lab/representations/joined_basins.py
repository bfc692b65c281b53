"""Foreground, log-distance, and affinities over some pixels: basins that belong together by these are joined.

A bent cell with a thin waist is two basins of the distance to its outline. Basins of low prominence part too much,
never too little; which of them are one object is what the network says of pairs of pixels on both sides of their
border. Pairs as in Wolf et al., ECCV 2018; joining by the mean over all pairs between two clusters (average linkage)
as in Bailoni et al., "GASP", CVPR 2022.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.geometry.basins import basins
from napari_apprentice.data.geometry.offsets import pairs_inside
from napari_apprentice.data.labels import instances
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.representations.affinities import pairs_told
from napari_apprentice.data.representations.instances import FOREGROUND, InstanceRepresentation, slice_by_slice
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.data.representations.patch import Patch, encoded_again
from napari_apprentice.data.representations.representation import EVEN, Channel, Spacing, Values
from napari_apprentice.settings import DecodeSettings, Triple

_TOUCH: tuple[Triple, ...] = ((0, 1, 0), (0, 0, 1))
_ALONG_RIM = 0.5  # what a pair counts that is known by the unknown rim around an object only


@dataclass(frozen=True)
class JoinedBasins(InstanceRepresentation):
    """Foreground, eight affinities in the plane over 4 and 12 pixels, and log-distance to the own outline.

    How sure two basins have to belong together is fitted. Pairs are so many voxels apart in the network's grid, and
    in no other.
    """

    near: int = 4
    far: int = 12
    name = "joined-basins"
    choices = {
        "foreground": FOREGROUND,
        "split": (0.3, 0.4, 0.5, 0.6, 0.7),
        "prominence": (0.03, 0.06, 0.1, 0.2),
        "edge": (0.0, 0.3, 0.5),
    }
    interpolates = False
    encoded_again = True
    distance = 9

    @property
    def offsets(self) -> tuple[Triple, ...]:
        """From a voxel to its partner: along both axes and both diagonals, near and far."""
        return tuple(
            offset
            for n, d in ((self.near, round(self.near / 2**0.5)), (self.far, round(self.far / 2**0.5)))
            for offset in ((0, n, 0), (0, 0, n), (0, d, d), (0, d, -d))
        )

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Foreground, one for each offset, log-distance."""
        pairs = (Channel(f"with {' '.join(map(str, offset))}") for offset in self.offsets)
        return Channel("foreground"), *pairs, Channel("log-distance", "number", lowest=0.0)

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight: 1 for two voxels of one object, 0 for two objects and wherever background is one of both.

        Known where both voxels are confirmed, where one is confirmed background, and, half as much, between a whole
        section and its rim. A pair that leaves the image is not known.
        """
        far, known_far = instances.encode(labels, confirmed, whole)
        target = np.zeros((len(self.channels), *labels.shape), np.float32)
        weight = np.zeros_like(target)
        (target[0], target[-1]), (weight[0], weight[-1]) = far, known_far
        for channel, pairs in enumerate(pairs_told(labels, confirmed, self.offsets, whole), 1):
            target[channel][pairs.place] = pairs.same
            weight[channel][pairs.place] = np.where(pairs.of_objects, 1.0, np.where(pairs.at_rim, _ALONG_RIM, 0.0))
        return target, weight

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """Basins of low ``prominence``, joined while the mean affinity between two is at least ``split``.

        A volume is separated slice by slice; sections that overlap are one object.
        """
        return slice_by_slice(inside.shape, lambda at: self._section(values[:, at], inside[at], settings))

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """Affinities are encoded again; foreground and distance are as those of log-distance."""
        target, weight = encoded_again(self, patch)
        ends = [0, -1]
        two = Patch(**{**vars(patch), "target": patch.target[ends], "weight": patch.weight[ends]})
        target[ends], weight[ends] = LogDistance().in_patch(two)
        return target, weight

    def _section(self, values: Values, inside: Mask, settings: DecodeSettings) -> Labels:
        height = instances.smooth_distance(values[-1])
        inside = inside & (height >= settings.edge) if settings.edge else inside
        parts = basins(height, inside, settings.prominence)
        count = int(parts.max(initial=0))
        if count < 2:
            return parts.astype(np.uint32)
        keys, total, many = self._between(values[1:-1], parts, count + 1)
        touch = np.unique(np.concatenate([_crossing(parts, offset, count + 1)[0] for offset in _TOUCH]))
        beside = np.isin(keys, touch)
        joined = linked(
            count + 1, np.stack(np.divmod(keys, count + 1), 1)[beside], total[beside], many[beside], settings.split
        )
        return np.asarray(joined[parts], np.uint32)

    def _between(self, pairs: Values, parts: np.ndarray, base: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of two basins each (as one key, ascending): the sum of affinities between them, and of how many pairs."""
        keys, said = [], []
        for channel, offset in zip(pairs, self.offsets, strict=True):
            key, crossing = _crossing(parts, offset, base)
            keys.append(key)
            said.append(np.asarray(channel[pairs_inside(parts.shape, offset)[0]], np.float32)[crossing])
        every, place = np.unique(np.concatenate(keys), return_inverse=True)
        return every, np.bincount(place, np.concatenate(said), len(every)), np.bincount(place, minlength=len(every))


def _crossing(parts: np.ndarray, offset: Triple, base: int) -> tuple[np.ndarray, np.ndarray]:
    """The key of each pair of voxels that lie in two basins, and which pairs these are."""
    a, b = (parts[one].astype(np.int64) for one in pairs_inside(parts.shape, offset))
    crossing = (a != b) & (a > 0) & (b > 0)
    a, b = a[crossing], b[crossing]
    return np.minimum(a, b) * base + np.maximum(a, b), crossing


def linked(count: int, pairs: np.ndarray, total: np.ndarray, many: np.ndarray, least: float) -> np.ndarray:
    """New numbers of ``count`` clusters, of which the two with the highest mean are joined while it is ``least``.

    ``pairs`` (n, 2) are clusters that touch, with the sum of what ``many`` voxels say of them. The first stays 0.
    """
    around: list[dict[int, tuple[float, int]]] = [{} for _ in range(count)]
    heap = []
    for (a, b), said, n in zip(pairs.tolist(), total.tolist(), many.tolist(), strict=True):
        around[a][b] = around[b][a] = (said, n)
        heap.append((-said / n, a, b, n))
    heapq.heapify(heap)
    parent = list(range(count))
    while heap and -heap[0][0] >= least:
        _, a, b, n = heapq.heappop(heap)
        if parent[a] != a or parent[b] != b or around[a].get(b, (0.0, 0))[1] != n:
            continue  # one of them is part of another by now
        if len(around[a]) < len(around[b]):
            a, b = b, a
        parent[b] = a
        del around[a][b]
        for other, (said, number) in around[b].items():
            if other == a:
                continue
            before, had = around[a].get(other, (0.0, 0))
            around[a][other] = around[other][a] = (before + said, had + number)
            del around[other][b]
            heapq.heappush(heap, (-(before + said) / (had + number), a, other, had + number))
        around[b] = {}
    names = np.arange(count)
    for i in range(count):
        at = i
        while parent[at] != at:
            at = parent[at]
        names[i] = at
    return np.unique(names, return_inverse=True)[1]
