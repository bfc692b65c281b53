"""Which tool is in the hand: napari's own modes of the masks layer, the background brush, click a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import Signal

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.stage import Stage
from napari_apprentice.gui.tools import approve
from napari_apprentice.gui.tools.click import CanvasClicks, ClickTool

MODES = {"pan": "pan_zoom", "paint": "paint", "erase": "erase", "fill": "fill", "polygon": "polygon", "pick": "pick"}
HINTS = {
    "pan": "",
    "paint": "Paint the masks; what you paint is vouched for. M: a new object, [ and ]: brush size.",
    "erase": "Erase what is wrong: background is vouched for where an object was.",
    "fill": "Click an object to give it the selected label, which merges the two; the same label vouches for it.",
    "polygon": "Click around an object, double-click to close.",
    "pick": "Click an object to take its label.",
    "background": "Paint where there is nothing: blue is vouched-for background.",
    "approve": "Click the objects that are right as they are.",
    "click": "Click a cell that was missed or cut badly. Enter keeps the outline, Esc discards it.",
}


class Tools:
    """The tool in use. ``changed`` carries its name, ``troubled`` one sentence for the user."""

    changed = Signal(str)
    troubled = Signal(str)

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.click = ClickTool(stage)
        self._approving = CanvasClicks(stage, self._on_approving)
        self._vouched_was_shown: bool | None = None
        self._layer: Connections | None = None
        self._last = "pan"
        self._connections = Connections()
        self._connections.add(stage.changed, self._on_layer_changed)
        self._connections.add(stage.session.settings_changed, self._on_settings_changed)
        self._connections.add(self.click.troubled, self.troubled.emit)
        self._on_layer_changed()

    def close(self) -> None:
        """Put the tools down."""
        self.click.close()
        self._approving.set_on(False)
        self._connections.close()
        if self._layer is not None:
            self._layer.close()

    @property
    def current(self) -> str:
        """The tool in use, a key of `HINTS`."""
        layer = self.stage.labels
        if layer is None:
            return "pan"
        if self.click.is_on:
            return "click"
        if self._approving.is_on:
            return "approve"
        if layer.background_brush:
            return "background"
        return next((name for name, mode in MODES.items() if mode == str(layer.mode)), "pan")

    def use(self, name: str) -> None:
        """Take a tool; it works on the masks layer, which becomes the active one."""
        layer = self.stage.activate()
        if layer is None:
            return
        self.click.set_on(name == "click")
        self._approving.set_on(name == "approve")
        if name == "background":
            layer.background_brush = True
        elif name in MODES:
            layer.background_brush = False
            layer.mode = MODES[name]
        self._tell()

    def new_object(self) -> None:
        """Take the brush with an id that no object has."""
        entry = self.stage.entry
        if entry is None or self.stage.labels is None:
            return
        self.stage.labels.selected_label = entry.next_id()
        self.use("paint")

    def use_class(self, value: int) -> None:
        """Take the brush with a class."""
        if self.stage.labels is not None:
            self.stage.labels.selected_label = value
            if self.current not in ("paint", "fill", "polygon"):
                self.use("paint")
            self._tell()

    def approve(self, what: str) -> None:
        """Approve the object under the cursor, the field of view, the slice or the whole image."""
        self._try(lambda: approve.APPROVALS[what](self.stage))

    # what happens

    def _on_layer_changed(self) -> None:
        if self._layer is not None:
            self._layer.close()
        self._put_down_clicks()
        layer = self.stage.labels
        if layer is None:
            return
        self._layer = Connections()
        self._layer.add(layer.events.mode, self._on_mode)
        self._layer.add(layer.events.background_brush, self._on_background_brush)
        self._layer.add(layer.events.selected_label, self._on_mode)
        self._layer.add(layer.events.key_tool, self._on_key)
        self._bind_numbers()
        self._tell()

    def _on_settings_changed(self) -> None:
        self._bind_numbers()
        self._tell()

    def _on_mode(self, event: Any = None) -> None:
        if self.stage.labels is not None and str(self.stage.labels.mode) != "pan_zoom":
            self._put_down_clicks()
        self._tell()

    def _on_background_brush(self, event: Any = None) -> None:
        """What is vouched for is shown while the brush that paints it is in the hand."""
        on = self.stage.labels is not None and self.stage.labels.background_brush
        if on and self._vouched_was_shown is None:
            self._vouched_was_shown = self.stage.shows_vouched
            self.stage.show_vouched(True)
        elif not on and self._vouched_was_shown is not None:
            self.stage.show_vouched(self._vouched_was_shown)
            self._vouched_was_shown = None
        self._tell()

    def _on_key(self, event: Any) -> None:
        if event.value == "new object":
            self.new_object()
        elif event.value.startswith("approve "):
            self.approve(event.value.removeprefix("approve "))
        else:
            self.use("pan" if self.current == event.value else event.value)

    def _on_approving(self, position: Any) -> None:
        self._try(lambda: approve.approve_object(self.stage, position))

    def _put_down_clicks(self) -> None:
        self.click.set_on(False)
        self._approving.set_on(False)

    def _try(self, verb: Callable[[], None]) -> None:
        try:
            verb()
        except UserError as error:
            self.troubled.emit(str(error))

    def _tell(self) -> None:
        self.changed.emit(self.current)

    def _bind_numbers(self) -> None:
        """Number keys take classes in a project of classes; otherwise they are napari's."""
        layer = self.stage.labels
        if layer is None:
            return
        classes = self.stage.session.classes if self.stage.session.kind == "classes" else ()
        for number in range(1, 10):
            key = str(number)
            layer.bind_key(key, None, overwrite=True)
            if any(one.value == number for one in classes):
                layer.bind_key(key, lambda _layer, value=number: self.use_class(value), overwrite=True)
