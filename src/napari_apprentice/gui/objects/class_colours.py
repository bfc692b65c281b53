"""The class of each object, as colours over the image."""

from __future__ import annotations

from functools import partial

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from psygnal import Signal

from napari_apprentice.data.labels.corrections import rank_ids
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.objects.table import keys_of
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.session import ProjectImage

_OPACITY = 0.55


class ClassColours:
    """A layer on the current image as long as it is on; ``changed`` tells that somebody took it away."""

    changed = Signal()

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self.is_on = False
        self._values: NDArray[np.uint8] | None = None  # (T, Z, Y, X)
        self._shown: ProjectImage | None = None  # the image that the layer is of
        self._colors: dict[int, str] = {}
        self._hidden: ApprenticeLabels | None = None  # the masks, whose colours say something else
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, label_layers.options, self._on_deleted)

    @property
    def layer(self) -> Labels | None:
        """The layer; None while it is off, or no class is known."""
        return self._own.layer

    def set_on(self, on: bool) -> None:
        """Show it with the next `show`, or take it away."""
        self.is_on = on
        if not on:
            self._drop()

    def show(self, classes: ObjectClasses | None) -> None:
        """Colour the objects of the image by these classes; None: there are none."""
        entry, axis_mapping = self._label_layers.entry, self._label_layers.axis_mapping
        if not self.is_on or entry is None or axis_mapping is None or classes is None:
            self._drop()
            return
        values, colors = _painted(entry.labels, classes), dict(classes.colors)
        shown = self._values if self._shown is entry else None
        if self._own.layer is None or shown is None or shown.shape != values.shape:
            self._values, self._colors, self._shown = values, colors, entry
            self._hide_masks()
            self._own.show(
                partial(Labels, axis_mapping.view(values)),
                name=f"{entry.name} classes",
                colormap=_colormap(colors),
                opacity=_OPACITY,
                blending="translucent",
            )
            return
        shown[...] = values
        if colors != self._colors:
            self._colors, self._own.layer.colormap = colors, _colormap(colors)
        self._own.move()
        self._own.layer.refresh(extent=False, thumbnail=False)

    def close(self) -> None:
        """Take the layer away."""
        self._show_masks()
        self._own.close()

    def _hide_masks(self) -> None:
        masks = self._label_layers.labels
        if masks is not None and masks.visible:
            masks.visible, self._hidden = False, masks

    def _show_masks(self) -> None:
        hidden, self._hidden = self._hidden, None
        if hidden is not None and hidden is self._label_layers.labels:
            hidden.visible = True

    def _drop(self) -> None:
        self._show_masks()
        self._values = None
        self._own.drop()

    def _on_deleted(self, layer: Labels) -> None:
        self._show_masks()
        self._values, self.is_on = None, False
        self.changed.emit()


def _painted(labels: NDArray[np.uint32], classes: ObjectClasses) -> NDArray[np.uint8]:
    """The class of each voxel's object, (T, Z, Y, X); 0 where none is known."""
    names, ranks = rank_ids(labels)
    found = np.empty(labels.shape, np.uint8)
    for t, frame in enumerate(ranks):
        keys = keys_of(np.stack([np.full(len(names), t), names], axis=1))
        found[t] = classes.value_of(keys).astype(np.uint8)[frame]
    return found


def _colormap(colors: dict[int, str]) -> DirectLabelColormap:
    found: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    for value, color in colors.items():
        found[value] = color
    return DirectLabelColormap(color_dict=found)
