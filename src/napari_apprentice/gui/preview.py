"""Proposals on their way: tiles as they are segmented, and the contour of a clicked cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from superqt.utils import qthrottled

from napari_apprentice.events import Event, TileDone
from napari_apprentice.gui import layers
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.stage import Stage
from napari_apprentice.session import Entry

_REFRESH_MS = 120


class TilePreview:
    """Shows what a running *Segment* has so far in a layer of its own; the session's arrays are not touched."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._entry: Entry | None = None
        self._array: NDArray[np.uint32] | None = None
        self.layer: Labels | None = None
        self._refresh_soon = qthrottled(self._refresh, timeout=_REFRESH_MS, leading=False)
        self._connections = Connections()
        self._connections.add(stage.session.job_started, self._on_started)
        self._connections.add(stage.session.job_event, self._on_event)
        self._connections.add(stage.session.job_ended, self._on_ended)
        self._connections.add(stage.session.image_changed, self._on_image_changed)
        self._connections.add(stage.viewer.layers.events.removed, self._on_removed)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._drop()

    def _on_started(self, kind: str) -> None:
        if kind == "segment":
            self._drop()
            self._entry = self._stage.session.current

    def _on_event(self, kind: str, event: Event) -> None:
        if kind != "segment" or not isinstance(event, TileDone) or self._entry is not self._stage.entry:
            return
        found = self._stage.session.queue.provisional("segment")
        if found is None or self._entry is None:
            return
        if self._array is None:
            self._array = np.zeros(self._entry.labels.shape, np.uint32)
        at = tuple(slice(start, stop) for start, stop in event.region)
        self._array[at] = found[at]
        if self.layer is None:
            self._show()
        self._refresh_soon()

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "segment":
            self._drop()

    def _on_image_changed(self) -> None:
        if self._entry is not self._stage.session.current:
            self._drop()

    def _on_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self.layer = None
            self._entry = None  # the user took it away: not again for this run

    def _show(self) -> None:
        footprint = self._stage.footprint
        if footprint is None or self._array is None or self._entry is None:
            return
        self.layer = Labels(
            footprint.view(self._array),
            name=f"{self._entry.name} proposal",
            opacity=0.6,
            **self._stage.marked(),
        )
        if self._entry.is_labelled:
            self.layer.contour = 2  # the old masks stay visible below
        self._stage.add_quietly(self.layer)
        self.layer.editable = False

    def _refresh(self) -> None:
        if self.layer is not None:
            self.layer.refresh(extent=False, thumbnail=False)

    def _drop(self) -> None:
        self._refresh_soon.cancel()
        layer, self.layer = self.layer, None
        self._array, self._entry = None, None
        if layer is not None:
            self._stage.take_away(layer)


class ClickPreview:
    """The outline of a proposed object, drawn on top until it is kept or discarded."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.layer: Labels | None = None
        self._connections = Connections()
        self._connections.add(stage.session.click_proposed, self._on_proposed)
        self._connections.add(stage.session.click_cleared, self._drop)
        self._connections.add(stage.session.image_changed, self._drop)
        self._connections.add(stage.viewer.layers.events.removed, self._on_removed)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._drop()

    def _on_proposed(self, mask: NDArray[np.bool_], box: tuple[tuple[int, int], ...]) -> None:
        self._drop()
        footprint = self._stage.footprint
        if footprint is None:
            return
        padded = np.pad(mask.astype(np.uint8), 1)  # so that the outline closes at the edge of the box
        corner = footprint.corner([(start - 1, stop + 1) for start, stop in box])
        options = self._stage.marked()
        if "C" in footprint.axes:
            corner = tuple(0 if axis == "C" else at for axis, at in zip(footprint.axes, corner, strict=True))
        options = layers.shifted(options, corner)
        if not {"T"} & set(footprint.axes):
            padded = padded[1:-1]
        if not {"Z"} & set(footprint.axes):
            padded = padded[:, 1:-1]
        view = footprint.view(padded)
        colormap = DirectLabelColormap(color_dict={None: (0, 0, 0, 0), 0: (0, 0, 0, 0), 1: (1.0, 0.85, 0.1, 1.0)})
        self.layer = Labels(view, name="clicked cell", colormap=colormap, opacity=1.0, **options)
        self.layer.contour = 2
        self._stage.add_quietly(self.layer)
        self.layer.editable = False

    def _on_removed(self, event: Any) -> None:
        if event.value is self.layer and self.layer is not None:
            self.layer = None
            self._stage.session.verbs.click.discard()

    def _drop(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None:
            self._stage.take_away(layer)
