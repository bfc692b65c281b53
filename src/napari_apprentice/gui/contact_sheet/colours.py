"""The pixels of a slice as the viewer shows them: visible channels, contrast limits, colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.contact_sheet.views import View
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.label_layers import LabelLayers

ChannelLayersOf = Callable[[], Sequence[Image]]  # of the current image, the first channel first; none: one by one
LOOKS = ("visible", "contrast_limits", "gamma", "colormap", "data")  # of a layer, on which pictures depend
_LEVELS = 256
_NEXT_TO_ALL = 99.0  # percent of a picture's pixels
_DARK, _BRIGHT = 100.0, 160.0  # of 255
_MOST_BRIGHTER = 8.0  # times: beyond, noise would be all that is seen


class ShownColours:
    """Reads the current image as its layers show it."""

    def __init__(self, label_layers: LabelLayers, channel_layers: ChannelLayersOf) -> None:
        self._label_layers = label_layers
        self._channel_layers = channel_layers

    def picture(self, view: View) -> NDArray[np.uint8]:
        """RGB (height, width, 3) of a view; dark outside of the image and where it cannot be read."""
        shown = self._label_layers.images.current
        found = np.zeros((len(view.rows), len(view.columns), 3), np.float32)
        if shown is None or shown.layer is None:
            return found.astype(np.uint8)
        for channel, layer in self._looks(shown, shown.layer):
            try:
                found += _coloured(*_section(shown, shown.layer, view, channel), layer, view)
            except UserError:  # its file is gone, which is said elsewhere
                continue
        return np.minimum(_brightened(found), 255).astype(np.uint8)

    def look(self) -> tuple[Any, ...]:
        """What pictures depend on beside their place: as long as it is the same they are."""
        shown = self._label_layers.images.current
        if shown is None or shown.layer is None:
            return ()
        return (shown.reading, *((channel, *_look(layer)) for channel, layer in self._looks(shown, shown.layer)))

    def _looks(self, shown: ShownImage, image: Image) -> list[tuple[int, Image]]:
        """Which channels are seen, and the layer that says how each looks."""
        visible = [(i, one) for i, one in enumerate(self._channel_layers()) if one.visible]
        if visible or "C" not in shown.reading.axes:
            return visible or [(0, image)]
        dims = self._label_layers.viewer.dims
        axis = dims.ndim - image.ndim + shown.reading.layer_axes.index("C")
        return [(int(dims.current_step[axis]), image)]


def _look(layer: Image) -> tuple[Any, ...]:
    colours = layer.colormap.name, layer.colormap.colors.tobytes()
    return id(layer.data), tuple(layer.contrast_limits), layer.gamma, *colours


def _section(shown: ShownImage, image: Image, view: View, channel: int) -> tuple[NDArray[Any], int, int]:
    """The pixels (Y, X), or (Y, X, 3) of RGB, of what of a slice is in view, and their first row and column."""
    axes, array = shown.reading.axes, layers.pixels_of(image)
    sizes = dict(zip(axes, array.shape, strict=True))
    edges = {
        letter: (max(0, min(int(at[0]), sizes[letter] - 1)), max(1, min(int(at[-1]) + 1, sizes[letter])))
        for letter, at in (("Y", view.rows), ("X", view.columns))
    }
    at: dict[str, Any] = {"T": view.t, "Z": view.z, "C": channel, "S": slice(0, 3)}
    at |= {letter: slice(*edge) for letter, edge in edges.items()}
    pixels = np.asarray(array[tuple(at[letter] for letter in axes)])
    left = [letter for letter in axes if letter in "YXS"]
    return pixels.transpose([left.index(one) for one in "YXS" if one in left]), edges["Y"][0], edges["X"][0]


def _coloured(pixels: NDArray[Any], y: int, x: int, layer: Image, view: View) -> NDArray[np.float32]:
    """What a layer makes of pixels, from 0 to 255 in each colour."""
    coarse = max(1, int(view.voxels_per_pixel))
    is_inside = np.asarray(view.of(np.ones(pixels.shape[:2], bool), y, x), bool)[..., None]
    smooth = _means(pixels, coarse) if coarse > 1 else pixels
    if pixels.ndim == 3:
        top = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
        bands = [_at(view, smooth[..., band], y, x, coarse).astype(np.float32) for band in range(3)]
        return np.asarray(np.stack(bands, axis=-1) * np.float32(255 / top) * is_inside)
    low, high = layer.contrast_limits
    share = np.clip((np.nan_to_num(smooth.astype(np.float32)) - low) / max(high - low, 1e-12), 0, 1) ** layer.gamma
    ranks = np.rint(share * (_LEVELS - 1)).astype(np.uint8)
    table = np.asarray(layer.colormap.map(np.linspace(0, 1, _LEVELS, dtype=np.float32)), np.float32)[:, :3] * 255
    return np.asarray(table[_at(view, ranks, y, x, coarse)] * is_inside)


def _brightened(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture of which next to all is dark, as where the contrast is that of a few bright spots, made brighter."""
    brightest = float(np.percentile(picture.max(axis=-1), _NEXT_TO_ALL))
    return picture if brightest >= _DARK else picture * np.float32(min(_BRIGHT / max(brightest, 1.0), _MOST_BRIGHTER))


def _at(view: View, plane: NDArray[Any], y: int, x: int, coarse: int) -> NDArray[Any]:
    """`View.of`, of a plane of which each value stands for a square of voxels."""
    rows = np.clip((view.rows - y) // coarse, 0, plane.shape[0] - 1)
    columns = np.clip((view.columns - x) // coarse, 0, plane.shape[1] - 1)
    return plane[np.ix_(rows, columns)]


def _means(pixels: NDArray[Any], coarse: int) -> NDArray[np.float32]:
    """Of squares of voxels; what is left over at the edges is left out, if there are whole ones."""
    height, width = (max(1, n // coarse) for n in pixels.shape[:2])
    part = pixels[: height * coarse, : width * coarse].astype(np.float32)
    if part.shape[0] < coarse or part.shape[1] < coarse:
        return part
    cells = part.reshape(height, coarse, width, coarse, *part.shape[2:])
    means: NDArray[np.float32] = cells.mean(axis=(1, 3))
    return means
