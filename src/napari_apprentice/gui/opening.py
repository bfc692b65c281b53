"""File > Open, drag and drop, *Open with Apprentice*: with axes, pixel size and place in the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from napari.types import LayerData
from napari.utils.notifications import show_info

from napari_apprentice.data.files import images_of, is_beside, is_image
from napari_apprentice.data.files.pixels import MAP_FROM
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.masks import are_outlines, read_masks
from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.layers import KEPT, guess, pixels_of, volume_of
from napari_apprentice.gui.placement import placement
from napari_apprentice.gui.showing import shown_as
from napari_apprentice.gui.shown_array import whole_of

_MOST_AT_ONCE = 12  # images of one file; more are chosen by their paths
_SAYS_LABELS = ("label", "mask", "seg", "annotation", "truth")


def get_reader(path: str | Sequence[str]) -> Callable[[str], list[LayerData]] | None:
    """What reads a path, for napari; None for what is no image of ours, and for several paths as one stack."""
    if not isinstance(path, str | Path) or not is_image(Path(path)):
        return None
    return read


def read(path: str) -> list[LayerData]:
    """The images of a file as layers, with pixel sizes; `UserError` when it cannot be read."""
    images = images_of(path)
    inside = list(images)
    if len(inside) > _MOST_AT_ONCE:
        listed = ", ".join(Path(one).relative_to(path).as_posix() for one in inside[:4])
        raise UserError(
            f"{path} holds {len(inside)} images ({listed}, ...): open one of them, such as {inside[0]}, "
            "or segment all of them from the command line."
        )
    return [layer_data(load(), labels=len(inside) > 1 and _says_labels(one)) for one, load in images.items()]


def get_outlines_reader(path: str | Sequence[str]) -> Callable[[str], list[LayerData]] | None:
    """What reads outlines of Fiji and QuPath, for napari; None for what is none."""
    if not isinstance(path, str | Path) or not are_outlines(Path(path)):
        return None
    return read_outlines


def read_outlines(path: str) -> list[LayerData]:
    """Outlines as labels on the topmost image that is seen; `UserError` without one, or for a file that is none."""
    viewer = napari.current_viewer()
    found = [] if viewer is None else [one for one in viewer.layers if isinstance(one, Image)]
    if not found:
        raise UserError(f"{path} holds outlines, which are drawn on an image: open that first.")
    layer = next((one for one in reversed(found) if one.visible), found[-1])
    reading = guess(layer)
    lengths = tuple(int(n) for n in pixels_of(layer).shape)
    mapping = AxisMapping(reading.layer_axes, lengths[: len(reading.layer_axes)])
    masks = read_masks(path, volume_of(layer, reading))
    if masks.notes:
        show_info(" ".join(masks.notes))
    options = {"name": Path(path).stem, **placement(layer, mapping)}
    return [(np.ascontiguousarray(mapping.view(masks.labels)), options, "labels")]


def open_paths(viewer: ViewerModel, paths: Sequence[str]) -> list[Layer]:
    """Add the images of files to a viewer, all or none; `UserError` when one cannot be read."""
    images = [path for path in paths if not is_beside(Path(path))] or paths
    found = [Layer.create(*one) for path in images for one in read(path)]
    return [viewer.add_layer(layer) for layer in found]


def layer_data(volume: Volume, *, labels: bool = False) -> LayerData:
    """A volume as a layer of an image, or of labels when its numbers are whole."""
    pixels, options, reading = shown_as(volume)
    moved = dict(zip("ZYX", volume.metadata.get("translate", (0.0, 0.0, 0.0)), strict=True))
    options["translate"] = [moved.get(axis, 0.0) for axis in reading.layer_axes]
    only_the_file = {"source": volume.source, "channels": volume.channels, "metadata": volume.metadata}
    options["metadata"] = {KEPT: {"axes": reading.axes, **only_the_file}}
    if labels and np.dtype(volume.pixels.dtype).kind in "ui" and not options["rgb"]:
        for name in ("rgb", "contrast_limits"):
            options.pop(name, None)
        pixels = [whole_of(one) for one in pixels] if options.get("multiscale") else whole_of(pixels)
        if volume.pixels.size * np.dtype(volume.pixels.dtype).itemsize < MAP_FROM:  # napari paints in NumPy arrays only
            pixels = np.asarray(pixels[0] if options.pop("multiscale", False) else pixels)
        return pixels, options, "labels"
    window = volume.metadata.get("window")
    if window is not None and not options["rgb"]:
        options["contrast_limits"] = (window[0] - window[1] / 2, window[0] + window[1] / 2)
    return pixels, options, "image"


def _says_labels(path: str) -> bool:
    return any(word in Path(path).name.lower() for word in _SAYS_LABELS)
