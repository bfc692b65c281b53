"""Proposals on their way: tiles as they are segmented."""

from __future__ import annotations

from functools import partial
from time import perf_counter

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from superqt.utils import qthrottled

from napari_apprentice.events import Event, TileDone
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.session import ProjectImage

_REFRESH_MS = 120
_REST = 4  # times as long as drawing took, which is up to 2 s for 4096 x 4096 pixels, the window is left alone


class TilePreview:
    """Shows what a running *Segment* has so far in a layer of its own; the session's arrays are not touched."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._entry: ProjectImage | None = None
        self._array: NDArray[np.uint32] | None = None
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, label_layers.options, self._on_deleted)
        self._refresh_soon = qthrottled(self._refresh, timeout=_REFRESH_MS, leading=False)
        self._connections = Connections()
        self._connections.add(label_layers.session.job_started, self._on_started)
        self._connections.add(label_layers.session.job_event, self._on_event)
        self._connections.add(label_layers.session.job_ended, self._on_ended)
        self._connections.add(label_layers.session.image_changed, self._on_image_changed)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._drop()
        self._own.close()

    def _on_started(self, kind: str) -> None:
        if kind == "segment":
            self._drop()
            self._entry = self._label_layers.session.current

    def _on_event(self, kind: str, event: Event) -> None:
        if kind != "segment" or not isinstance(event, TileDone) or self._entry is not self._label_layers.entry:
            return
        found = self._label_layers.session.queue.provisional("segment")
        if found is None or self._entry is None:
            return
        if self._array is None:
            self._array = np.zeros(self._entry.labels.shape, np.uint32)
        at = tuple(slice(start, stop) for start, stop in event.region)
        self._array[at] = found[at]
        if self._own.layer is None:
            self._show(self._entry, self._array)
        self._refresh_soon()

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "segment":
            self._drop()

    def _on_image_changed(self) -> None:
        if self._entry is not self._label_layers.session.current:
            self._drop()

    def _on_deleted(self, layer: Labels) -> None:
        self._entry = None  # the user took it away: not again for this run

    def _show(self, entry: ProjectImage, found: NDArray[np.uint32]) -> None:
        axis_mapping = self._label_layers.axis_mapping
        if axis_mapping is None:
            return
        layer = self._own.show(partial(Labels, axis_mapping.view(found)), name=f"{entry.name} proposal", opacity=0.6)
        if entry.is_labelled:
            layer.contour = 2  # the old masks stay visible below

    def _refresh(self) -> None:
        if self._own.layer is not None:
            began = perf_counter()
            self._own.layer.refresh(extent=False, thumbnail=False)
            took_ms = 1000 * (perf_counter() - began)
            self._refresh_soon.setTimeout(max(_REFRESH_MS, round(_REST * took_ms)))

    def _drop(self) -> None:
        self._refresh_soon.cancel()
        self._array, self._entry = None, None
        self._own.drop()
