"""The outline of a proposed object, drawn on top until it is kept or discarded."""

from __future__ import annotations

from collections.abc import Sequence
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

YELLOW = (1.0, 0.85, 0.1, 1.0)
_NOTHING = np.zeros((1, 1, 1, 1), np.uint8)


class Outline:
    """A layer while something is proposed; once `prepare` was called it stays, hidden, until `put_away`.

    Making a layer takes napari several times as long as showing something else in it.
    """

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._corner: Sequence[int] = ()  # where the outline begins, in the masks layer
        self._is_prepared = False
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._place, self._on_deleted)
        self._connections = Connections()
        self._connections.add(label_layers.session.click_proposed, self._on_proposed)
        self._connections.add(label_layers.session.click_cleared, self._on_cleared)
        self._connections.add(label_layers.session.image_changed, self._own.drop)

    def prepare(self) -> None:
        """Proposals are to be expected."""
        self._is_prepared = True
        if self._own.layer is None:
            self._show(_NOTHING, [(0, 1)] * 4, visible=False)

    def put_away(self) -> None:
        """None are."""
        self._is_prepared = False
        self._own.drop()

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._own.close()

    def _on_proposed(self, mask: NDArray[np.bool_], box: tuple[tuple[int, int], ...]) -> None:
        padded = np.pad(mask.astype(np.uint8), 1)  # so that the outline closes at the edge of the box
        self._show(padded, [(start - 1, stop + 1) for start, stop in box], visible=True)

    def _on_cleared(self) -> None:
        if self._is_prepared and self._own.layer is not None:
            self._own.layer.visible = False
        else:
            self._own.drop()

    def _show(self, padded: NDArray[np.uint8], box: Sequence[tuple[int, int]], *, visible: bool) -> None:
        axis_mapping = self._label_layers.axis_mapping
        if axis_mapping is None:
            self._own.drop()
            return
        self._corner = axis_mapping.corner(box)
        if "T" not in axis_mapping.axes and len(padded) > 1:
            padded = padded[1:-1]
        if "Z" not in axis_mapping.axes and padded.shape[1] > 1:
            padded = padded[:, 1:-1]
        layer = self._own.layer
        if layer is not None:
            layer.data = axis_mapping.view(padded)
            layer.translate = self._place()["translate"]  # all else is as it was: each costs napari a drawing
            if layer.visible != visible:
                layer.visible = visible
            return
        colormap = DirectLabelColormap(color_dict={None: (0, 0, 0, 0), 0: (0, 0, 0, 0), 1: YELLOW})
        make = partial(Labels, axis_mapping.view(padded))
        layer = self._own.show(make, name="clicked cell", colormap=colormap, opacity=1.0, visible=visible)
        layer.contour = 2

    def _place(self) -> dict[str, Any]:
        return shift_place(self._label_layers.options(), self._corner)

    def _on_deleted(self, layer: Labels) -> None:
        self._label_layers.session.verbs.click.discard()
