"""The tools of a panel: which one is in the hand, and the keys that take them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from psygnal import Signal

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tool_labels import ModeOfTool
from napari_apprentice.gui.tools import table
from napari_apprentice.gui.tools.brush import Brush
from napari_apprentice.gui.tools.drawn import DrawnLine
from napari_apprentice.gui.tools.keys import LayerKeys
from napari_apprentice.gui.tools.line import LineTool
from napari_apprentice.gui.tools.move import Move
from napari_apprentice.gui.tools.review import PageOfDoubtful
from napari_apprentice.gui.tools.tool import Tool

_WITH_CLASS = ("paint", "fill", "polygon", "click")  # tools that go on with another class


class Tools:
    """One tool of each kind in the table; ``changed`` tells which is in the hand, ``troubled`` a sentence."""

    changed = Signal(str)
    troubled = Signal(str)

    def __init__(self, label_layers: LabelLayers) -> None:
        self.label_layers = label_layers
        self.all: dict[str, Tool] = {kind.name: kind(label_layers) for kind in table.TOOLS}
        self._line = DrawnLine(label_layers)
        for tool in self.all.values():
            if isinstance(tool, LineTool):
                tool.draw_with(self._line)
        self._current = self.all[Move.name]
        self._taking = False
        self._layer = Connections()
        self._keys = LayerKeys()
        self._numbers = LayerKeys()
        self._connections = Connections()
        self._connections.add(label_layers.changed, self._on_layer_changed)
        self._connections.add(label_layers.session.settings_changed, self._on_settings_changed)
        self._on_layer_changed()

    def close(self) -> None:
        """Put the tools down."""
        self._connections.close()
        self._leave_layer()
        for tool in self.all.values():
            tool.close()
        self._line.close()

    @property
    def current(self) -> str:
        """The name of the tool in the hand."""
        return self._current.name

    def use(self, name: str) -> None:
        """Take a tool, which makes the masks layer the active one, or do at once what it does.

        A page of a review, under which nothing is seen, is closed by it.
        """
        tool = self.all[name]
        if self.label_layers.labels is None:
            return
        pages = self.label_layers.session.pages
        if pages.page is not None and tool.heading != PageOfDoubtful.heading:
            pages.close()
            if tool.at_once:
                self.troubled.emit("The page was closed, so that you see what this is done to: press it again.")
                return
        why_not = tool.why_not()
        if why_not:
            self.troubled.emit(why_not)
        elif tool.at_once:
            self._try(tool.turn_on)
        elif self.label_layers.activate() is not None:
            self._take(tool)

    def toggle(self, name: str) -> None:
        """Take a tool, or put it down when it is in the hand."""
        self.use(Move.name if name == self.current else name)

    def use_class(self, value: int) -> None:
        """Take the brush with a class."""
        if self.label_layers.labels is not None:
            self.label_layers.labels.selected_label = value
            if self.current not in _WITH_CLASS:
                self.use(Brush.name)
            self._tell()

    # taking

    def _take(self, tool: Tool, *, in_mode: bool = False) -> None:
        """Put down what is in the hand and take another; ``in_mode``: napari has chosen the mode already."""
        before, self._current = self._current, tool
        layer = self.label_layers.labels
        if layer is not None and tool is not before:
            self._taking = True
            try:
                before.turn_off()
                if before.cursor and (not in_mode or layer.mode == before.mode):
                    layer.cursor = "standard"  # napari leaves it as it is where the mode stays the same
                if not in_mode:
                    layer.mode = tool.mode
                tool.turn_on()
                if tool.cursor:
                    layer.cursor = tool.cursor
            except UserError as error:
                self._current = self.all[Move.name]
                layer.mode = Move.mode
                self.troubled.emit(str(error))
            finally:
                self._taking = False
            layer.tool = self.current
            if tool.name == Move.name:  # nothing is in the hand
                self._line.drop()
        self._tell()

    def _on_mode_chosen(self, mode: str) -> None:
        """By a key, a button or a menu of napari, or by a script; also the mode that it was in already."""
        layer = self.label_layers.labels
        if self._taking or layer is None:
            return
        found = self.all.get(mode.tool) if isinstance(mode, ModeOfTool) else None
        if found is None or found.mode != layer.mode:
            naparis = (tool for tool in self.all.values() if tool.napari_action and tool.mode == layer.mode)
            found = next(naparis, self.all[Move.name])
        self._take(found, in_mode=True)

    def _try(self, verb: Callable[[], None]) -> None:
        try:
            verb()
        except UserError as error:
            self.troubled.emit(str(error))

    def _tell(self, event: object = None) -> None:
        self.changed.emit(self.current)

    # the layer

    def _on_layer_changed(self) -> None:
        self._leave_layer()
        layer = self.label_layers.labels
        if layer is None:
            return
        self._layer.add(layer.mode_chosen, self._on_mode_chosen)
        self._layer.add(layer.events.selected_label, self._tell)
        for tool in self.all.values():
            if tool.key:
                self._keys.bind(layer, tool.key, partial(self.toggle, tool.name))
        self._bind_numbers()
        self._tell()

    def _leave_layer(self) -> None:
        self._layer.close()
        self._numbers.close()
        self._keys.close()
        before, self._current = self._current, self.all[Move.name]
        before.turn_off()
        self._line.drop()

    def _on_settings_changed(self) -> None:
        self._bind_numbers()
        self._tell()

    def _bind_numbers(self) -> None:
        """Number keys take classes in a project of classes; otherwise they are napari's."""
        self._numbers.close()
        layer, session = self.label_layers.labels, self.label_layers.session
        if layer is None or session.kind != "classes":
            return
        for one in session.classes:
            if one.value < 10:
                self._numbers.bind(layer, str(one.value), partial(self.use_class, one.value))
