"""NIfTI with the image's affine, or with its spacing along x, y and z."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.files.nifti import LIBRARY
from napari_apprentice.data.files.planes import library
from napari_apprentice.data.image.units import PIXEL, micrometers
from napari_apprentice.data.provenance import KEY
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError

_LONGEST = 32767
_ROUNDING = 1e-4  # of the longest step; a file has them as float32
_UNITS = {"um": "micron", "mm": "mm", "m": "meter", PIXEL: "unknown"}


def write(path: Path, export: ExportRequest) -> None:
    """Write (X, Y, Z) or (X, Y, Z, T) in the smallest unsigned type."""
    nibabel = library(*LIBRARY)
    voxels = export.compact.transpose(3, 2, 1, 0)
    voxels = voxels if voxels.shape[3] > 1 else voxels[..., 0]
    if max(voxels.shape) > _LONGEST:
        raise UserError(f"NIfTI holds at most {_LONGEST} voxels along an axis: write {path.name} as .nrrd or .tif.")
    unit, affine, lies = "mm", export.affine, "scanner"
    if affine is None:
        (unit, affine), lies = _by_spacing(export), "unknown"
    image: Any = nibabel.Nifti1Image(np.ascontiguousarray(voxels), affine, dtype=voxels.dtype)
    image.header.set_xyzt_units(unit)
    image.set_qform(affine, code=lies)
    turned, wanted = image.header.get_qform()[:3, :3], affine[:3, :3]
    if not np.allclose(turned, wanted, rtol=0, atol=_ROUNDING * np.abs(wanted).max()):
        image.header["qform_code"] = 0  # it cannot say what is sheared: programs that prefer it would lie elsewhere
    image.set_sform(affine, code=lies)
    told = f"{KEY} {export.provenance.text()}".encode("ascii")
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", told))
    with atomic_write(path) as part:
        nibabel.save(image, part)


def _by_spacing(export: ExportRequest) -> tuple[str, np.ndarray]:
    """The unit as the format spells it; what it has no word for becomes millimetres."""
    factor, unit = 1.0, _UNITS.get(export.image.unit)
    if unit is None:
        factor, unit = (micrometers(export.image.unit) or 1.0) / 1000, "mm"
    return unit, np.diag([*(factor * step for step in reversed(export.image.spacing)), 1.0])
