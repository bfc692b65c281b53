"""The masks of a model that was tried, as outlines on the canvas."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Labels

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.masks import colour
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.session import Trial


class TrialOutlines:
    """A layer with the outlines of one trial; at most one is shown."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._region: Region | None = None  # of the image, that the layer lies on
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._place)
        self._connections = Connections()
        self._connections.add(label_layers.viewer.dims.events.ndisplay, self._on_ndisplay)

    @property
    def layer(self) -> Labels | None:
        """The layer; None while nothing is shown."""
        return self._own.layer

    def show(self, trial: Trial | None) -> None:
        """Show the outlines of a trial in place of others; None: of none."""
        self._own.drop()
        session, axis_mapping = self._label_layers.session, self._label_layers.axis_mapping
        field = session.verbs.try_models.field
        if trial is None or field is None or axis_mapping is None or field.entry is not self._label_layers.entry:
            return
        t, z, y, x = (
            slice(a.start + b.start, a.stop + b.start) for a, b in zip(field.region, field.entry.region, strict=True)
        )
        self._region = t, z, y, x
        name = trial.choice.title.partition(" (")[0]
        layer = self._own.show(partial(Labels, axis_mapping.view(trial.labels), name=f"{name}, tried", opacity=1.0))
        colour(layer, session)
        self._on_ndisplay()

    def close(self) -> None:
        """Take the layer away, for good."""
        self._connections.close()
        self._own.close()

    def _on_ndisplay(self) -> None:
        """In 3D there are no outlines: the objects are shown."""
        if self._own.layer is not None:
            self._own.layer.contour = 2 if self._label_layers.viewer.dims.ndisplay == 2 else 0

    def _place(self) -> dict[str, Any]:
        return self._label_layers.options(self._region)
