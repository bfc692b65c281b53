"""Click a cell, or an area of a class: its outline appears at once, further clicks refine it, Enter keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.drawn import DrawnBox
from napari_apprentice.gui.tools.keys import LayerKeys
from napari_apprentice.gui.tools.one_slice import one_slice
from napari_apprentice.gui.tools.outline import Outline
from napari_apprentice.gui.tools.tool import Switch, Tool
from napari_apprentice.gui.tools.view import slices_across


class ClickCell(Tool):
    """Asks for the object that is clicked, or in a box; keys answer while a proposal waits."""

    name = "click"
    about = "its outline is proposed at once, with or without a model for such images"
    key = "C"
    more_keys = (
        ("Shift+click", "Take away what is there"),
        ("Drag", "Draw a box around it"),
        ("Enter", "Keep the outline"),
        ("Escape", "Discard it"),
        ("Ctrl+Z", "Take back one click"),
        ("Ctrl+click", "Add to the outline in any case"),
    )
    hint = (
        "Click a cell, or drag a box around it. Click again where its outline misses something, Shift+click where it "
        "has too much. Enter keeps it, Esc discards it. Space and a drag move the image."
    )
    hint_for_classes = (
        "Click an area of the class that is chosen, or drag a box around it. Click again where its outline misses "
        "something, Shift+click where it has too much. Enter keeps it, Esc discards it. Space and a drag move the "
        "image."
    )
    # a pointer on a cell with a plus
    icon = svg(
        "M42 6a36 36 0 1 0 0 72a36 36 0 0 0 8 -1l-3 -9a27 27 0 1 1 21 -30l10 1a36 36 0 0 0 -36 -33z",
        "M46 44l44 17l-19 7l-8 20z",
    )
    cursor = "cross"

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._click = label_layers.session.verbs.click
        self._gestures = CanvasGestures(label_layers, self._on_click, self._on_drag, self._on_move)
        self._box = DrawnBox(label_layers)
        self._outline = Outline(label_layers)
        self._keys = LayerKeys()
        self._connections = Connections()
        self._connections.add(label_layers.session.click_proposed, self._on_proposed)
        self._connections.add(label_layers.session.click_cleared, self._keys.close)
        self._layer = Connections()

    @property
    def title(self) -> str:
        """Of what masks are in this project."""
        return "Click an area" if self._label_layers.session.kind == "classes" else "Click a cell"

    @property
    def switches(self) -> Sequence[Switch]:
        """How clicks are meant."""
        what = "area" if self._label_layers.session.kind == "classes" else "cell"
        one_each = Switch(
            "One click each",
            f"A click beside the outline keeps it and asks for the next {what}: a hundred {what}s are a hundred clicks",
            self._click.one_each,
            lambda on: setattr(self._click, "one_each", on),
        )
        about_slice = f"A click finds the {what} in its slice, not in the ones above and below"
        return one_each, *one_slice(
            self._label_layers, about_slice, self._click.one_slice, lambda on: setattr(self._click, "one_slice", on)
        )

    def why_not(self) -> str:
        """What is missing for clicking."""
        return self._click.why_not()

    def turn_on(self) -> None:
        """Clicks ask for cells, or areas of the class that is chosen then."""
        self._gestures.set_on(True)
        layer = self._label_layers.labels
        if layer is not None:
            self._layer.add(layer.events.selected_label, self._on_class_chosen)
            self._on_class_chosen()
        self._outline.prepare()

    def turn_off(self) -> None:
        """A proposal that waits is discarded with the tool; with one click each it was meant."""
        self._gestures.set_on(False)
        self._layer.close()
        self._box.drop()
        self._click.leave()
        self._outline.put_away()

    def close(self) -> None:
        """Give the keys back."""
        self._keys.close()
        self._layer.close()
        self._box.close()
        self._outline.close()
        self._connections.close()

    def _on_class_chosen(self, event: Any = None) -> None:
        layer = self._label_layers.labels
        if layer is not None:
            self._click.class_value = int(layer.selected_label)

    def _on_click(self, gesture: Gesture) -> None:
        self._refuse_turned(self._click.one_slice)
        point = self._point(gesture.at)
        if point is not None:
            held = gesture.modifiers
            self._click(point, remove="Shift" in held, extend="Control" in held)

    def _on_move(self, gesture: Gesture) -> None:
        layer = self._label_layers.labels
        if layer is not None and self._label_layers.viewer.dims.ndisplay == 2:
            self._box.show(*(layer.world_to_data(gesture.path[i]) for i in (0, -1)))

    def _on_drag(self, gesture: Gesture) -> None:
        self._box.hide()
        self._refuse_turned(True)
        first, last = self._point(gesture.path[0]), self._point(gesture.path[-1])
        if first is not None and last is not None:
            self._click.box(first, last)

    def _refuse_turned(self, is_of_slice: bool) -> None:
        """The network looks at slices across z."""
        if is_of_slice and slices_across(self._label_layers) != "z":
            raise UserError("A box, and a click in one slice, are for slices along z: turn the view back (Ctrl+E).")

    def _point(self, at: Any) -> tuple[float, ...] | None:
        """A place in the world as (t, z, y, x)."""
        layer, axis_mapping = self._label_layers.labels, self._label_layers.axis_mapping
        if layer is None or axis_mapping is None:
            return None
        if self._label_layers.viewer.dims.ndisplay != 2:
            raise UserError("Clicking a cell works on slices: switch the view to 2D (Ctrl+Y).")
        return axis_mapping.point(layer.world_to_data(at))

    def _keep(self) -> None:
        try:
            self._click.keep()
        except UserError as error:
            self._label_layers.troubled.emit(str(error))

    def _on_proposed(self, mask: Any, box: Any) -> None:
        self._keys.close()
        own = [self._label_layers.labels, self._label_layers.viewer.layers.selection.active]
        answers = {"Enter": self._keep, "Escape": self._click.discard, "Control-Z": self._click.undo}
        for layer in {id(one): one for one in own if one is not None}.values():
            for key, answer in answers.items():
                self._keys.bind(layer, key, answer)
