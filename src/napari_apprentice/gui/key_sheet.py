"""The sheet of keys: what the tools are taken with, and what of napari is worth knowing beside them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_apprentice.gui import objects
from napari_apprentice.gui.comparison import KEYS
from napari_apprentice.gui.tools.keys import napari_keys
from napari_apprentice.gui.tools.tool import Tool, key_of
from napari_apprentice.gui.tools.tools import Tools

OPENED_BY = ("?", "F1")
_NAPARI = (
    ("napari:decrease_brush_size", "Smaller brush; or Alt and the mouse"),
    ("napari:increase_brush_size", "Larger brush"),
    ("napari:swap_selected_and_background_labels", "Selected label or background"),
    ("napari:hold_for_pan_zoom", "Hold to move the view with any tool"),
    ("napari:reset_view", "All of the image in view"),
    ("napari:toggle_ndisplay", "2D or 3D"),
    ("napari:increment_dims_left", "Slice or frame before"),
    ("napari:increment_dims_right", "Slice or frame after; or Ctrl and the wheel"),
    ("napari:toggle_selected_visibility", "Hide or show the masks"),
)
Line = tuple[str, str]
Part = tuple[str, list[Line]]  # a heading, and what stands under it


def lines_of(tools: Tools) -> list[Part]:
    """Headings, each with keys and what they do."""
    own: dict[str, list[Line]] = {}
    for tool in tools.all.values():
        if key := key_of(tool):
            own.setdefault(tool.heading, []).append((key, tool.title))
    taking = own.pop(Tool.heading)
    meanwhile = [(tool.title, list(tool.more_keys)) for tool in tools.all.values() if tool.more_keys]
    undo = [("Ctrl+Z", "Undo"), ("Ctrl+Shift+Z", "Redo")]
    naparis = [(" or ".join(keys), words) for action, words in _NAPARI if (keys := napari_keys(action))]
    meanwhile.append(("Comparing versions", list(KEYS)))
    panel = [(objects.KEY, objects.NAME), (" or ".join(OPENED_BY), "This sheet")]
    rest = [*own.items(), ("Panel", panel), ("napari, with the masks selected", [*undo, *naparis])]
    return [(Tool.heading, taking), *meanwhile, *rest]


class KeySheet(QDialog):
    """All keys at a glance, in three columns; stays open beside the window while one works."""

    def __init__(self, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        taking, *meanwhile, under_cursor, review, panel, naparis = lines_of(tools)
        columns = QHBoxLayout(self)
        columns.setSpacing(14)
        for parts in ([taking, review], meanwhile, [under_cursor, panel, naparis]):
            column = QVBoxLayout()
            column.setSpacing(7)
            for heading, lines in parts:
                column.addWidget(QLabel(f"<b>{heading}</b>"))
                column.addLayout(_table(lines))
            column.addStretch(1)
            columns.addLayout(column)


def _table(lines: list[Line]) -> QGridLayout:
    table = QGridLayout()
    table.setHorizontalSpacing(10)
    table.setColumnMinimumWidth(0, 80)
    table.setColumnStretch(1, 1)
    for place, (key, words) in enumerate(lines):
        table.addWidget(QLabel(key), place, 0)
        table.addWidget(QLabel(words), place, 1)
    return table
