"""What is confirmed, told by form: outlines, dots and hatching in a slice; in 3D what is confirmed is solid."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from superqt.utils import qthrottled

from napari_apprentice.gui.confirmed_marks import DOTS, HATCH, OUTLINE, ConfirmedBodies, ConfirmedMarks
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import OpenImages, ShownImage
from napari_apprentice.gui.own_layer import OwnLayer

_REFRESH_MS = 60
_PAUSE = 4  # times what drawing took, so that large slices leave the window its time
_CLEAR, _WHITE, _BLUE = (0, 0, 0, 0), (1, 1, 1, 1), (0.35, 0.6, 1, 0.7)
_COLOURS = DirectLabelColormap(color_dict={None: _CLEAR, 0: _CLEAR, HATCH: _BLUE, OUTLINE: _WHITE, DOTS: _WHITE})


class ConfirmedLayer:
    """A layer above the masks of the current image, as long as ``masks`` gives any; shown unless somebody hides it."""

    def __init__(
        self,
        viewer: ViewerModel,
        images: OpenImages,
        place: Callable[[], dict[str, Any]],
        masks: Callable[[], Labels | None],
    ) -> None:
        self._viewer = viewer
        self._images = images
        self._masks = masks
        self._is_wanted = True
        self._own = OwnLayer[Labels](viewer, images, place)
        self._refresh_soon = qthrottled(self._refresh, timeout=_REFRESH_MS, leading=False)
        self._connections = Connections()
        self._connections.add(viewer.dims.events.ndisplay, self._on_ndisplay)

    def close(self) -> None:
        """Take the layer away."""
        self._refresh_soon.cancel()
        self._connections.close()
        self._own.close()

    @property
    def layer(self) -> Labels | None:
        """The layer; None while there is none."""
        return self._own.layer

    @property
    def is_visible(self) -> bool:
        """Whether it is there and shown."""
        return self.layer is not None and bool(self.layer.visible)

    def add(self, shown: ShownImage) -> None:
        """Make the layer of an image, on top."""
        name = f"{shown.entry.name} confirmed"
        made = partial(Labels, self._data(shown), name=name, colormap=_COLOURS, opacity=1)
        self._own.show(made, visible=self._is_wanted)
        self.recolour()

    def set_visible(self, on: bool) -> None:
        """Show or hide it, also for the images that come."""
        self._is_wanted = on
        if self.layer is not None and self.layer.visible != on:
            self.layer.visible = on
            self._refresh()

    def reopen(self, shown: ShownImage) -> None:
        """Show the part of a large image that is open now."""
        if self.layer is not None:
            self.layer.data = self._data(shown)
            self._own.move()

    def show_changes(self) -> None:
        """The voxels are others: soon that is seen."""
        if self.is_visible:
            self._refresh_soon()

    def drop(self) -> None:
        """Take the layer away until there is another image."""
        self._own.drop()

    def recolour(self) -> None:
        """The masks have other colours: in 3D those are its own."""
        masks = self._masks()
        if self.layer is not None and isinstance(self.layer.data, ConfirmedBodies) and masks is not None:
            self.layer.colormap = masks.colormap

    def _data(self, shown: ShownImage) -> ConfirmedMarks:
        view = shown.axis_mapping.view
        made = ConfirmedBodies if self._viewer.dims.ndisplay == 3 else ConfirmedMarks
        return made(view(shown.entry.labels), view(shown.entry.confirmed))

    def _on_ndisplay(self) -> None:
        shown = self._images.current
        if self.layer is None or shown is None:
            return
        self.layer.data = self._data(shown)
        self.layer.colormap = _COLOURS
        self.recolour()

    def _refresh(self) -> None:
        if not self.is_visible or self.layer is None:
            return
        began = time.perf_counter()
        self.layer.refresh(extent=False, thumbnail=False)
        took = (time.perf_counter() - began) * 1000
        self._refresh_soon.setTimeout(max(_REFRESH_MS, round(_PAUSE * took)))
