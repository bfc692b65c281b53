"""Images without a pixel size beside one that has it: the same for all, at a click.

napari cannot show layers in pixels and in micrometers to one scale, and warns with each layer that comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.gui import layers
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.masks import is_ours
from napari_apprentice.gui.widgets.buttons import ElidedLink

Spacing = tuple[float, float, float]


class SameSize(QWidget):
    """Two lines, each there when there is something to offer.

    ``here``: the size of another image for the current one, which has none; ``there``: the size of the current one for
    all layers of images, labels, points and shapes that have none.
    """

    def __init__(self, label_layers: LabelLayers, spaced: Callable[[Spacing, str], None]) -> None:
        super().__init__()
        self._images = label_layers.images
        self._viewer = label_layers.viewer
        self._spaced = spaced
        self._known: Volume | None = None
        self.here = ElidedLink(self._on_here)
        self.there = ElidedLink(self._on_there)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for one in (self.here, self.there):
            layout.addWidget(one)
        layout.addStretch(1)

    def refresh(self) -> None:
        """Offer what is missing."""
        shown = self._images.current
        has_size = shown is not None and shown.layer is not None and shown.entry.volume.unit != PIXEL
        self._known = None if has_size or shown is None else self._other(shown)
        self.here.setVisible(self._known is not None)
        if self._known is not None:
            self.here.set_words(f"As {self._known.name}: {_words(self._known)}")
        lacking = self._lacking(shown) if has_size and shown is not None else []
        self.there.setVisible(bool(lacking))
        if lacking:
            others = "1 layer" if len(lacking) == 1 else f"{len(lacking)} layers"
            names = ", ".join(layer.name for layer, _ in lacking)
            self.there.set_words(
                f"Same pixel size for {others} without one", f"The pixel size of this image for {names}"
            )
        self.setVisible(self._known is not None or bool(lacking))

    def _other(self, shown: ShownImage) -> Volume | None:
        """Another image of the session that has a size for each axis of this one, which has none at all."""
        if shown.layer is None or not _is_plain(shown.layer):
            return None
        is_3d = shown.entry.volume.is_3d
        for layer in self._images.layers:
            other = self._images.shown_by(layer)
            volume = None if other is None or other is shown else other.entry.volume
            if volume is not None and volume.unit != PIXEL and (volume.is_3d or not is_3d):
                return volume
        return None

    def _lacking(self, shown: ShownImage) -> list[tuple[Layer, LayerReading]]:
        """The user's layers without a size, and what their axes are; no step between slices is made up."""
        is_3d = shown.entry.volume.is_3d
        found = []
        for layer in self._viewer.layers:
            if layer is shown.layer or is_ours(layer) or not _is_plain(layer):
                continue
            axes = self._axes(layer, is_3d=is_3d)
            if axes is not None and (is_3d or "Z" not in axes):
                found.append((layer, LayerReading(axes)))
        return found

    def _axes(self, layer: Layer, *, is_3d: bool) -> str | None:
        if isinstance(layer, Image):
            known = self._images.shown_by(layer)
            reading = layers.guess(layer) if known is None else known.reading
            return reading.layer_axes if len(reading.layer_axes) == layer.ndim else None
        axes = "TZYX" if is_3d else "TYX"
        return axes[-layer.ndim :] if layer.ndim <= len(axes) else None

    def _on_here(self) -> None:
        if self._known is not None:
            self._spaced(self._known.spacing, self._known.unit)

    def _on_there(self) -> None:
        shown = self._images.current
        if shown is not None:
            for layer, reading in self._lacking(shown):
                layers.set_spacing(layer, reading, shown.entry.volume.spacing, shown.entry.volume.unit)
            self.refresh()


def _is_plain(layer: Layer) -> bool:
    """Whether nobody has given a layer a pixel size."""
    return bool(np.all(np.asarray(layer.scale) == 1)) and {str(unit) for unit in layer.units} == {PIXEL}


def _words(volume: Volume) -> str:
    steps = volume.spacing if volume.is_3d else volume.spacing[1:]
    one = steps[-1:] if len(set(steps)) == 1 else steps
    return " x ".join(f"{step:.4g}" for step in one) + f" {volume.unit}"
