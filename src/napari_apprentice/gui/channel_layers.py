"""The channels of the current image in their colours, above the layer that shows them one by one.

For display only: one image stays one for the session, and its masks, its scale and its channels are those of its own
layer, which the colours lie on and hide::

    cells masks
    cells: actin    green, added to
    cells: DNA      magenta, which covers
    cells           (C, Y, X), the image of the session
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import CYMRGB, MAGENTA_GREEN
from psygnal import Signal

from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.gui import layers
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.showing import contrast_of

_ON = "apprentice_in_colours"  # in the metadata of an image's layer: whether the user wants colours
_LOOKS = "apprentice_looks"  # there, too: how each channel looked when its layer was taken away
_KEPT_LOOKS = ("colormap", "contrast_limits", "gamma", "opacity", "visible", "blending", "interpolation2d")


class ChannelLayer(Image):
    """One channel of an image in its colour."""

    @property
    def _type_string(self) -> str:
        return "image"  # for saving, duplicating and the icon in the layer list


class ChannelLayers:
    """One layer for each channel, as long as the image is current; ``changed`` tells that they came or went.

    They are there for images that were opened from a file, and for others when the user asks for them. How a user
    made a channel look stays when another image is current meanwhile.
    """

    changed = Signal()

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._images = label_layers.images
        self._own: list[OwnLayer[ChannelLayer]] = []
        self._of: tuple[Image, AxisMapping, Any] | None = None  # layer, how it was read and its array
        self._image = Connections()
        self._connections = Connections()
        self._connections.add(label_layers.session.image_changed, self._on_changed)
        self._connections.add(self._images.changed, self._on_changed)
        self._on_changed()

    def close(self) -> None:
        """Stop listening, and take the layers away."""
        self._connections.close()
        self._drop()

    @property
    def layers(self) -> list[ChannelLayer]:
        """The layers there are, the first channel first."""
        return [one.layer for one in self._own if one.layer is not None]

    @property
    def can_show(self) -> bool:
        """Whether the current image has channels for which there are colours."""
        shown = self._images.current
        return shown is not None and 1 < _count(shown) <= len(CYMRGB)

    def set_on(self, on: bool) -> None:
        """Show the channels of the current image in colours, or one by one as its layer does."""
        shown = self._images.current
        if shown is not None and shown.layer is not None:
            shown.layer.metadata[_ON] = on
            self._on_changed()

    # what happens

    def _on_changed(self) -> None:
        shown, wanted = self._images.current, None
        if shown is not None and shown.layer is not None and self.can_show and _is_wanted(shown.layer):
            wanted = (shown.layer, shown.axis_mapping, shown.layer.data)
        if wanted is self._of is None or (wanted and self._of and _same(wanted, self._of)):
            return
        self._drop()
        self._of = wanted
        if wanted is not None and shown is not None:
            self._show(shown, wanted[0])
        self.changed.emit()

    def _show(self, shown: ShownImage, image: Image) -> None:
        viewer = self._label_layers.viewer
        axis = _axis(shown)
        names, colours = layers.channels_of(image, shown.reading), _colours(image, _count(shown))
        looks = image.metadata.get(_LOOKS, {})
        above = viewer.layers.index(image) + 1
        below = viewer.layers[above] if above < len(viewer.layers) else None
        for channel, name in enumerate(names):
            data, options = _channel(image, axis, channel, leading=bool(shown.axis_mapping.leading))
            own = OwnLayer[ChannelLayer](viewer, self._images, self._label_layers.whole_options, self._on_deleted)
            self._own.append(own)
            options |= {"colormap": colours[channel], "blending": "additive" if channel else "translucent_no_depth"}
            options |= {"visible": image.visible, **looks.get(channel, {})}
            own.show(partial(ChannelLayer, data), below=below, name=f"{image.name}: {name}", **options)
        self._image.add(image.events.visible, self._on_visible)
        self._image.add(image.events.contrast_limits, self._on_contrast)

    def _drop(self) -> None:
        self._image.close()
        if self._of is not None:
            image = self._of[0]
            found = {i: one.layer for i, one in enumerate(self._own) if one.layer is not None}
            image.metadata[_LOOKS] = {i: _looks(layer, is_shown=image.visible) for i, layer in found.items()}
        own, self._own, self._of = self._own, [], None
        for one in own:
            one.close()

    def _on_deleted(self, layer: ChannelLayer) -> None:
        """All were deleted: the image is wanted as it is."""
        if not self.layers and self._of is not None:
            self._of[0].metadata[_ON] = False
            self._drop()
            self.changed.emit()

    def _on_visible(self, event: Any) -> None:
        """The eye of the image is that of all its channels."""
        for layer in self.layers:
            layer.visible = event.source.visible

    def _on_contrast(self, event: Any) -> None:
        """What is set for the image, such as a window for CT, is for the channel on its slider."""
        shown = self._images.current
        image = None if shown is None else shown.layer
        if shown is None or image is None or image is not event.source:
            return
        dims = self._label_layers.viewer.dims
        step = dims.current_step[dims.ndim - image.ndim + _axis(shown)]
        layer = self._own[step].layer if step < len(self._own) else None
        if layer is not None:
            layer.contrast_limits_range = image.contrast_limits_range
            layer.contrast_limits = image.contrast_limits


def _axis(shown: ShownImage) -> int:
    """Which axis of the layer's array has the channels."""
    return shown.reading.axes.index("C")


def _count(shown: ShownImage) -> int:
    if shown.layer is None or "C" not in shown.reading.axes or "S" in shown.reading.axes:
        return 0
    return int(layers.pixels_of(shown.layer).shape[_axis(shown)])


def _is_wanted(image: Image) -> bool:
    return bool(image.metadata.get(_ON, layers.is_from_file(image)))


def _same(one: tuple[Image, AxisMapping, Any], other: tuple[Image, AxisMapping, Any]) -> bool:
    return all(a is b for a, b in zip(one, other, strict=True))


def _looks(layer: ChannelLayer, *, is_shown: bool) -> dict[str, Any]:
    """What a user may have changed; a channel that went out of sight with its image was not put out of sight."""
    found = {name: getattr(layer, name) for name in _KEPT_LOOKS}
    return {**found, "visible": layer.visible or not is_shown}


def _colours(image: Image, count: int) -> Sequence[str]:
    """Those of the file, where it tells them apart; else as napari has them."""
    told = image.metadata.get(layers.KEPT, {}).get("metadata", {}).get("colors", ())
    if len(told) == count and len(set(told)) == count and "#000000" not in told:
        return list(told)
    return MAGENTA_GREEN if count == len(MAGENTA_GREEN) else CYMRGB[:count]


def _channel(image: Image, axis: int, channel: int, *, leading: bool) -> tuple[Any, dict[str, Any]]:
    """The array of a channel, which shares memory with the image's, and options for its layer."""
    if not image.multiscale:
        return _taken(image.data, axis, channel, leading=leading), {}
    levels = [_taken(level, axis, channel, leading=leading) for level in image.data]
    return levels, {"multiscale": True, **contrast_of(levels[-1])}


def _taken(array: Any, axis: int, channel: int, *, leading: bool) -> Any:
    """One channel without its axis; where that stands in the middle the channel is repeated along it, as masks are."""
    lazy = array if isinstance(array, np.ndarray) or hasattr(array, "transpose") else LazyArray(array)
    taken = lazy[(slice(None),) * axis + (channel,)]
    if leading:
        return taken
    shape = tuple(int(n) for n in array.shape)
    if isinstance(taken, np.ndarray):
        return np.broadcast_to(np.expand_dims(taken, axis), shape)
    from dask.array import broadcast_to, expand_dims, from_array  # a second of import time that most do not need

    return broadcast_to(expand_dims(from_array(taken), axis), shape)
