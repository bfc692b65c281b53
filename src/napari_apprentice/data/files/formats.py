"""Which module reads what: by the end of a file's name, or by what a folder holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_apprentice.data.files import arrays, czi, dicom, hdf5, lif, mrc, nd2, nifti, nrrd, omezarr, picture, tiff
from napari_apprentice.data.image.volume import Volume


@dataclass(frozen=True)
class Format:
    """``read`` gives an image of a file, or the part of it that is named.

    ``parts`` names those there are, None where a file is one image; ``images`` has what reads each of them, where
    finding them takes so long that it should happen once. Parts that are ``alike`` are images to be segmented
    one like the other; others (datasets) are chosen by people.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, str], Volume]
    parts: Callable[[Path], tuple[str, ...]] | None = None
    alike: bool = True
    images: Callable[[Path], dict[str, Callable[[], Volume]]] | None = None


_FILES = (
    Format(tiff.SUFFIXES, tiff.read, tiff.parts),
    Format(picture.SUFFIXES, picture.read),
    Format(arrays.SUFFIXES, arrays.read),
    Format(nifti.SUFFIXES, nifti.read),
    Format(nrrd.SUFFIXES, nrrd.read),
    Format(mrc.SUFFIXES, mrc.read),
    Format(hdf5.SUFFIXES, hdf5.read, hdf5.parts, alike=False),
    Format(dicom.SUFFIXES, dicom.read),
    Format(czi.SUFFIXES, czi.read, czi.parts),
    Format(nd2.SUFFIXES, nd2.read, nd2.parts),
    Format(lif.SUFFIXES, lif.read, lif.parts),
)
_ZARR = Format((".zarr",), omezarr.read, omezarr.parts)
_DICOM_FOLDER = Format((), dicom.read, dicom.parts, images=dicom.images)
_BY_SUFFIX = {suffix: one for one in _FILES for suffix in one.suffixes}

KINDS = "TIFF, OME-Zarr, NIfTI, NRRD, MRC, HDF5, DICOM, CZI, ND2, LIF, PNG, JPEG, NPY"
SUFFIXES = frozenset(_BY_SUFFIX)


def suffix_of(path: Path) -> str:
    """The end of a name that says the format, in lower case: ".tif", ".nii.gz", ".zarr"."""
    name = path.name.lower()
    known = (*SUFFIXES, *_ZARR.suffixes)
    return max((suffix for suffix in known if name.endswith(suffix)), key=len, default=path.suffix.lower())


def format_of(path: Path) -> Format | None:
    """How to read what is there; None for what is no image."""
    if path.is_dir():
        if omezarr.is_zarr(path):
            return _ZARR
        return _DICOM_FOLDER if dicom.holds_dicom(path) else None
    if not path.is_file():  # a pipe or a device would be waited for
        return None
    return _BY_SUFFIX.get(suffix_of(path)) or (_BY_SUFFIX[".dcm"] if dicom.begins_as_dicom(path) else None)
