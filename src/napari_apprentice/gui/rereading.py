"""Of a TIFF that napari's own reader opened: the axes, channels and pixel size that it leaves out, from the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from napari.layers import Image

from napari_apprentice.data.files import read_image
from napari_apprentice.data.files.tiff import SUFFIXES
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui.layers import KEPT, LayerReading, pixels_of, set_spacing

_SIZE = "size"  # beside what `opening.layer_data` keeps: spacing and unit for the layer to take


def remember_file(layer: Image) -> None:
    """Look into the file of a layer that we did not open ourselves, and keep with the layer what it says."""
    path = layer.source.path
    if KEPT in layer.metadata or not isinstance(path, str) or Path(path).suffix.lower() not in SUFFIXES:
        return
    if not Path(path).is_file():
        return
    try:
        volume = read_image(path)
    except UserError:  # napari has read it in its own way: that is all there is to know
        return
    axes = str(volume.metadata.get("axes", ""))
    if layer.rgb == ("S" in axes) and tuple(pixels_of(layer).shape) == _shape(volume, axes, layer):
        kept = {"axes": axes, "source": volume.source, "channels": volume.channels, "metadata": volume.metadata}
        layer.metadata[KEPT] = {**kept, _SIZE: (volume.spacing, volume.unit)}
    elif volume.metadata.get("notes") and not _has_size(layer, volume):
        layer.metadata[KEPT] = {"metadata": {"notes": [_another(Path(path).name, volume)]}}


def _has_size(layer: Image, volume: Volume) -> bool:
    return set(volume.pixels.shape[-2:]) <= set(pixels_of(layer).shape)


def _another(name: str, volume: Volume) -> str:
    """Of a file with several images, such as a thumbnail and what it is of, napari shows the first."""
    y, x = volume.pixels.shape[-2:]
    return f"napari shows another image of {name} than the one of {y} x {x} pixels: for that, Open with Apprentice."


def take_size(layer: Image, reading: LayerReading) -> bool:
    """Give a layer without a pixel size that of its file, and its axes their names; whether there was one to give.

    Channels and frames keep their step of 1.
    """
    told = layer.metadata.get(KEPT, {})
    if _SIZE not in told or reading.axes != told["axes"]:
        return False
    if all(not label.strip("-0123456789") for label in layer.axis_labels):
        layer.axis_labels = [letter.lower() for letter in reading.layer_axes]
    spacing, unit = told[_SIZE]
    if unit == PIXEL or not np.all(layer.scale == 1) or {str(one) for one in layer.units} != {PIXEL}:
        return False
    set_spacing(layer, reading, spacing, unit)
    return True


def _shape(volume: Volume, axes: str, layer: Image) -> tuple[int, ...]:
    """The shape of the file's array; alpha, which a `Volume` leaves out, is the layer's."""
    lengths = dict(zip("TCZYX", volume.pixels.shape, strict=True))
    if "S" in axes:
        lengths["S"] = int(pixels_of(layer).shape[-1])
    return tuple(int(lengths[letter]) for letter in axes)
