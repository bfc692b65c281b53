"""NIfTI through nibabel: voxels as stored, spacing, unit, affine and orientation.

A NIfTI array is (X, Y, Z, T, C); ours is (T, C, Z, Y, X), so that axes change their order and no axis its direction.
``Volume.metadata`` keeps the way back to the scanner: ``affine``, 4 x 4, from voxels (x, y, z) to millimetres, and
``orientation``, the letters of where x, y and z point ("RAS": to the right, to the front, up).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.axes import to_volume
from napari_apprentice.data.units import PIXEL, plain_unit
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".nii", ".nii.gz")
_AXES = "XYZTC"
_SPACE_UNIT = "mm"  # what the format means where a file does not say, and what its affine is in
_BEST_COMPRESSION = 2000  # a file that claims more is damaged and would fill the memory


def read(path: Path) -> Volume:
    """Read a volume, a series of volumes or an RGB image."""
    import nibabel  # half a second, only for who opens such a file

    image: Any = nibabel.load(path)
    if not isinstance(image, nibabel.Nifti1Pair):
        raise UserError(f"{path} is a {type(image).__name__}, not an image of voxels: choose another file.")
    _refuse_nonsense(path, image)
    pixels, axes = _pixels(image)
    volume = to_volume(pixels, axes, *_spacing(image.header), name=_stem(path), source=str(path))
    affine = np.asarray(image.affine, float)
    letters = "".join(letter or "?" for letter in nibabel.aff2axcodes(affine))
    return replace(volume, metadata={**volume.metadata, "affine": affine.tolist(), "orientation": letters})


def _refuse_nonsense(path: Path, image: Any) -> None:
    shape, itemsize = image.shape, image.get_data_dtype().itemsize
    if not 2 <= len(shape) <= len(_AXES):
        raise UserError(f"{path} has {len(shape)} axes: a NIfTI image has 2 to {len(_AXES)}; choose another file.")
    size = int(np.prod(shape, dtype=float)) * itemsize
    if size == 0:
        raise UserError(f"The image in {path} is empty (shape {tuple(shape)}): open another one.")
    if size > _BEST_COMPRESSION * path.stat().st_size:
        raise UserError(f"{path} claims {size / 1e9:.3g} GB in a file of {path.stat().st_size} bytes: it is damaged.")


def _pixels(image: Any) -> tuple[NDArray[Any], str]:
    """Intensities as the header scales them; whole numbers that it scales become float32."""
    pixels = np.asanyarray(image.dataobj)
    axes = _AXES[: pixels.ndim]
    if pixels.dtype.names:  # red, green, blue (and alpha), one byte each
        pixels = np.stack([pixels[name] for name in pixels.dtype.names], axis=-1)
        axes += "S"
    elif pixels.dtype == np.float64 and image.get_data_dtype() != np.float64:
        pixels = pixels.astype(np.float32)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False), axes


def _spacing(header: Any) -> tuple[tuple[float, float, float], str]:
    """Spacing (z, y, x) and its unit; 1 pixel where the file tells nonsense."""
    steps = [*(float(step) for step in header.get_zooms()[:3]), 1.0][:3]
    if not all(np.isfinite(step) and step > 0 for step in steps):
        return (1.0, 1.0, 1.0), PIXEL
    unit = str(header.get_xyzt_units()[0])
    x, y, z = steps
    return (z, y, x), _SPACE_UNIT if unit == "unknown" else plain_unit(unit)


def _stem(path: Path) -> str:
    return next(path.name[: -len(end)] for end in SUFFIXES[::-1] if path.name.lower().endswith(end))
