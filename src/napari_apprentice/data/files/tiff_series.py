"""Which image of a TIFF is meant, and in words what of the file is left out, and what it announces and does not hold.

::

    page 0   thumbnail of 32 x 40       left out
    page 1   256 x 320                  the image: the one with the most pixels
    page 2   announced, not there       black, and said
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_apprentice.data.files import place
from napari_apprentice.data.files.planes import Planes, not_there
from napari_apprentice.errors import UserError

_BESIDES = ("thumbnail", "label", "macro", "label image", "macro image", "overview")  # beside the image of a slide
_MOST = 4  # named one by one in a sentence
_SPARSE = ("ome", "mmstack", "ndtiff")  # kinds whose series have None for a plane that is not there


def numbered(file: tifffile.TiffFile) -> dict[str, Any]:
    """The images of an OME-TIFF by number; none of another file, which is one image with what lies beside it."""
    if not file.is_ome:
        return {}
    named = [one for one in file.series if one.name.strip().lower() not in _BESIDES]
    return {str(number): one for number, one in enumerate(named or file.series)}


def choose(path: Path, file: tifffile.TiffFile, part: str) -> Any:
    """The image of a name, or the image that the file is: no thumbnail, and of several sizes the one with most pixels.

    `UserError` when there is none of this name, or an OME-TIFF holds several.
    """
    images = numbered(file)
    if part and not images:
        images = {str(number): one for number, one in enumerate(file.series)}
    if images:
        return list(images.values())[place.choose_part(path, part, tuple(images), "images")]
    if not file.series:
        raise UserError(f"{path} has no image in it: get the file again.")
    whole = [one for one in file.series if not one.keyframe.is_reduced] or file.series
    if _is_slide(file):
        return whole[0]
    return max(whole, key=lambda one: math.prod(one.shape))  # the first of equals


def notes(path: Path, file: tifffile.TiffFile, series: Any, warned: list[str]) -> list[str]:
    """What people have to know of an image that was chosen; ``warned`` is what tifffile said meanwhile."""
    found = [] if file.is_ome else _left_out(path, file, series)
    pages = pages_of(file, series)
    found += [] if pages is None else _not_there(path, file, series, pages)
    if file.is_ome:
        found += _not_read(path, file)
    if any("is missing files" in one for one in warned):
        found.append(f"Other files of the set that {path.name} belongs to are not there: what they hold is missing.")
    return found


def pages_of(file: tifffile.TiffFile, series: Any) -> list[Any] | None:
    """The pages of an image, None for one that is not there; None for pixels in one piece, which are there or damaged.

    There may be fewer than `announced`.
    """
    if series.kind not in _SPARSE and series.dataoffset is not None:
        return None
    try:
        return list(series.pages)
    except IndexError:
        return list(file.pages)[series.keyframe.index :]


def announced(series: Any) -> int:
    """How many pages an image should have."""
    return int(math.prod(series.get_shape(False)) // max(1, series.keyframe.size))


def padded(path: Path, series: Any, pages: list[Any]) -> Planes:
    """An image with fewer pages than announced, in the order of the file; those that are not there are black."""
    axes, shape, page = series.axes, series.shape, series.keyframe
    leading = len(shape) - len(page.shape)
    if axes[leading:] not in ("YX", "YXS"):
        raise UserError(f"{path} announces {announced(series)} planes and has {len(pages)}: get the file again.")

    def read(at: tuple[int, ...], rows: slice, columns: slice) -> NDArray[Any]:
        number = int(np.ravel_multi_index(at, shape[:leading])) if leading else 0
        if number >= len(pages) or pages[number] is None:
            return np.zeros((*shape[leading:],), series.dtype)[rows, columns]
        found: NDArray[Any] = pages[number].asarray()
        return found[rows, columns]

    return Planes(axes, shape, series.dtype, read)


def _is_slide(file: tifffile.TiffFile) -> bool:
    return bool(file.is_svs or file.is_ndpi or file.is_scn or file.is_qpi or file.is_bif)


def _left_out(path: Path, file: tifffile.TiffFile, series: Any) -> list[str]:
    others = [
        (f"{path.name}/{number}", one)
        for number, one in enumerate(file.series)
        if one is not series and one.name.strip().lower() not in _BESIDES and not (file.is_lsm and number)
    ]
    if not others:
        return []
    listed = [_words(one) if one.keyframe.is_reduced else f"{_words(one)} ({name})" for name, one in others[:_MOST]]
    more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
    wanted = next((name for name, one in others if not one.keyframe.is_reduced), "")
    advice = f"; to open one, give its path, such as {wanted}" if wanted else ""
    return [f"Left out of {path.name}: {', '.join(listed)}{more}{advice}."]


def _words(series: Any) -> str:
    page = series.keyframe
    count = len(series.pages)
    size = f"{page.imagelength} x {page.imagewidth} pixels"
    if page.is_reduced:
        return f"a page of {size} that is marked as a thumbnail"
    return size if count == 1 else f"{count} pages of {size}"


def _not_there(path: Path, file: tifffile.TiffFile, series: Any, pages: list[Any]) -> list[str]:
    count = announced(series)
    gaps = [number for number in range(count) if number >= len(pages) or pages[number] is None]
    if not gaps:
        return []
    lengths = series.shape[: len(series.shape) - len(series.keyframe.shape)]
    named = bool(lengths) and math.prod(lengths) == count
    places = [_place(series.axes, np.unravel_index(gap, lengths)) if named else "" for gap in gaps]
    return [not_there(path.name, count, places) + _missing_files(path, file)]


def _place(axes: str, at: Any) -> str:
    return ", ".join(f"{axis.lower()} {int(place)}" for axis, place in zip(axes, at, strict=False))


def _missing_files(path: Path, file: tifffile.TiffFile) -> str:
    """Which files that OME-XML names are not beside this one."""
    named = [one.get("FileName", "") for one in _elements(file, "UUID")]
    missing = [one for one in dict.fromkeys(named) if one and not (path.parent / one).is_file()]
    if not missing:
        return ""
    more = f" and {len(missing) - _MOST} more" if len(missing) > _MOST else ""
    return f" Missing files: {', '.join(missing[:_MOST])}{more}."


def _not_read(path: Path, file: tifffile.TiffFile) -> list[str]:
    """Images that OME-XML announces and that are not there, pages beyond it, and that another file describes all."""
    elsewhere = [one.get("MetadataFile", "another file") for one in _elements(file, "BinaryOnly")]
    if elsewhere:
        begun = f"{path.name} is one file of a set that {elsewhere[0]} describes, and only what this file holds is read"
        whole = Path(elsewhere[0]).suffix.lower() in (".tif", ".tiff") and (path.parent / elsewhere[0]).is_file()
        return [f"{begun}: open {elsewhere[0]} for all of it." if whole else f"{begun}."]
    count, found = len(_elements(file, "Image")), []
    missing = count - len(file.series)
    if missing > 0:
        are = "is not there" if missing == 1 else "are not there"
        found.append(f"{path.name} announces {count} images, of which {missing} {are}.{_missing_files(path, file)}")
    more = len(file.pages) - sum(len(one.pages) for one in file.series)
    if more > 0 and not any(one.is_multifile for one in file.series):
        planes = "1 plane" if more == 1 else f"{more} planes"
        found.append(f"{path.name} has {planes} more than it announces, which {'is' if more == 1 else 'are'} left out.")
    return found


def _elements(file: tifffile.TiffFile, name: str) -> list[ElementTree.Element]:
    """Elements of the OME-XML, whatever its version; none of one that cannot be understood."""
    try:
        root = ElementTree.fromstring(file.ome_metadata or "")
    except ElementTree.ParseError:
        return []
    return [one for one in root.iter() if one.tag.rpartition("}")[2] == name]
