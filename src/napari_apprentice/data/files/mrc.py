"""MRC and CCP4 maps of electron microscopy through mrcfile: one volume, or a series of them."""

from __future__ import annotations

import bz2
import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_apprentice.data.files.pixels import native, refuse_nonsense
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali", ".mrc.gz", ".map.gz", ".mrc.bz2")
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}
_HEADER, _EXTENDED, _STAMP = 1024, 92, 212  # bytes; and where the size of a second header and the byte order stand
_BIG_ENDIAN = b"\x11"
_BYTES = {0: 1, 1: 2, 2: 4, 3: 4, 4: 8, 6: 2, 12: 2}  # of a voxel, by mode


def read(path: Path, part: str = "") -> Volume:
    """Read an image, a volume (a stack of images is taken for one) or a series of volumes, in angstrom.

    An uncompressed file in the machine's byte order is memory-mapped.
    """
    import mrcfile  # only who opens such a file waits for it

    packed = path.suffix.lower() in (".gz", ".bz2")
    _refuse_nonsense(path, packed=packed)
    with mrcfile.open(path) if packed else mrcfile.mmap(path) as file:
        pixels, header, size = file.data, file.header, file.voxel_size
    if pixels.dtype.kind == "c":
        raise UserError(f"{path} is a Fourier transform (complex numbers), not an image: choose another file.")
    order = tuple(int(header[name]) for name in ("mapc", "mapr", "maps"))
    axes = "TZYX"[-pixels.ndim :] if pixels.ndim != 3 else _order(order)
    z, y, x = (float(size[letter]) for letter in "zyx")
    plane = are_steps((y, x))
    spacing = (z if are_steps((z,)) else 1.0, y, x) if plane else (1.0, 1.0, 1.0)
    return to_volume(
        native(pixels), axes, spacing, "Å" if plane else PIXEL, name=path.name.split(".")[0], source=str(path)
    )


def _refuse_nonsense(path: Path, *, packed: bool) -> None:
    """`UserError` when the header claims more than the file can hold: mrcfile makes room before it reads."""
    with _OPENERS.get(path.suffix.lower(), open)(path, "rb") as file:
        head = file.read(_HEADER)
    if len(head) < _HEADER:
        raise UserError(f"{path} is cut short: it has no whole header; get the file again.")
    order = ">" if head[_STAMP : _STAMP + 1] == _BIG_ENDIAN else "<"
    columns, rows, sections, mode = struct.unpack_from(f"{order}4i", head)
    (extended,) = struct.unpack_from(f"{order}i", head, _EXTENDED)
    if min(columns, rows, sections, extended) < 0:
        raise UserError(f"{path} has a size below zero in its header: it is damaged.")
    size = refuse_nonsense(path, (columns, rows, sections), _BYTES.get(mode, 4)) + extended
    there = path.stat().st_size
    if size + _HEADER > there and not packed:
        raise UserError(f"{path} is damaged: it has {there} of {size + _HEADER} bytes; get it again.")
    refuse_nonsense(path, (size,), 1)


def _order(columns_rows_sections: tuple[int, ...]) -> str:
    """The letters of sections, rows and columns; in nearly every file Z, Y and X."""
    if sorted(columns_rows_sections) != [1, 2, 3]:
        return "ZYX"
    return "".join("XYZ"[number - 1] for number in reversed(columns_rows_sections))
