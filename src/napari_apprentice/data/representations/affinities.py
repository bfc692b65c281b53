"""Foreground, and for pairs of voxels whether both belong to one object; the mutex watershed makes objects.

Wolf et al., "The Mutex Watershed", ECCV 2018 and TPAMI 2020: pairs of neighbours attract, pairs further apart repel;
from the surest pair down, two clusters are joined unless a pair between them has said never.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from napari_apprentice.data.geometry.offsets import Slices, pairs_inside
from napari_apprentice.data.labels.corrections import (
    AS_LABELLED,
    BACKGROUND,
    Confirmed,
    Labels,
    Mask,
    rank_ids,
    rim,
    whole_sections,
)
from napari_apprentice.data.representations.instances import (
    FOREGROUND,
    InstanceRepresentation,
    encode_foreground,
    slice_by_slice,
)
from napari_apprentice.data.representations.representation import EVEN, Channel, Spacing, Values
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DecodeSettings, Triple

try:
    from bioimage_cpp.segmentation import mutex_watershed
except ImportError:  # no wheel for Linux on ARM
    mutex_watershed = None

_NEAR: dict[int, tuple[Triple, ...]] = {2: ((0, 1, 0), (0, 0, 1)), 3: ((1, 0, 0), (0, 1, 0), (0, 0, 1))}
_FAR: dict[int, tuple[Triple, ...]] = {
    2: ((0, 3, 0), (0, 0, 3), (0, 9, 0), (0, 0, 9), (0, 6, 6), (0, 6, -6)),
    3: ((2, 0, 0), (0, 3, 0), (0, 0, 3), (4, 0, 0), (0, 6, 0), (0, 0, 6), (0, 4, 4), (0, 4, -4)),
}
_MISSING = (
    "Objects made of affinities need the package bioimage-cpp, which is not installed: "
    "install it, or use a model that tells objects apart otherwise."
)
_STRIDE = 2  # every second voxel along y and x repels: a quarter of the time, hardly another result


@dataclass(frozen=True)
class Affinities(InstanceRepresentation):
    """Foreground, affinities of neighbours along each axis, and affinities over 3 to 9 voxels (2 and 4 along z).

    How much more repelling counts than attracting is fitted. Pairs are so many voxels apart in the network's grid, and
    in no other.
    """

    dims: Literal[2, 3] = 2
    name = "affinities"
    choices = {"foreground": FOREGROUND, "split": (0.3, 0.4, 0.5, 0.6, 0.7)}
    interpolates = False
    encoded_again = True
    decoding_bytes = 300

    @property
    def offsets(self) -> tuple[Triple, ...]:
        """From a voxel to its partner, for each channel after the first; the nearest first."""
        return _NEAR[self.dims] + _FAR[self.dims]

    @property
    def near(self) -> int:
        """How many of the offsets, the first, are those of neighbours."""
        return len(_NEAR[self.dims])

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Foreground and one for each offset."""
        return Channel("foreground"), *(Channel(f"with {' '.join(map(str, offset))}") for offset in self.offsets)

    def why_not(self) -> str:
        """Where the package with the mutex watershed is not installed."""
        return "" if mutex_watershed is not None else _MISSING

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight: 1 for two voxels of one object, 0 for two objects and wherever background is one of both.

        Known where both voxels are confirmed, where one is confirmed background, and between a whole section and
        its rim. A pair that leaves the image is not known.
        """
        target, weight = encode_foreground(labels, confirmed, len(self.channels))
        for channel, pairs in enumerate(pairs_told(labels, confirmed, self.offsets, whole), 1):
            target[channel][pairs.place] = pairs.same
            weight[channel][pairs.place] = pairs.known | pairs.at_rim
        return target, weight

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """The mutex watershed inside the foreground; ``split`` weighs repelling pairs, 0.5 as much as attracting ones.

        What pairs in the plane say of a volume is separated slice by slice; sections that overlap are one object.

        Raises
        ------
        UserError
            Where the package with the mutex watershed is not installed.
        """
        if problem := self.why_not():
            raise UserError(problem)
        if self.dims == 3 or len(inside) == 1:
            return self._clusters(values, inside, settings)
        return slice_by_slice(inside.shape, lambda at: self._clusters(values[:, at], inside[at], settings))

    def _clusters(self, values: Values, inside: Mask, settings: DecodeSettings) -> Values:
        flat = inside.shape[0] == 1
        used = [not (flat and offset[0]) for offset in self.offsets]
        offsets = [offset for offset, use in zip(self.offsets, used, strict=True) if use]
        near = sum(used[: self.near])
        pairs = np.array(values[1:][used], np.float32)
        pairs[near:] = 1.0 - pairs[near:]
        # a bias of both, as logits would have it: which of two sure pairs comes first
        pairs[:near] *= 2 * (1 - settings.split)
        pairs[near:] *= 2 * settings.split
        found = mutex_watershed(
            pairs[:, 0] if flat else pairs,
            [offset[1:] for offset in offsets] if flat else offsets,
            near,
            strides=(_STRIDE, _STRIDE) if flat else (1, _STRIDE, _STRIDE),
            mask=inside[0] if flat else inside,
        )
        return np.asarray(found, np.int64).reshape(inside.shape)


class Pairs(NamedTuple):
    """Pairs of voxels one offset apart, each where the first one lies (``place``).

    ``same``: both belong to one object. ``known``: both are confirmed, or one is background; ``of_objects``: and the
    other, or one, is of an object. ``at_rim``: one is of a whole section and the other in the unknown rim around it.
    """

    place: Slices
    same: Mask
    known: Mask
    of_objects: Mask
    at_rim: Mask


def pairs_told(
    labels: Labels, confirmed: Confirmed, offsets: Sequence[Triple], whole: Mask | None = None
) -> Iterator[Pairs]:
    """What labels (Z, Y, X) and what is confirmed of them tell of pairs, offset by offset; ``whole`` as in `encode`."""
    ids = np.where(confirmed == AS_LABELLED, rank_ids(labels)[1], 0)
    sure, empty = confirmed == AS_LABELLED, confirmed == BACKGROUND
    here = whole_sections(labels, confirmed)
    here = here if whole is None else here & whole
    around = rim(labels, confirmed, whole=here)
    for offset in offsets:
        a, b = pairs_inside(labels.shape, offset)
        known = (sure[a] & sure[b]) | empty[a] | empty[b]
        rims = (here[a] & around[b]) | (around[a] & here[b]) if offset[0] == 0 else np.zeros_like(known)
        yield Pairs(a, (ids[a] == ids[b]) & (ids[a] > 0), known, known & (sure[a] | sure[b]), rims)
