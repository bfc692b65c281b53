"""Foreground, depth below the own outline and distance from the own centre; a watershed from seeds makes objects.

Both are shares of their largest value in the object, so that one threshold fits small and big ones. Distances are
those of the whole object, in all dimensions. Micro-sam (Archit et al., Nature Methods 2025) learns such a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import edt
import numpy as np
from scipy import ndimage

from napari_apprentice.data.geometry.basins import flood
from napari_apprentice.data.labels.corrections import BACKGROUND, Confirmed, Labels, Mask, rank_ids, rim, whole_objects
from napari_apprentice.data.representations.instances import FOREGROUND, InstanceRepresentation, encode_foreground
from napari_apprentice.data.representations.patch import Patch, encoded_again
from napari_apprentice.data.representations.representation import EVEN, Channel, Spacing, Values
from napari_apprentice.settings import DecodeSettings

_SMOOTH = 0.7  # voxels in the plane, as for log-distance


@dataclass(frozen=True)
class DepthAndCentre(InstanceRepresentation):
    """Three channels: foreground; depth, 1 where an object is deepest; distance from its centre, 1 where furthest.

    How deep and central a seed lies is fitted.
    """

    name = "depth-and-centre"
    channels = (
        Channel("foreground"),
        Channel("depth", "number", lowest=0.0),
        Channel("distance from the centre", "number", None, 0.0),
    )
    choices = {"foreground": FOREGROUND, "split": (0.3, 0.4, 0.5, 0.6, 0.7)}

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight: both distances count in whole objects, depth also in background and rim, where it is 0.

        There is no centre to be far from in background: it counts only inside.
        """
        target, weight = encode_foreground(labels, confirmed, 3)
        here = whole_objects(labels, confirmed)
        here = here if whole is None else here & whole
        ids = np.where(here, rank_ids(labels)[1], 0).astype(np.uint32)
        weight[1] = (confirmed == BACKGROUND) | here | rim(labels, confirmed)
        weight[2] = here
        if here.any():
            depth = edt.edt(np.ascontiguousarray(ids), anisotropy=spacing, black_border=False, parallel=1)
            depth = np.minimum(depth, max(labels.shape) * max(spacing))  # one object that fills all has no outline
            target[1] = _share(depth, ids)
            target[2] = _share(from_centre(ids, spacing), ids)
        return target, weight

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """Seeds are deep and central, both by at least ``split``; they grow over the foreground, deepest first."""
        depth, away = np.asarray(values[1:], np.float32)
        depth, away = (ndimage.gaussian_filter(one, (0.0, _SMOOTH, _SMOOTH), truncate=2.5) for one in (depth, away))
        marks, count = ndimage.label((np.minimum(depth, 1 - away) >= settings.split) & inside)
        rest, _ = ndimage.label(inside)
        seeded = np.zeros(int(rest.max()) + 1, bool)
        seeded[rest[marks > 0]] = True
        alone = inside & ~seeded[rest]  # a piece without a seed is one object
        marks[alone] = count + rest[alone]
        return flood(depth, marks.astype(np.int32), inside)

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """Shares stay as they are; in a patch that was bent they are encoded again."""
        return encoded_again(self, patch) if patch.bent else (patch.target, patch.weight)


def from_centre(ids: np.ndarray, spacing: Spacing) -> np.ndarray:
    """Distance (Z, Y, X) of each voxel of an object from the voxel that `centres` gives; 0 outside."""
    at = np.argwhere(ids > 0)
    middle = centres(ids)[ids[tuple(at.T)]]
    out = np.zeros(ids.shape, np.float32)
    out[tuple(at.T)] = np.sqrt((((at - middle) * spacing) ** 2).sum(axis=1))
    return out


def centres(ids: np.ndarray) -> np.ndarray:
    """The voxel of each object nearest to its centre of mass, (n + 1, 3) by id; unused ids have (0, 0, 0)."""
    at = np.argwhere(ids > 0)
    mine = ids[tuple(at.T)].astype(np.int64)
    size = np.maximum(np.bincount(mine, minlength=int(ids.max(initial=0)) + 1), 1)
    mass = np.stack([np.bincount(mine, axis, minlength=len(size)) / size for axis in at.T], axis=1)
    away = ((at - mass[mine]) ** 2).sum(axis=1)
    order = np.lexsort((away, mine))
    first = order[np.r_[True, mine[order][1:] != mine[order][:-1]]] if len(order) else order
    found = np.zeros((len(size), 3), np.int64)
    found[mine[first]] = at[first]
    return found


def _share(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Values over the largest of each object; 0 outside."""
    inside = ids > 0
    most = np.zeros(int(ids.max(initial=0)) + 1, np.float32)
    np.maximum.at(most, ids[inside], values[inside])
    return np.asarray(np.where(inside, values / np.maximum(most, 1e-6)[ids], 0.0), np.float32)
