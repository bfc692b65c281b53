"""How doubtful each object is, as colours over the image."""

from __future__ import annotations

from functools import partial

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from psygnal import Signal
from superqt.utils import qthrottled

from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.doubted import doubt_map

_REFRESH_MS = 300
_COLOURS = [[1.0, 0.95, 0.4, 0.0], [1.0, 0.9, 0.3, 0.35], [1.0, 0.55, 0.1, 0.75], [0.9, 0.1, 0.15, 0.9]]
_AT = [0.0, 0.02, 0.35, 1.0]  # of the colours: what is firm is nearly clear


class DoubtMap:
    """A layer on the current image, as long as somebody wants it: from yellow to red, clear where nothing is in doubt.

    ``changed`` tells that it was switched on or off, also by taking the layer away.
    """

    changed = Signal()

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._session = label_layers.session
        self.is_on = False
        self._values: NDArray[np.float32] | None = None  # (T, Z, Y, X)
        self._own = OwnLayer[Image](label_layers.viewer, label_layers.images, label_layers.options, self._on_deleted)
        self._show_soon = qthrottled(self._show, timeout=_REFRESH_MS, leading=False)
        self._connections = Connections()
        for signal in (self._session.doubts_changed, self._session.labels_changed, self._session.confirmed_changed):
            self._connections.add(signal, self._on_changed)
        self._connections.add(self._session.region_changed, lambda entry, spot: self._on_changed(entry))
        self._connections.add(label_layers.changed, self._on_masks)

    @property
    def layer(self) -> Image | None:
        """The layer; None while it is off, or nothing is known."""
        return self._own.layer

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._show_soon.cancel()
        self._connections.close()
        self._own.close()

    def set_on(self, on: bool) -> None:
        """Show or hide it."""
        if on == self.is_on:
            return
        self.is_on = on
        self._show() if on else self._drop()
        self.changed.emit()

    def _show(self) -> None:
        entry, axis_mapping = self._label_layers.entry, self._label_layers.axis_mapping
        if not self.is_on or entry is None or axis_mapping is None:
            return
        values = doubt_map(entry)
        if values is None:
            self._drop()
            return
        if self._own.layer is None or self._values is None or self._values.shape != values.shape:
            self._values = values
            self._own.show(
                partial(Image, axis_mapping.view(values)),
                name=f"{entry.name} doubt",
                colormap=Colormap(_COLOURS, name="doubt", controls=_AT),
                contrast_limits=(0.0, 1.0),
                blending="translucent",
                interpolation2d="nearest",
            )
            return
        self._values[...] = values
        self._own.move()
        self._own.layer.refresh(extent=False, thumbnail=False)

    def _drop(self) -> None:
        self._show_soon.cancel()
        self._values = None
        self._own.drop()

    def _on_changed(self, entry: ProjectImage) -> None:
        if self.is_on and entry is self._label_layers.entry:
            self._show_soon()

    def _on_masks(self) -> None:
        self._drop()
        if self.is_on:
            self._show_soon()

    def _on_deleted(self, layer: Image) -> None:
        self._values, self.is_on = None, False
        self.changed.emit()
