"""Where voxels lie in a patient or a scanner: affines and the letters of directions.

An affine here is 4 x 4 and leads from voxels (x, y, z) to millimetres to the right, to the front and up (RAS), as
NIfTI has it. DICOM and ITK say left, posterior, superior (LPS): `from_lps` turns theirs into ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]

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


def steps_of(affine: Affine) -> tuple[float, float, float]:
    """The distance between voxels along (z, y, x)."""
    x, y, z = (float(step) for step in np.linalg.norm(affine[:3, :3], axis=0))
    return z, y, x


def affine_metadata(affine: Affine) -> dict[str, Any]:
    """What `Volume.metadata` says of an affine."""
    return {"affine": np.asarray(affine, float).tolist(), "orientation": letters(affine)}
