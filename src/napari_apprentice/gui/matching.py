"""Whether a layer shows an image of a project, and how it is read then."""

from __future__ import annotations

from dataclasses import replace

from napari.layers import Image

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.channels import CHOSEN
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.opening import layer_data
from napari_apprentice.project.images import content_hash
from napari_apprentice.session import ProjectImage


def reading_of(layer: Image, entry: ProjectImage) -> LayerReading | None:
    """How a layer is read so that it is this image; None when it is another one."""
    try:
        left = layers.left_off(layer)
        if left is not None and left.entry == entry.id and left.reading is not None:
            return left.reading if _is_of(layers.volume_of(layer, left.reading), entry) else None
        guessed = layers.guess(layer)
        asked = bool(entry.volume.metadata.get("guessed"))
        for channels in dict.fromkeys([tuple(entry.volume.metadata.get(CHOSEN, ())), ()]):
            reading = replace(guessed, channels=channels, guessed=asked)
            if _is_of(layers.volume_of(layer, reading), entry):
                return reading
    except UserError:  # it has no such channels
        return None
    return None


def _is_of(volume: Volume, entry: ProjectImage) -> bool:
    same_shape = tuple(volume.pixels.shape) == tuple(entry.volume.pixels.shape)
    return same_shape and content_hash(volume.pixels) == content_hash(entry.volume.pixels)


def whole_file_of(entry: ProjectImage) -> tuple[Image, LayerReading] | None:
    """All channels of the file that some were chosen of, so that others can be chosen; None where it gives them not."""
    volume = entry.volume
    if volume.source is None or not volume.metadata.get(CHOSEN):
        return None
    try:
        pixels, options, _ = layer_data(read_image(volume.source))
    except UserError:
        return None
    layer = Image(pixels, **options)
    reading = reading_of(layer, entry)
    if reading is None:
        return None
    layers.set_spacing(layer, reading, volume.spacing, volume.unit)
    return layer, reading
