"""The pixels behind an NRRD header, with what pynrrd does not look at: packed data that is larger than it says."""

from __future__ import annotations

import bz2
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from napari_apprentice.data.files.pixels import MAP_FROM
from napari_apprentice.errors import UserError

_GZIP, _BZIP2 = ("gzip", "gz"), ("bzip2", "bz2")


def read_data(header: dict[str, Any], file: BinaryIO, path: Path, size: int) -> NDArray[Any]:
    """The pixels, ``size`` bytes of them, from an open file behind its header or from the file that this names.

    `UserError` when more is packed than the header says, which would fill the memory before anybody counts.
    """
    import nrrd

    told = header.get("data file", header.get("datafile"))
    place = path if told is None else path.parent / str(told)
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    if place.is_file() and lines > place.stat().st_size:
        raise UserError(f"{place} has no {lines} lines to skip: it is damaged.")
    encoding = header["encoding"]
    if encoding not in (*_GZIP, *_BZIP2) or not place.is_file():
        found: NDArray[Any] = nrrd.read_data(header, file, str(path), index_order="F")
        return found
    if told is None:
        data = _unpacked(file, header, size)
    else:
        with place.open("rb") as beside:
            data = _unpacked(beside, header, size)
    plain = {**header, "encoding": "raw", "line skip": 0}
    for name in ("lineskip", "data file", "datafile"):
        plain.pop(name, None)
    found = nrrd.read_data(plain, io.BytesIO(data), index_order="F")
    return found


def _unpacked(file: BinaryIO, header: dict[str, Any], size: int) -> bytes:
    skipped = int(header.get("byte skip", header.get("byteskip", 0)))
    most = size + (skipped if skipped >= 0 else MAP_FROM)  # -1: the pixels are what comes last
    for _ in range(int(header.get("line skip", header.get("lineskip", 0)))):
        file.readline()
    packed = file.read()
    if header["encoding"] in _GZIP:
        data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, most + 1)
    else:
        data = bz2.BZ2Decompressor().decompress(packed, most + 1)
    if len(data) > most:
        raise UserError(f"{file.name} holds more than the {most} bytes that its header says: it is damaged.")
    return data
