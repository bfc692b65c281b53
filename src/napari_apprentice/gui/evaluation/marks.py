"""Mistakes on the canvas: outlines in a colour for each kind, and the camera that goes there."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_apprentice.data.labels.mistakes import KINDS
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.view import look_at
from napari_apprentice.jobs import WrongRef
from napari_apprentice.session import ModelEvaluation

# after Okabe and Ito, lighter: they are told apart on dark and bright images, also by people who see few colours
COLOURS = dict(zip(KINDS, ("#f0e442", "#ff5a36", "#56b4e9", "#e58cc4"), strict=True))
_OTHER_CLASS = COLOURS["false"]
_LEAST_PX = 70  # so large a mistake is shown on the canvas,
_SMALLEST = 15.0  # as if it was at least so many voxels wide


class MarksLayer:
    """A layer with the mistakes of one model; at most one is shown."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._shown: ModelEvaluation | None = None
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, label_layers.options, self._on_deleted)

    @property
    def layer(self) -> Labels | None:
        """The layer; None while no mistakes are shown."""
        return self._own.layer

    def close(self) -> None:
        """Take the layer away, for good."""
        self._shown = None
        self._own.close()

    def show(self, found: ModelEvaluation | None) -> None:
        """Show the mistakes of a model in place of others; None: of none."""
        if found is self._shown and (found is None or self.layer is not None):
            return
        self._shown = None
        self._own.drop()
        axis_mapping = self._label_layers.axis_mapping
        if found is None or axis_mapping is None or found.entry is not self._label_layers.entry:
            return
        self._shown = found
        make = partial(Labels, axis_mapping.view(found.marks), colormap=_colormap(), opacity=1.0)
        self._own.show(make, name=f"mistakes of {found.score.name}")

    def go_to(self, wrong: WrongRef) -> None:
        """Bring a mistake to the middle of the canvas, large enough to be seen."""
        is_3d = self._shown is not None and self._shown.marks.shape[1] > 1
        edge = max(_SMALLEST, wrong.voxels ** (1 / 3 if is_3d else 1 / 2))
        look_at(self._label_layers, wrong.point, edge=edge, least_px=_LEAST_PX)

    def _on_deleted(self, layer: Labels) -> None:
        self._shown = None


def _colormap() -> DirectLabelColormap:
    colours: dict[int | None, Any] = {None: (0, 0, 0, 0), 0: (0, 0, 0, 0), len(KINDS) + 1: _OTHER_CLASS}
    return DirectLabelColormap(color_dict=colours | {place + 1: COLOURS[kind] for place, kind in enumerate(KINDS)})
