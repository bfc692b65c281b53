"""The check boxes of the tool in the hand."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from napari_apprentice.gui.tools.tool import Tool


class Switches(QWidget):
    """A line of check boxes, made anew for each tool; hidden where it has none."""

    def __init__(self) -> None:
        super().__init__()
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self.boxes: dict[str, QCheckBox] = {}
        self.hide()

    def show_those_of(self, tool: Tool | None) -> None:
        """Show what can be switched on and off for a tool; None: nothing."""
        switches = () if tool is None else tool.switches
        if [one.title for one in switches] != list(self.boxes):
            self._empty()
            for one in switches:
                box = QCheckBox(one.title)
                box.setToolTip(one.about)
                box.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
                box.setChecked(one.is_on)
                box.toggled.connect(one.turn)
                self._line.addWidget(box)
                self.boxes[one.title] = box
            if switches:
                self._line.addStretch(1)
        self.setVisible(bool(switches))

    def _empty(self) -> None:
        while (item := self._line.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.boxes.clear()
