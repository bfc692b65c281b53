"""The masks layer of an image as it comes into the viewer: its name, colours and brush."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_apprentice.gui import layers
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.session import ProjectImage, Session


def masks_of(session: Session, shown: ShownImage, why_not_edit: str, **options: Any) -> ApprenticeLabels:
    """The layer of an image's masks, with what only its file says; ``options`` as for `napari.layers.Labels`."""
    told = {layers.KEPT: {"metadata": shown.entry.volume.metadata}}
    options = {**options, "name": f"{shown.entry.name} masks", "opacity": 0.5, "metadata": told}
    made = ApprenticeLabels.showing(session, shown.entry, shown.axis_mapping, why_not_edit=why_not_edit, **options)
    colour(made, session)
    made.brush_size = _first_brush(shown.entry)
    if session.kind == "instances":
        made.select(shown.entry.next_id())
    return made


def colour(layer: Labels, session: Session) -> None:
    """Classes have the colours of their list; cells have napari's cycle."""
    if session.kind == "classes":
        colours: dict[int | None, Any] = {None: "gray", 0: (0, 0, 0, 0)}
        colours |= {one.value: one.color for one in session.classes}
        layer.colormap = DirectLabelColormap(color_dict=colours)
    elif isinstance(layer.colormap, DirectLabelColormap):
        layer.new_colormap(seed=0)


def is_ours(layer: Layer) -> bool:
    """Whether a layer belongs to the panel and not to the user."""
    return isinstance(layer, ApprenticeLabels) or layers.is_marked(layer)


def _first_brush(entry: ProjectImage) -> int:
    """A brush that suits the image's size."""
    return int(np.clip(round(min(entry.labels.shape[-2:]) / 60), 4, 20))
