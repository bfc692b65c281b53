"""The sheet of keys: what the tools are taken with, and what of napari is worth knowing beside them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_apprentice.gui.tools.keys import napari_keys
from napari_apprentice.gui.tools.tool import key_of
from napari_apprentice.gui.tools.tools import Tools

OPENED_BY = "F1"
_NAPARI = (
    ("napari:decrease_brush_size", "Smaller brush; or move the mouse with Alt held"),
    ("napari:increase_brush_size", "Larger brush"),
    ("napari:swap_selected_and_background_labels", "Selected label or background"),
    ("napari:hold_for_pan_zoom", "Hold to move the view with any tool"),
    ("napari:reset_view", "All of the image in view"),
    ("napari:toggle_ndisplay", "2D or 3D"),
    ("napari:increment_dims_left", "Slice or frame before"),
    ("napari:increment_dims_right", "Slice or frame after; or turn the wheel with Ctrl held"),
    ("napari:toggle_selected_visibility", "Hide or show the masks"),
)
Line = tuple[str, str]
Part = tuple[str, list[Line]]  # a heading, and what stands under it


def lines_of(tools: Tools) -> list[Part]:
    """Headings, each with keys and what they do."""
    own = [(key, tool.title) for tool in tools.all.values() if (key := key_of(tool))]
    meanwhile = [(tool.title, list(tool.more_keys)) for tool in tools.all.values() if tool.more_keys]
    undo = [("Ctrl+Z", "Undo"), ("Ctrl+Shift+Z", "Redo")]
    naparis = [(" or ".join(keys), words) for action, words in _NAPARI if (keys := napari_keys(action))]
    return [("Tools", own), *meanwhile, ("napari, with the masks selected", [*undo, *naparis])]


class KeySheet(QDialog):
    """All keys at a glance, in two columns; stays open beside the window while one works."""

    def __init__(self, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        columns = QHBoxLayout(self)
        columns.setSpacing(32)
        for parts in _halves(lines_of(tools)):
            column = QVBoxLayout()
            column.setSpacing(10)
            for heading, lines in parts:
                column.addWidget(QLabel(f"<b>{heading}</b>"))
                column.addLayout(_table(lines))
            column.addStretch(1)
            columns.addLayout(column)


def _halves(parts: list[Part]) -> tuple[list[Part], list[Part]]:
    """The parts in two columns that are as even as they can be."""

    def longest(place: int) -> int:
        return max(sum(len(lines) + 2 for _, lines in column) for column in (parts[:place], parts[place:]))

    place = min(range(1, len(parts)), key=longest)
    return parts[:place], parts[place:]


def _table(lines: list[Line]) -> QGridLayout:
    table = QGridLayout()
    table.setHorizontalSpacing(16)
    table.setColumnMinimumWidth(0, 110)
    table.setColumnStretch(1, 1)
    for place, (key, words) in enumerate(lines):
        table.addWidget(QLabel(key), place, 0)
        table.addWidget(QLabel(words), place, 1)
    return table
