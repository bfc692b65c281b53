"""MRC and CCP4 maps of electron microscopy through mrcfile: one volume, or a series of them."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data.files.pixels import native
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali", ".mrc.gz", ".map.gz", ".mrc.bz2")


def read(path: Path, part: str = "") -> Volume:
    """Read an image, a volume (a stack of images is taken for one) or a series of volumes, in angstrom.

    An uncompressed file in the machine's byte order is memory-mapped.
    """
    import mrcfile  # only who opens such a file waits for it

    packed = path.suffix.lower() in (".gz", ".bz2")
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


def _order(columns_rows_sections: tuple[int, ...]) -> str:
    """The letters of sections, rows and columns; in nearly every file Z, Y and X."""
    if sorted(columns_rows_sections) != [1, 2, 3]:
        return "ZYX"
    return "".join("XYZ"[number - 1] for number in reversed(columns_rows_sections))
