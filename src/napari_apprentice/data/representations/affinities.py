"""Foreground, and for pairs of voxels whether both belong to one object; the mutex watershed makes objects.

Wolf et al., "The Mutex Watershed", ECCV 2018 and TPAMI 2020: pairs of neighbours attract, pairs further apart repel;
from the surest pair down, two clusters are joined unless a pair between them has said never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, ranked, rim, whole_sections
from napari_apprentice.data.instances import without_weak
from napari_apprentice.data.representations.representation import EVEN, Spacing, foreground
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DecodeSettings, RepresentationName, Triple

try:
    from bioimage_cpp.segmentation import mutex_watershed
except ImportError:  # no wheel for Linux on ARM
    mutex_watershed = None

_NEAR: dict[int, tuple[Triple, ...]] = {2: ((0, 1, 0), (0, 0, 1)), 3: ((1, 0, 0), (0, 1, 0), (0, 0, 1))}
_FAR: dict[int, tuple[Triple, ...]] = {
    2: ((0, 3, 0), (0, 0, 3), (0, 9, 0), (0, 0, 9), (0, 6, 6), (0, 6, -6)),
    3: ((2, 0, 0), (0, 3, 0), (0, 0, 3), (4, 0, 0), (0, 6, 0), (0, 0, 6), (0, 4, 4), (0, 4, -4)),
}
_STRIDE = 2  # every second voxel along y and x repels: a quarter of the time, hardly another result


@dataclass(frozen=True)
class Affinities:
    """Foreground, affinities of neighbours along each axis, and affinities over 3 to 9 voxels (2 and 4 along z)."""

    dims: Literal[2, 3] = 2
    name: RepresentationName = "affinities"
    vectors: int = 0
    turns: bool = True

    @property
    def offsets(self) -> tuple[Triple, ...]:
        """From a voxel to its partner, for each channel after the first; the nearest first."""
        return _NEAR[self.dims] + _FAR[self.dims]

    @property
    def channels(self) -> int:
        """Foreground and one for each offset."""
        return 1 + len(self.offsets)

    @property
    def chances(self) -> int:
        """All."""
        return self.channels

    @property
    def choices(self) -> Mapping[str, tuple[float, ...]]:
        """How much more repelling counts than attracting."""
        return {"split": (0.3, 0.4, 0.5, 0.6, 0.7)}

    def encode(self, labels: np.ndarray, vouched: np.ndarray, spacing: Spacing = EVEN) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight: 1 for two voxels of one object, 0 for two objects and wherever background is one of both.

        Known where both voxels are vouched for, where one is vouched background, and between a whole section and
        its rim. A pair that leaves the image is not known.
        """
        target, weight = foreground(labels, vouched, self.channels)
        ids = np.where(vouched == AS_LABELLED, ranked(labels)[1], 0)
        sure, empty = vouched == AS_LABELLED, vouched == BACKGROUND
        whole, around = whole_sections(labels, vouched), rim(labels, vouched)
        for channel, offset in enumerate(self.offsets, 1):
            a, b = _ends(labels.shape, offset)
            target[channel][a] = (ids[a] == ids[b]) & (ids[a] > 0)
            known = (sure[a] & sure[b]) | empty[a] | empty[b]
            if offset[0] == 0:
                known |= (whole[a] & around[b]) | (around[a] & whole[b])
            weight[channel][a] = known
        return target, weight

    def decode(self, prediction: np.ndarray, settings: DecodeSettings, spacing: Spacing = EVEN) -> np.ndarray:
        """The mutex watershed inside the foreground; ``split`` weighs repelling pairs, 0.5 as much as attracting ones.

        Raises
        ------
        UserError
            Where the package with the mutex watershed is not installed.
        """
        if mutex_watershed is None:
            raise UserError(
                "Objects made of affinities need the package bioimage-cpp, which is not installed: "
                "install it, or use a model of another representation."
            )
        probability = np.asarray(prediction[0], np.float32)
        inside = probability >= settings.foreground
        near = len(_NEAR[self.dims])
        pairs = np.array(prediction[1:], np.float32)
        pairs[near:] = 1.0 - pairs[near:]
        # a bias of both, as logits would have it: which of two sure pairs comes first
        pairs[:near] *= 2 * (1 - settings.split)
        pairs[near:] *= 2 * settings.split
        flat = inside.shape[0] == 1
        offsets = [offset[1:] if flat else offset for offset in self.offsets if not (flat and offset[0])]
        pairs = pairs[[not (flat and offset[0]) for offset in self.offsets]]
        strides = (_STRIDE, _STRIDE) if flat else (1, _STRIDE, _STRIDE)
        found = mutex_watershed(
            pairs[:, 0] if flat else pairs,
            offsets,
            sum(1 for offset in offsets if sum(offset) == 1),
            strides=strides,
            mask=inside[0] if flat else inside,
        )
        return without_weak(found.reshape(inside.shape).astype(np.int64), probability, settings)


def _ends(shape: tuple[int, ...], offset: Triple) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices of the first and of the second voxels of all pairs inside an array."""
    first = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(offset, shape, strict=True))
    second = tuple(slice(max(0, d), n + min(0, d)) for d, n in zip(offset, shape, strict=True))
    return first, second
