"""What an exported file says of where it comes from, read back from each format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from napari_apprentice.data.exports import cellpose, cellprofiler
from napari_apprentice.data.files.tiff_writing import NAMESPACE
from napari_apprentice.data.provenance import KEY, Provenance, provenance_in, sidecar_of

_HEAD = 1 << 20  # characters of a GeoJSON file that are looked through


def read_provenance(path: str | Path) -> Provenance | None:
    """Where the labels in a file come from; None when it does not say, or is none that was written here.

    Nothing but what the file says of itself is read.
    """
    path = Path(path)
    name = path.name.lower()
    suffix = next((one for one in sorted(_READERS, key=len, reverse=True) if name.endswith(one)), None)
    try:
        if path.is_dir():
            return provenance_in(_zarr(path))
        if suffix is None or not path.is_file():
            return None
        return provenance_in(_READERS[suffix](path))
    except Exception:  # a foreign or damaged file may be wrong in any way, and says nothing then
        return None


def _tiff(path: Path) -> str | None:
    import tifffile

    with tifffile.TiffFile(path) as file:
        xml = file.ome_metadata
    if not xml or NAMESPACE not in xml:
        return None
    return next(_annotations(ElementTree.fromstring(xml)), None)


def _annotations(root: ElementTree.Element) -> Iterator[str]:
    for one in root.iter():
        if one.tag.endswith("}CommentAnnotation") and one.get("Namespace") == NAMESPACE:
            yield from (value.text for value in one if value.tag.endswith("}Value") and value.text)


def _zarr(path: Path) -> dict[str, Any] | None:
    for name in ("zarr.json", ".zattrs"):
        if (path / name).is_file():
            told: dict[str, Any] = json.loads((path / name).read_text(encoding="utf-8"))
            found: dict[str, Any] | None = told.get("attributes", told).get(KEY)
            return found
    return None


def _nifti(path: Path) -> str | None:
    import nibabel

    header: Any = nibabel.load(path).header
    texts = (bytes(one.content).decode("ascii", "replace").rstrip("\0") for one in header.extensions)
    return next((text.removeprefix(KEY) for text in texts if text.startswith(KEY)), None)


def _nrrd(path: Path) -> str | None:
    import nrrd

    found: str | None = nrrd.read_header(str(path)).get(KEY)
    return found


def _dicom(path: Path) -> str | None:
    import pydicom

    return str(pydicom.dcmread(path, stop_before_pixels=True).get("ImageComments") or "")


def _zip(path: Path) -> str:
    with ZipFile(path) as file:
        return file.comment.decode("ascii", "replace")


def _geojson(path: Path) -> dict[str, Any] | None:
    """The member lies before the features, which need not be read."""
    with path.open(encoding="utf-8") as file:
        head = file.read(_HEAD)
        at = head.find(f'"{KEY}":')
        if at < 0:
            return None
        begins = head.index("{", at)
        while True:
            try:
                found: dict[str, Any] = json.JSONDecoder().raw_decode(head, begins)[0]
                return found
            except ValueError:
                more = file.read(_HEAD)
                if not more:
                    return None
                head += more


def _beside(path: Path) -> str:
    return sidecar_of(path).read_text(encoding="utf-8")


def _parquet(path: Path) -> str | None:
    from pyarrow import parquet

    told: bytes = (parquet.read_schema(path).metadata or {}).get(KEY.encode(), b"")
    return told.decode()


def _cellprofiler(path: Path) -> str:
    return cellprofiler.provenance_of(cellprofiler.image_table_of(path))


def _cellpose(path: Path) -> str | None:
    from napari_apprentice.data.files.arrays import values_of_seg

    found = values_of_seg(path).get(cellpose.PROVENANCE)
    return found if isinstance(found, str) else None


_READERS: dict[str, Callable[[Path], Any]] = {
    ".tif": _tiff,
    ".tiff": _tiff,
    ".nii": _nifti,
    ".nii.gz": _nifti,
    ".nrrd": _nrrd,
    ".dcm": _dicom,
    ".zip": _zip,
    ".geojson": _geojson,
    ".csv": _beside,
    ".parquet": _parquet,
    cellprofiler.SUFFIX: _cellprofiler,
    cellpose.SUFFIX: _cellpose,
}
