"""Images from files and labels to files, one module per format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import nifti, picture, tiff
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

_READERS: dict[str, Callable[[Path], Volume]] = {
    **dict.fromkeys(tiff.SUFFIXES, tiff.read),
    **dict.fromkeys(picture.SUFFIXES, picture.read),
    **dict.fromkeys(nifti.SUFFIXES, nifti.read),
}
SUFFIXES = frozenset(_READERS)


def suffix_of(path: Path) -> str:
    """The end of a file's name that says its format, in lower case: ".tif", ".nii.gz"."""
    name = path.name.lower()
    return max((suffix for suffix in SUFFIXES if name.endswith(suffix)), key=len, default=path.suffix.lower())


def stem_of(path: Path) -> str:
    """A file's name without `suffix_of`."""
    return path.name[: len(path.name) - len(suffix_of(path))]


def read_image(path: str | Path) -> Volume:
    """Read an image with its axes, spacing and unit.

    Parameters
    ----------
    path
        A TIFF (plain, ImageJ or OME), PNG, JPEG or NIfTI file. A large uncompressed TIFF is memory-mapped.

    Returns
    -------
    Volume
        Pixels (T, C, Z, Y, X) in the machine's byte order.

    Raises
    ------
    UserError
        When the file is missing, damaged, empty or of a format that cannot be read.
    """
    path = Path(path)
    reader = _READERS.get(suffix_of(path))
    if not path.exists():
        raise UserError(f"{path} does not exist: check the path.")
    if path.is_dir():
        raise UserError(f"{path} is a folder, not an image: choose a file in it.")
    if reader is None:
        raise UserError(f"{path} is not an image that can be read ({', '.join(sorted(SUFFIXES))}): convert it first.")
    try:
        return reader(path)
    except UserError as error:
        if path.name in str(error):
            raise
        raise UserError(f"{path}: {error}") from error
    except PermissionError as error:
        raise UserError(f"{path} may not be read ({error.strerror}): change its permissions.") from error
    except Exception as error:  # decoders of damaged files raise anything from TypeError to struct.error
        raise UserError(f"{path} is damaged or not an image ({_short(error)}): get the file again.") from error


def read_labels(path: str | Path) -> NDArray[np.uint32]:
    """Read ids or classes (T, Z, Y, X) from a label image; `UserError` when they are not whole numbers from 0."""
    volume = read_image(path)
    pixels = np.asarray(volume.pixels)
    _t, c, z, _, _ = pixels.shape
    if volume.metadata.get("rgb") or (c > 1 and z > 1):
        raise UserError(f"{path} has {c} channels: a label image has one number per pixel; choose another file.")
    if c > 1:  # a few slices, which nothing in the file tells from channels
        pixels = pixels.transpose(0, 2, 1, 3, 4)
    labels = pixels[:, 0]
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
        raise UserError(f"{path} has fractions or NaN in it: labels are whole numbers; choose another file.")
    if labels.min() < 0 or labels.max() > np.iinfo(np.uint32).max:
        raise UserError(f"{path} has labels outside 0 to {np.iinfo(np.uint32).max}: renumber them.")
    return labels.astype(np.uint32)


def write_labels(
    path: str | Path, labels: NDArray[Any], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0), unit: str = "pixel"
) -> None:
    """Write labels (T, Z, Y, X) as a compressed OME-TIFF of uint32 with spacing (z, y, x) in ``unit``.

    The file appears under its name only when it is complete; `UserError` when it cannot be written.
    """
    tiff.write_labels(Path(path), labels, spacing, unit)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."
