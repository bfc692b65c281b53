"""Masks as Cellpose's own window opens them: ``IMAGE_seg.npy`` beside its image (Cellpose 3 and 4).

A pickled dictionary of plain values and arrays, as `cellpose.gui.io._save_sets` writes it: nothing in it is a class of
ours. There are no flows: Cellpose shows the masks, and cannot change its thresholds for them. Ids are 1, 2, 3 without
gaps, as Cellpose numbers them when it opens a file; which was which is in ``apprentice_ids``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.export import MANY, ExportRequest
from napari_apprentice.data.exports.palette import distinct_colors
from napari_apprentice.data.image.zoom import typical_diameter
from napari_apprentice.data.labels.corrections import rank_ids
from napari_apprentice.data.provenance import shares_of
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError

SUFFIX = "_seg.npy"
PROVENANCE = "apprentice"  # the key under which Cellpose finds nothing that it knows
_USUAL_DIAMETER = 30.0  # Cellpose's
_MOST_SHORT = 2**16 - 2


def write(path: Path, export: ExportRequest) -> None:
    """Write masks of a 2D image (Y, X) or a volume (Z, Y, X); `UserError` for a time series."""
    if export.labels.shape[0] > 1:
        raise UserError(
            f"Cellpose's files hold one time point and {export.image.name} has several: write .tif instead."
        )
    labels = export.labels[0] if export.labels.shape[1] > 1 else export.labels[0, 0]
    names, ranks = rank_ids(labels, MANY)
    values, dense = np.unique(ranks, return_inverse=True)
    ids = names[values] if values[0] == 0 else np.concatenate([[0], names[values]])
    masks = dense.reshape(labels.shape) + int(values[0] != 0)
    count, kind = len(ids) - 1, np.uint16 if len(ids) - 1 <= _MOST_SHORT else np.uint32
    masks = masks.astype(kind)
    sure = {} if export.confirmed is None else shares_of(export.labels, export.confirmed)
    diameter = typical_diameter(masks if masks.ndim == 3 else masks[None]) or _USUAL_DIAMETER
    told: dict[str, Any] = {
        "masks": masks,
        "outlines": masks * inner_outlines(masks),
        "colors": distinct_colors(count),
        "filename": export.image.source or export.image.name,
        "ismanual": np.array([sure.get(int(one), 0.0) == 1.0 for one in ids[1:]], bool),
        "manual_changes": [],
        "chan_choose": [0, 0],
        "est_diam": float(diameter),
        "diameter": float(diameter),
        "flows": [[], [], [], [], [[]]],
        "apprentice_ids": ids[1:].astype(np.uint32),
        PROVENANCE: export.provenance.text(),
    }
    with atomic_write(path) as part, part.open("wb") as file:
        np.save(file, np.array(told, object), allow_pickle=True)


def inner_outlines(masks: NDArray[Any]) -> NDArray[np.bool_]:
    """Voxels of masks (..., Y, X) with another value among their four neighbours in the plane, or at the edge."""
    edge = np.zeros(masks.shape, bool)
    for axis in (-2, -1):
        ahead = np.diff(masks.astype(np.int64), axis=axis) != 0
        first, last = [slice(None)] * masks.ndim, [slice(None)] * masks.ndim
        first[axis], last[axis] = slice(None, -1), slice(1, None)
        edge[tuple(first)] |= ahead
        edge[tuple(last)] |= ahead
        first[axis], last[axis] = slice(0, 1), slice(-1, None)
        edge[tuple(first)] = edge[tuple(last)] = True
    found: NDArray[np.bool_] = edge & (masks > 0)
    return found
