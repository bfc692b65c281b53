"""NIfTI, MGH, MINC and Analyze through nibabel: voxels as stored, spacing, unit, affine and orientation.

A NIfTI array is (X, Y, Z, T, C); ours is (T, C, Z, Y, X), so that axes change their order and no axis its direction.
``Volume.metadata`` keeps the way back to the scanner: ``affine``, 4 x 4, from voxels (x, y, z) to millimetres, and
``orientation``, the letters of where x, y and z point ("RAS": to the right, to the front, up).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.nifti_place import is_minc, place_of
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.files.planes import library
from napari_apprentice.data.image import orientation
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

LIBRARY = ("nibabel", "NIfTI", "nifti")
SUFFIXES = (".nii", ".nii.gz", ".mgh", ".mgz", ".mnc", ".hdr")
_AXES = "XYZTC"


def read(path: Path, part: str = "") -> Volume:
    """Read a volume, a series of volumes or an RGB image; a large one that is not packed as it is needed."""
    nibabel = library(*LIBRARY)  # half a second, only for who opens such a file
    with _no_lines_of(nibabel.imageglobals.logger):
        image = _loaded(path)
    if not isinstance(image, nibabel.spatialimages.SpatialImage) or "cifti" in type(image).__name__.lower():
        raise UserError(f"{path} is a {type(image).__name__}, not an image of voxels: choose another file.")
    if not 2 <= len(image.shape) <= len(_AXES):
        raise UserError(
            f"{path} has {len(image.shape)} axes: such an image has 2 to {len(_AXES)}; choose another file."
        )
    pixels_in = Path(image.file_map["image"].filename or path)
    if not pixels_in.exists():
        raise UserError(f"{path} says that its pixels are in {pixels_in.name}, which is not there: put both together.")
    shape = tuple(int(n) for n in image.shape)
    size = refuse_nonsense(path, shape, image.get_data_dtype().itemsize, pixels_in.stat().st_size)
    packed = pixels_in.suffix.lower() in (".gz", ".mgz", ".bz2", ".zst")
    stored: Any = image.dataobj
    plain = isinstance(stored, nibabel.arrayproxy.ArrayProxy) and stored.dtype.names is None
    if size >= MAP_FROM and plain and not packed:
        _refuse_cut(pixels_in, size, stored.offset)
        pixels, axes = _mapped(image)
    else:
        pixels, axes = _pixels(image)
    lies = place_of(image, path.name)
    volume = to_volume(pixels, axes, lies.spacing, lies.unit, name=_stem(path), source=str(path))
    told = {} if lies.affine is None else orientation.affine_metadata(lies.affine)
    notes = {"notes": list(lies.notes)} if lies.notes else {}
    return replace(volume, metadata={**volume.metadata, **told, **notes})


def _loaded(path: Path) -> Any:
    """The image of nibabel, also where its qform is no rotation, for which nibabel refuses it as a whole."""
    nibabel = library(*LIBRARY)
    try:
        return nibabel.load(path)
    except ValueError:
        kinds = (nibabel.Nifti1Image, nibabel.Nifti2Image, nibabel.Nifti1Pair, nibabel.Nifti2Pair)
        kind: Any = next((one for one in kinds if one.path_maybe_image(path)[0]), None)
        if kind is None:
            raise
        lenient = type(kind.header_class.__name__, (kind.header_class,), {"get_best_affine": _base_affine})
        forgiving: Any = type(kind.__name__, (kind,), {"header_class": lenient})
        return forgiving.from_filename(path)


@contextmanager
def _no_lines_of(logger: logging.Logger) -> Iterator[None]:
    """Who listens to all logging hears of each oddity of a header; nibabel itself prints it, too."""
    handlers, logger.handlers = logger.handlers, [logging.NullHandler()]
    try:
        yield
    finally:
        logger.handlers = handlers


def _base_affine(header: Any) -> Any:
    return header.get_base_affine()


def _refuse_cut(path: Path, size: int, offset: int) -> None:
    """`UserError` when the file ends before its pixels do."""
    if path.stat().st_size < offset + size:
        raise UserError(f"{path} is damaged: it has {path.stat().st_size} of {offset + size} bytes; get it again.")


def _mapped(image: Any) -> tuple[Any, str]:
    """A map of the file where it has the pixels as they are, else an array that scales what is read of it."""
    stored = image.dataobj
    if stored.slope == 1 and stored.inter == 0 and stored.dtype.isnative:
        return np.asanyarray(stored), _AXES[: len(stored.shape)]
    return LazyArray(_Scaled(stored)), _AXES[: len(stored.shape)]


class _Scaled:
    """Intensities as the header scales them, of which nibabel reads what is in a slice."""

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self.shape = tuple(int(n) for n in stored.shape)
        found = np.asarray(stored[tuple(slice(0, 1) for _ in self.shape)]).dtype
        narrow = found == np.float64 and stored.dtype != np.float64  # float64 only where the file has it
        self.dtype = np.dtype(np.float32) if narrow else found.newbyteorder("=")

    def __getitem__(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        return np.asarray(self._stored[key], self.dtype)


def _pixels(image: Any) -> tuple[NDArray[Any], str]:
    """Intensities as the header scales them; whole numbers that it scales become float32."""
    pixels = np.asanyarray(image.dataobj)
    axes = "TZYX"[-pixels.ndim :] if is_minc(image) else _AXES[: pixels.ndim]
    if pixels.dtype.names:  # red, green, blue (and alpha), one byte each
        pixels = np.stack([pixels[name] for name in pixels.dtype.names], axis=-1)
        axes += "S"
    elif pixels.dtype == np.float64 and image.get_data_dtype() != np.float64:
        pixels = pixels.astype(np.float32)
    return native(pixels), axes


def _stem(path: Path) -> str:
    return next(path.name[: -len(end)] for end in SUFFIXES[::-1] if path.name.lower().endswith(end))
