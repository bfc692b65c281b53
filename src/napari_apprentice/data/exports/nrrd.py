"""NRRD with the image's place in the patient (LPS, as ITK and 3D Slicer write it), or with its spacing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.image import orientation
from napari_apprentice.data.provenance import KEY
from napari_apprentice.data.storage.atomic_write import atomic_write


def write(path: Path, export: ExportRequest) -> None:
    """Write (X, Y, Z) or (X, Y, Z, T), gzipped."""
    import nrrd

    voxels = export.compact.transpose(3, 2, 1, 0)
    times = voxels.shape[3] > 1
    voxels = voxels if times else voxels[..., 0]
    with atomic_write(path) as part:
        nrrd.write(str(part), np.asfortranarray(voxels), _header(export, times), index_order="F")


def _header(export: ExportRequest, times: bool) -> dict[str, Any]:
    affine = export.affine
    header: dict[str, Any] = {"encoding": "gzip", "kinds": ["domain"] * 3 + ["list"] * times}
    header[KEY] = export.provenance.text()
    if affine is None:
        directions = np.diag(list(reversed(export.image.spacing)))
        header |= {"space dimension": 3, "space units": [export.image.unit] * 3}
    else:
        turned = orientation.from_lps(affine)
        directions = turned[:3, :3].T
        header |= {"space": "left-posterior-superior", "space origin": turned[:3, 3]}
    header["space directions"] = np.vstack([directions, np.full((int(times), 3), np.nan)])
    return header
