"""Where voxels lie in a patient or a scanner: affines and the letters of directions.

An affine here is 4 x 4 and leads from voxels (x, y, z) to millimetres to the right, to the front and up (RAS), as
NIfTI has it. DICOM and ITK say left, posterior, superior (LPS): `from_lps` turns theirs into ours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.units import are_steps

Affine = NDArray[np.float64]

_FLAT = 1e-4  # of the volume that voxels of such edges have at right angles
_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


def affine_of(directions: NDArray[Any], origin: NDArray[Any]) -> Affine:
    """4 x 4 from one column for each voxel axis (3 x 3, with the length of a step) and the first voxel's place."""
    affine = np.eye(4)
    affine[:3, :3] = directions
    affine[:3, 3] = origin
    return affine


def from_lps(affine: Affine) -> Affine:
    """An affine to left, posterior, superior as one to right, anterior, superior, and the other way around."""
    return np.asarray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def letters(affine: Affine) -> str:
    """Where x, y and z point to, such as "RAS" or "LPS"; "?" for an axis without a direction.

    Oblique axes get the letter that they are closest to, each direction being given once, the clearest first.
    """
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / np.where(lengths > 0, lengths, 1)
    found = ["?"] * 3
    left = np.abs(cosines)
    for _ in range(3):
        world, voxel = np.unravel_index(int(np.argmax(left)), (3, 3))
        if left[world, voxel] <= 0:
            break
        found[voxel] = _LETTERS[world][int(cosines[world, voxel] > 0)]
        left[world], left[:, voxel] = 0, 0
    return "".join(found)


def is_usable(affine: Affine) -> bool:
    """Whether an affine says where each voxel lies: finite, with steps that can be, in three directions."""
    if not np.isfinite(affine).all() or not are_steps(steps_of(affine)):
        return False
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(abs(np.linalg.det(directions)) > _FLAT)


def why_unusable(what: str, name: str, instead: str = "") -> str:
    """One sentence on an affine of a file that is not usable, and what is done instead."""
    instead = instead or "only its voxel size is known, labels cannot be laid over it in a scanner"
    return f"The {what} of {name} cannot be right (zero, flat or not a number): {instead}."


def of_one_slice(affine: Affine, thickness: float = 1.0) -> Affine:
    """The affine of one slice; one that does not say how thick the slice is gets ``thickness`` along its normal."""
    if affine[:3, 2].any():
        return affine
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal *= thickness / (np.linalg.norm(normal) or 1.0)
    return affine_of(np.column_stack([affine[:3, :2], normal]), affine[:3, 3])


def steps_of(affine: Affine) -> tuple[float, float, float]:
    """The distance between voxels along (z, y, x)."""
    x, y, z = (math.hypot(*column) for column in np.asarray(affine, float)[:3, :3].T.tolist())
    return z, y, x


def affine_metadata(affine: Affine) -> dict[str, Any]:
    """What `Volume.metadata` says of an affine."""
    return {"affine": np.asarray(affine, float).tolist(), "orientation": letters(affine)}
