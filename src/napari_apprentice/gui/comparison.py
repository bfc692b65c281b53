"""A new version beside the old one, on the canvas: what changed is outlined, and a key shows the new masks."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from psygnal import Signal

from napari_apprentice.data.labels.corrections import Labels as LabelArray
from napari_apprentice.data.labels.differences import Difference
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.keys import LayerKeys, key_words
from napari_apprentice.gui.tools.view import look_at
from napari_apprentice.session import Comparison

HOLD, NEXT = "W", "Shift-W"
KEYS = (
    (key_words(HOLD), "Hold to see the new masks"),
    (key_words(NEXT), "Next place that differs"),
)
_OUTLINE = "#f0e442"
_LEAST_PX, _SMALLEST = 70, 15.0  # a difference is shown on the canvas at least so large, as if it was so many voxels


class ComparisonView:
    """Three layers while a comparison is there: the new masks, and outlines of what changed in the old and the new."""

    changed = Signal()  # the old masks are shown, or the new ones, or there is no comparison any more

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._session = label_layers.session
        viewer, images = label_layers.viewer, label_layers.images
        self._new, self._old_outlines, self._new_outlines = (
            OwnLayer[Labels](viewer, images, label_layers.options, self._on_deleted) for _ in range(3)
        )
        self.shows_new = False
        self._opacity: float | None = None  # of the old masks, while the new ones are shown
        self._place = -1
        self._keys = LayerKeys()
        self._connections = Connections()
        self._connections.add(self._session.compared, self._on_compared)
        self._connections.add(label_layers.changed, self._on_layer_changed)
        self._connections.add(viewer.dims.events.ndisplay, self._show)

    def close(self) -> None:
        """Stop listening and take the layers away."""
        self._drop()
        self._connections.close()
        for own in (self._new, self._old_outlines, self._new_outlines):
            own.close()

    def show_new(self, on: bool) -> None:
        """The new masks are seen in place of the old, or the old ones again."""
        on = on and self._new.layer is not None
        if on != self.shows_new:
            self.shows_new = on
            self._show()
            self.changed.emit()

    def next(self) -> None:
        """Go to the next place where the two differ; after the last one to the first."""
        found = self._session.comparison
        if found is not None and found.differences.places:
            self.go_to((self._place + 1) % len(found.differences.places))

    @property
    def place(self) -> int:
        """The place that was gone to last, by its number; -1 before the first."""
        return self._place

    def go_to(self, place: int) -> None:
        """Bring a place where the two differ to the middle of the canvas."""
        found = self._session.comparison
        if found is not None and place < len(found.differences.places):
            self._place = place
            one: Difference = found.differences.places[place]
            look_at(self._label_layers, one.point, edge=max(_SMALLEST, 2.0 * one.edge), least_px=_LEAST_PX)
            self.changed.emit()

    def _on_compared(self) -> None:
        self._drop()
        found = self._session.comparison
        if found is not None and found.entry is self._label_layers.entry:
            self._build(found)
        self.changed.emit()

    def _on_layer_changed(self) -> None:
        """The masks layer is another one, or gone: keys are bound to it."""
        self._on_compared()

    def _on_deleted(self, layer: Labels) -> None:
        self._session.verbs.compare.end()

    def _build(self, found: Comparison) -> None:
        masks, axis_mapping = self._label_layers.labels, self._label_layers.axis_mapping
        if masks is None or axis_mapping is None:
            return
        name = f"version {found.version.removeprefix('v')}"
        looks: dict[str, Any] = {"colormap": masks.colormap, "opacity": masks.opacity, "visible": False}
        self._new.show(partial(Labels, axis_mapping.view(found.after)), name=f"masks of {name}", **looks)
        self._outline(self._old_outlines, found.differences.before, f"changed by {name}")
        self._outline(self._new_outlines, found.differences.after, f"changed in {name}")
        self._keys.bind_held(masks, HOLD, partial(self.show_new, True), partial(self.show_new, False))
        self._keys.bind(masks, NEXT, self.next)
        self._show()

    def _outline(self, own: OwnLayer[Labels], changed: LabelArray, name: str) -> None:
        axis_mapping = self._label_layers.axis_mapping
        if axis_mapping is not None:
            colours = DirectLabelColormap(color_dict={None: _OUTLINE, 0: (0, 0, 0, 0)})
            made = partial(Labels, axis_mapping.view(changed), colormap=colours, opacity=1.0, visible=False)
            own.show(made, name=name).contour = 2

    def _show(self, event: Any = None) -> None:
        masks, new = self._label_layers.labels, self._new.layer
        is_flat = self._label_layers.viewer.dims.ndisplay == 2  # in 3D an outline would be a solid body
        if new is not None:
            new.visible = self.shows_new
        for own, on in ((self._old_outlines, not self.shows_new), (self._new_outlines, self.shows_new)):
            if own.layer is not None:
                own.layer.visible = on and is_flat
        if masks is not None and self.shows_new and self._opacity is None:
            self._opacity, masks.opacity = float(masks.opacity), 0.0  # hidden it could not have a tool in the hand
        elif masks is not None and not self.shows_new and self._opacity is not None:
            masks.opacity, self._opacity = self._opacity, None

    def _drop(self) -> None:
        self.shows_new = False
        self._place = -1
        self._keys.close()
        for own in (self._new, self._old_outlines, self._new_outlines):
            own.drop()
        self._show()
        self._opacity = None
