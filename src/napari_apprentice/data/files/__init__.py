"""Images and labels from files, one module per format; what writes labels is in `data.exports`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import place
from napari_apprentice.data.files.dicom import holds_part
from napari_apprentice.data.files.formats import KINDS, SUFFIXES, format_of, suffix_of
from napari_apprentice.data.files.one_sentence import guarded, in_one_sentence, quietly
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

__all__ = [
    "KINDS",
    "SUFFIXES",
    "check_labels",
    "images_below",
    "images_of",
    "is_beside",
    "is_image",
    "is_there",
    "parts_of",
    "read_image",
    "read_labels",
    "series_of",
    "stem_of",
    "suffix_of",
]


_COMPANIONS = ("._", "~$")  # how their names begin


def stem_of(path: Path) -> str:
    """A file's name without `suffix_of`."""
    name = path.name[: len(path.name) - len(suffix_of(path))]
    return name.removesuffix(".ome") or path.name


def is_image(path: Path) -> bool:
    """Whether a path looks like an image that `read_image` takes: by its name, or as a folder of slices."""
    if is_beside(path):
        return False
    return suffix_of(path) in SUFFIXES if path.is_file() else format_of(path) is not None


def is_beside(path: Path) -> bool:
    """Whether a name is that of a companion, which a system or a program keeps beside a file.

    ``._cells.tif`` beside ``cells.tif`` is what a Mac writes on disks of other systems.
    """
    return path.name.startswith(_COMPANIONS)


def images_below(folder: Path) -> list[Path]:
    """The images in a folder, by name; hidden files are none, nor is what systems put beside them."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and is_image(path))


def read_image(path: str | Path) -> Volume:
    """Read an image with its axes, spacing and unit.

    Parameters
    ----------
    path
        A TIFF (plain, ImageJ, OME, slide), OME-Zarr, NIfTI, NRRD, MRC, HDF5, DICOM, CZI, ND2, LIF, PNG or JPEG file, or
        the folder of an OME-Zarr image or a DICOM series. Of a file with several images the one named after it:
        ``stack.h5/raw``, ``two.ome.tif/1``, ``cells.nd2/2``, ``plate.ome.zarr/B/3/0``. A large image is read as it is
        needed.

    Returns
    -------
    Volume
        Pixels (T, C, Z, Y, X) in the machine's byte order.

    Raises
    ------
    UserError
        When the file is missing, damaged, empty or of a format that cannot be read, or holds several images.
    """
    with in_one_sentence(Path(path)):
        there, part = place.split(Path(path), holds_part)
    with in_one_sentence(there):
        if is_beside(there):
            raise UserError(f"{there} is kept beside {there.name[2:]} and is no image: choose {there.name[2:]}.")
        reader = format_of(there)
        if reader is None:
            what = "a folder, not an image" if there.is_dir() else "not an image that can be read"
            raise UserError(f"{there} is {what} ({KINDS}): choose another one, or convert it first.")
        if part and reader.parts is None:
            raise UserError(f"{path} does not exist: {there.name} is one image, leave out what follows it.")
        return guarded(reader.read(there, part), there)


def images_of(path: str | Path) -> dict[str, Callable[[], Volume]]:
    """The images that a file or folder holds: the path of each, and what reads it (`UserError` as in `read_image`)."""
    there = Path(path)
    reader = format_of(there) if there.exists() else None
    if reader is None or reader.images is None:
        return {one: partial(read_image, one) for one in parts_of(path)}
    with in_one_sentence(there):
        found = reader.images(there)
    return {str(there / name): partial(_read_by, read, there) for name, read in found.items()}


def _read_by(read: Callable[[], Volume], path: Path) -> Volume:
    with in_one_sentence(path):
        return guarded(read(), path)


def is_there(path: str | Path) -> bool:
    """Whether a path leads to a file or folder, or into one; nothing is read."""
    try:
        with quietly():
            return bool(place.split(Path(path), holds_part))
    except (UserError, OSError):
        return False


def parts_of(path: str | Path) -> list[str]:
    """The images that a file or folder holds, as paths for `read_image`; the path itself when it is one image."""
    try:
        with quietly():
            there, part = place.split(Path(path), holds_part)
            reader = format_of(there)
            inside = () if part or reader is None or reader.parts is None else reader.parts(there)
    except Exception:  # `read_image` says what is wrong
        return [str(path)]
    return [str(there / one) for one in inside] if len(inside) > 1 else [str(path)]


def read_labels(path: str | Path, planes: int = 1) -> NDArray[np.uint32]:
    """Read ids or classes (T, Z, Y, X) from a label image; `UserError` when they are not whole numbers from 0.

    Where its image is known to have so many ``planes``, channels of that number are planes.
    """
    volume = read_image(path)
    pixels = np.asarray(volume.pixels)
    is_rgb = bool(volume.metadata.get("rgb"))
    t, c, z, _, _ = pixels.shape
    if c > 1 and c == planes and t == z == 1:  # a plain stack of three is written as colours by some programs
        pixels, is_rgb = pixels.transpose(0, 2, 1, 3, 4), False
    elif is_rgb and (pixels[:, 1:3] == pixels[:, :1]).all():  # black, white and gray
        pixels, is_rgb = pixels[:, :1], False
    _, c, z, _, _ = pixels.shape
    if is_rgb or (c > 1 and z > 1):
        raise UserError(f"{path} has {c} channels: a label image has one number per pixel; choose another file.")
    if c > 1:  # a few slices, which nothing in the file tells from channels
        pixels = pixels.transpose(0, 2, 1, 3, 4)
    return check_labels(pixels[:, 0], str(path))


def check_labels(labels: NDArray[Any], name: str) -> NDArray[np.uint32]:
    """Labels of any type as uint32; `UserError` when they are not whole numbers from 0."""
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
        raise UserError(f"{name} has fractions or NaN in it: labels are whole numbers; choose others.")
    if labels.dtype.kind not in "buif":
        raise UserError(f"{name} is of type {labels.dtype}: labels are whole numbers; choose others.")
    if labels.min(initial=0) < 0 or int(labels.max(initial=0)) > np.iinfo(np.uint32).max:  # exact: a float32 rounds up
        raise UserError(f"{name} has labels outside 0 to {np.iinfo(np.uint32).max}: renumber them.")
    return labels.astype(np.uint32)


def series_of(path: str | Path) -> list[str]:
    """As `parts_of`, where all parts are images of one kind (fields of a plate, series); the path itself where not."""
    reader = format_of(Path(path)) if Path(path).exists() else None
    return parts_of(path) if reader is not None and reader.alike else [str(path)]
