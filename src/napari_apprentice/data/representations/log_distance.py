"""Foreground and log-distance to the own outline in the plane; basins of it are objects. See `labels/instances`."""

from __future__ import annotations

from dataclasses import dataclass

import edt
import numpy as np

from napari_apprentice.data.labels import instances
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.representations.instances import FOREGROUND, InstanceRepresentation
from napari_apprentice.data.representations.patch import Patch
from napari_apprentice.data.representations.representation import EVEN, Channel, Spacing, Values
from napari_apprentice.settings import DecodeSettings


@dataclass(frozen=True)
class LogDistance(InstanceRepresentation):
    """Two channels. Distances count in whole sections of objects, slice by slice.

    How far a peak rises above the pass to the next, and from which distance a voxel is inside, are fitted.
    """

    name = "log-distance"
    channels = Channel("foreground"), Channel("log-distance", "number", lowest=0.0)
    distance = 1
    choices = {"foreground": FOREGROUND, "prominence": (0.1, 0.2, 0.3, 0.4, 0.55), "edge": (0.0, 0.3, 0.5)}

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight; distances are in pixels of the plane, whatever the spacing."""
        return instances.encode(labels, confirmed, whole)

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """Basins that rise by ``prominence``."""
        return instances.separate(values, inside, settings)

    def decode(self, values: Values, settings: DecodeSettings, spacing: Spacing = EVEN) -> Labels:
        """As every representation of objects, block by block."""
        return instances.decode(values, settings, spacing)

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """Distances grow with the patch; in one that was bent or tilted they are measured again."""
        if patch.bent:
            return measured_again(patch)
        target = patch.target.copy()
        target[1] = rescale_distance(target[1], patch.scale)
        return target, patch.weight


def rescale_distance(log_distance: np.ndarray, scale: float) -> np.ndarray:
    """Log-distance after magnifying the image by `scale`; the outline is half a voxel from a border voxel's centre."""
    out = log_distance.copy()
    inside = log_distance > 0
    out[inside] = np.log1p(np.maximum((np.expm1(log_distance[inside]) - 0.5) * scale + 0.5, 0.25))
    return out


def measured_again(patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Distances, and where they count, in a patch that was bent or tilted: no factor turns the old ones into these.

    They are measured in the warped labels, (Z, Y, X). A voxel keeps its weight only when it is nearer to the outline
    it sees than to anything unknown or to the patch's border, behind which a nearer one may lie: then the distance is
    exact. Distances where there is no label (a parent's, which stand in) change with size only; mild bends leave them
    wrong by some percent, which is less than the parent was.
    """
    if patch.labels is None:
        raise ValueError("distances can only be measured again with labels: give the source its labels")
    target, weight = patch.target.copy(), patch.weight.copy()
    target[1] = rescale_distance(target[1], patch.scale)
    known = (weight[1] > 0) | (weight[0] > 0)
    for z in np.flatnonzero(patch.labels.max(axis=(1, 2)) > 0):
        ids = patch.labels[z].astype(np.uint32)
        inside = ids > 0
        own = edt.edt(ids, black_border=False, parallel=1)
        unknown = edt.edt(known[z], black_border=True, parallel=1)
        target[1, z][inside] = np.log1p(np.minimum(own, max(ids.shape)))[inside]
        weight[1, z][inside & (own >= unknown)] = 0.0
    return target, weight
