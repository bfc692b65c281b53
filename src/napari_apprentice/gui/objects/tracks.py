"""Ids kept through time as a layer of tracks: where each object comes from and goes to."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from napari.layers import Tracks
from numpy.typing import NDArray
from psygnal import Signal
from superqt.utils import qthrottled

from napari_apprentice.data.objects.divisions import parents_of, split_paths
from napari_apprentice.data.objects.paths import paths_of
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.session import ProjectImage

_REFRESH_MS = 300
_AXES = "TZYX"


class TracksLayer:
    """A layer on the current image, as long as somebody wants it; it follows edits.

    ``changed`` tells that it was switched on or off, also by taking the layer away. Where it ``divides``, tracks end
    where an object divides, and join those of its daughters.
    """

    changed = Signal()

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self.is_on = self.divides = False
        self._own = OwnLayer[Tracks](label_layers.viewer, label_layers.images, label_layers.options, self._on_deleted)
        self._show_soon = qthrottled(self._show, timeout=_REFRESH_MS, leading=False)
        self._connections = Connections()
        self._connections.add(label_layers.session.labels_changed, self._on_edited)
        self._connections.add(label_layers.session.region_changed, lambda entry, spot: self._on_masks())
        self._connections.add(label_layers.changed, self._on_masks)

    @property
    def layer(self) -> Tracks | None:
        """The layer; None while it is off."""
        return self._own.layer

    @property
    def is_for(self) -> bool:
        """Whether the current image has several frames."""
        entry = self._label_layers.entry
        return entry is not None and entry.labels.shape[0] > 1

    def why_not(self) -> str:
        """Why there can be no tracks; "" when there can."""
        axis_mapping = self._label_layers.axis_mapping
        if not self.is_for:
            return "Tracks need several frames."
        if axis_mapping is None or not axis_mapping.axes.startswith("T") or not set(axis_mapping.axes) <= set(_AXES):
            return "Tracks need time as the first axis, and channels before it or none: say so in Image."
        return ""

    def set_on(self, on: bool) -> None:
        """Show or hide it."""
        if on != self.is_on:
            self.is_on = on
            self._show() if on else self._drop()
            self.changed.emit()

    def set_divides(self, divides: bool) -> None:
        """Show divisions, or not."""
        if divides != self.divides:
            self.divides = divides
            self._show()
            self.changed.emit()

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._show_soon.cancel()
        self._connections.close()
        self._own.close()

    def _show(self) -> None:
        entry, axis_mapping = self._label_layers.entry, self._label_layers.axis_mapping
        if not self.is_on or entry is None or axis_mapping is None or self.why_not():
            return
        paths, graph = split_paths(paths_of(entry.labels), parents_of(entry.labels) if self.divides else {})
        rows = in_axes(paths, axis_mapping.axes)
        if not len(rows):
            self._drop()
        elif self._own.layer is None:
            make = partial(Tracks, rows, graph=graph)
            self._own.show(make, name=f"{entry.name} tracks", tail_width=3, blending="translucent")
        elif not np.array_equal(self._own.layer.data, rows) or self._own.layer.graph != graph:
            self._own.layer.data = rows  # which takes the graph away
            self._own.layer.graph = graph

    def _drop(self) -> None:
        self._show_soon.cancel()
        self._own.drop()

    def _on_edited(self, entry: ProjectImage) -> None:
        if self.is_on and entry is self._label_layers.entry:
            self._show_soon()

    def _on_masks(self, *_: Any) -> None:
        self._drop()
        if self.is_on:
            self._show_soon()
        self.changed.emit()

    def _on_deleted(self, layer: Tracks) -> None:
        self.is_on = False
        self.changed.emit()


def in_axes(rows: NDArray[np.float64], axes: str) -> NDArray[np.float64]:
    """Rows of id, t, z, y, x as a layer with these axes has them."""
    return rows[:, [0, *(1 + _AXES.index(letter) for letter in axes)]]
