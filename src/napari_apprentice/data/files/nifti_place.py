"""Where the voxels of a NIfTI, MGH, MINC or Analyze file lie, and how far they are apart: the standard's one answer.

The sform where its code says that there is one, else the qform, else pixdim, which tells sizes only
(https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields, methods 3, 2 and 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_apprentice.data.image import orientation
from napari_apprentice.data.image.orientation import Affine
from napari_apprentice.data.image.units import PIXEL, are_steps, millimeters, plain_unit

_SPACE_UNIT = "mm"  # what the format means where a file does not say, and what its affine is in
_COSINES = (
    "affine"  # made of direction cosines and sizes, in the other formats: sizes count, whatever length cosines have
)
_SAME = 0.01  # of a step: more than rounding

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class VoxelPlace:
    """Spacing (z, y, x) in ``unit``; the affine to millimetres, None where the file tells none; notes for people."""

    spacing: Spacing
    unit: str
    affine: Affine | None = None
    notes: tuple[str, ...] = ()


def place_of(image: Any, name: str) -> VoxelPlace:
    """Where the voxels of an image of nibabel lie; ``name`` is that of its file, for notes."""
    one_slice = len(image.shape) < 3 or image.shape[0 if is_minc(image) else 2] == 1
    sizes, unit = _sizes(image, one_slice=one_slice), _unit(image)
    told = _told(image, sizes)
    tried = [(form, _usable(read, sizes, one_slice=one_slice)) for form, read in told]
    usable = [(form, affine) for form, affine in tried if affine is not None]
    if not usable:
        notes = [orientation.why_unusable(" and ".join(form for form, _ in told), name)] if told else []
        known = are_steps(sizes)
        return VoxelPlace(sizes if known else (1.0, 1.0, 1.0), unit if known else PIXEL, None, tuple(notes))
    form, affine = usable[0]
    notes = [] if form == told[0][0] else [orientation.why_unusable(told[0][0], name, f"its {form} is used")]
    counts = form == _COSINES and are_steps(sizes)
    spacing = sizes if counts else orientation.steps_of(affine)
    by_form, by_size = (spacing[1:], sizes[1:]) if one_slice else (spacing, sizes)
    if are_steps(by_size) and not np.allclose(by_form, by_size, rtol=_SAME):
        which = f"{_words(spacing)} by its {form}, which counts, and {_words(sizes)} by pixdim"
        notes.append(f"Voxels of {name} are {which}.")
    factor = millimeters(unit)
    return VoxelPlace(spacing, unit, np.asarray(np.diag([factor, factor, factor, 1.0]) @ affine), tuple(notes))


def is_minc(image: Any) -> bool:
    """MINC is (T, Z, Y, X), the only one of these formats that is."""
    return "Minc" in type(image).__name__


def _told(image: Any, sizes: Spacing) -> list[tuple[str, Callable[[], Any]]]:
    """The affines that a file says it has, the one that counts first; reading one may fail."""
    if "Nifti" not in type(image).__name__:
        return [(_COSINES, lambda: image.affine[:, [2, 1, 0, 3]] if is_minc(image) else image.affine)]
    header = image.header
    forms = {"sform": header.get_sform, "qform": lambda: header.get_qform() * are_steps(sizes)}
    return [(form, read) for form, read in forms.items() if int(header[f"{form}_code"]) > 0]


def _usable(read: Callable[[], Any], sizes: Spacing, *, one_slice: bool) -> Affine | None:
    """The affine if it can be right; that of one slice need not say how thick it is."""
    try:
        affine = np.asarray(read(), float)
    except ValueError:  # no rotation: its quaternion is none
        return None
    if one_slice:
        affine = orientation.of_one_slice(affine, sizes[0] if are_steps(sizes[:1]) else 1.0)
    return affine if orientation.is_usable(affine) else None


def _sizes(image: Any, *, one_slice: bool) -> Spacing:
    """The size of a voxel (z, y, x) as the header has it; 1 for axes that there are not.

    What nibabel makes of a size of 0 is 1, which nobody measured.
    """
    from nibabel.analyze import AnalyzeHeader

    zooms = [float(step) for step in image.header.get_zooms()]
    if isinstance(image.header, AnalyzeHeader):  # NIfTI's is one, too
        file = image.file_map.get("header") or image.file_map["image"]
        with file.get_prepare_fileobj("rb") as opened:
            written = type(image.header).from_fileobj(opened, check=False)
        zooms = [abs(float(step)) for step in written["pixdim"][1:4]][: len(zooms)]
    x, y, z = [*(zooms[:-4:-1] if is_minc(image) else zooms[:3]), 1.0][:3]
    return 1.0 if one_slice and z == 0 else z, y, x


def _unit(image: Any) -> str:
    unit = str(image.header.get_xyzt_units()[0]) if hasattr(image.header, "get_xyzt_units") else "unknown"
    return _SPACE_UNIT if unit == "unknown" else plain_unit(unit)


def _words(spacing: Spacing) -> str:
    return " x ".join(f"{step:.4g}" for step in spacing)
