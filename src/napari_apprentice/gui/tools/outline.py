"""Outlines drawn on top: of a proposed object until it is kept or discarded, of objects that are chosen elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.placement import shift_place

_WIDTH = 2  # canvas pixels
YELLOW = (1.0, 0.85, 0.1, 1.0)
Box = Sequence[tuple[int, int]]
_NOTHING, _SOMEWHERE = np.zeros((1, 1, 1, 1), bool), ((0, 1), (0, 1), (1, 2), (1, 2))


class OutlineLayer:
    """A layer that outlines a mask, wherever in the image that lies; made at the first one.

    Making a layer takes napari several times as long as showing something else in it.
    """

    def __init__(self, label_layers: LabelLayers, name: str, deleted: Callable[[Labels], None] | None = None) -> None:
        self._label_layers = label_layers
        self._name = name
        self._corner: Sequence[int] = ()  # where the outline begins, in the masks layer
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._place, deleted)
        self._connections = Connections()
        self._connections.add(label_layers.viewer.dims.events.ndisplay, self._suit_display)

    @property
    def layer(self) -> Labels | None:
        """The layer; None while there is none."""
        return self._own.layer

    def show(self, mask: NDArray[np.bool_], box: Box, *, visible: bool = True) -> None:
        """Outline a mask over ``box`` ((start, stop) for t, z, y, x of the masks)."""
        axis_mapping, entry = self._label_layers.axis_mapping, self._label_layers.entry
        if axis_mapping is None or entry is None:
            self._own.drop()
            return
        _, (first, last), *_ = box
        above, below = int(first > 0), int(last < entry.labels.shape[1])  # no slice that the image does not have
        edges = ((0, 0), (above, below), (1, 1), (1, 1))  # so that the outline closes at the edge of the box
        padded = np.pad(mask.astype(np.uint8), edges)
        self._corner = axis_mapping.corner(
            [(start - less, stop + more) for (start, stop), (less, more) in zip(box, edges, strict=True)]
        )
        layer = self._own.layer
        if layer is None:
            colormap = DirectLabelColormap(color_dict={None: (0, 0, 0, 0), 0: (0, 0, 0, 0), 1: YELLOW})
            make = partial(Labels, axis_mapping.view(padded))
            self._own.show(make, name=self._name, colormap=colormap, opacity=1.0, visible=visible)
            self._suit_display()
            return
        self._suit_display()
        layer.data = axis_mapping.view(padded)
        layer.translate = self._place()["translate"]  # all else is as it was: each costs napari a drawing
        if layer.visible != visible:
            layer.visible = visible

    def hide(self) -> None:
        """Show nothing, and keep the layer for the next mask."""
        if self._own.layer is not None and self._own.layer.visible:
            self._own.layer.visible = False

    def drop(self) -> None:
        """Take the layer away."""
        self._own.drop()

    def close(self) -> None:
        """Take the layer away, for good."""
        self._connections.close()
        self._own.close()

    def _suit_display(self, event: Any = None) -> None:
        """In 3D display there are no outlines: the object is filled, and seen through those before it."""
        layer, is_2d = self._own.layer, self._label_layers.viewer.dims.ndisplay == 2
        if layer is not None and layer.contour != (_WIDTH if is_2d else 0):
            layer.contour = _WIDTH if is_2d else 0
            layer.blending = "translucent" if is_2d else "translucent_no_depth"

    def _place(self) -> dict[str, Any]:
        return shift_place(self._label_layers.options(), self._corner)


class Outline:
    """A layer while something is proposed; once `prepare` was called it stays, hidden, until `put_away`."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._is_prepared = False
        self._outline = OutlineLayer(label_layers, "clicked outline", self._on_deleted)
        self._connections = Connections()
        self._connections.add(label_layers.session.click_proposed, self._outline.show)
        self._connections.add(label_layers.session.click_cleared, self._on_cleared)
        self._connections.add(label_layers.session.image_changed, self._outline.drop)

    def prepare(self) -> None:
        """Proposals are to be expected."""
        self._is_prepared = True
        if self._outline.layer is None:
            self._outline.show(_NOTHING, _SOMEWHERE, visible=False)

    def put_away(self) -> None:
        """None are."""
        self._is_prepared = False
        self._outline.drop()

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._outline.close()

    def _on_cleared(self) -> None:
        if self._is_prepared:
            self._outline.hide()
        else:
            self._outline.drop()

    def _on_deleted(self, layer: Labels) -> None:
        self._label_layers.session.verbs.click.discard()
