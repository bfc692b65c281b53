"""What is confirmed, in colours: background, as labelled, kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from superqt.utils import qthrottled

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, KEPT, UNKNOWN
from napari_apprentice.gui.images import OpenImages, ShownImage
from napari_apprentice.gui.own_layer import OwnLayer

_REFRESH_MS = 60
_BLUE, _GREEN, _GREY = (0.26, 0.53, 0.96, 1.0), (0.16, 0.78, 0.39, 1.0), (0.7, 0.7, 0.7, 1.0)
_CLEAR = (0, 0, 0, 0)


class ConfirmedLayer:
    """A layer that shares the memory of the current image's confirmed voxels; hidden until somebody asks for it."""

    def __init__(self, viewer: ViewerModel, images: OpenImages, place: Callable[[], dict[str, Any]]) -> None:
        self._own = OwnLayer[Labels](viewer, images, place)
        self._refresh_soon = qthrottled(self._refresh, timeout=_REFRESH_MS, leading=False)

    def close(self) -> None:
        """Take the layer away."""
        self._refresh_soon.cancel()
        self._own.close()

    @property
    def layer(self) -> Labels | None:
        """The layer; None while there is none."""
        return self._own.layer

    @property
    def is_visible(self) -> bool:
        """Whether it is there and shown."""
        return self.layer is not None and bool(self.layer.visible)

    def add(self, shown: ShownImage, below: Layer | None = None) -> None:
        """Make the layer of an image, hidden."""
        colours = {None: _CLEAR, UNKNOWN: _CLEAR, BACKGROUND: _BLUE, AS_LABELLED: _GREEN, KEPT: _GREY}
        self._own.show(
            partial(Labels, shown.axis_mapping.view(shown.entry.confirmed)),
            below=below,
            name=f"{shown.entry.name} confirmed",
            colormap=DirectLabelColormap(color_dict=colours),
            opacity=0.35,
            visible=False,
        )

    def set_visible(self, on: bool) -> None:
        """Show or hide it."""
        if self.layer is not None and self.layer.visible != on:
            self.layer.visible = on
            self._refresh()

    def reopen(self, shown: ShownImage) -> None:
        """Show the part of a large image that is open now."""
        if self.layer is not None:
            self.layer.data = shown.axis_mapping.view(shown.entry.confirmed)
            self._own.move()

    def show_changes(self) -> None:
        """The voxels are others: soon that is seen."""
        if self.is_visible:
            self._refresh_soon()

    def drop(self) -> None:
        """Take the layer away until there is another image."""
        self._own.drop()

    def _refresh(self) -> None:
        if self.layer is not None and self.layer.visible:
            self.layer.refresh(extent=False, thumbnail=False)
