"""The classes of a semantic project: colour, name, number key."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from napari_apprentice.data.labels.new_class import new_class
from napari_apprentice.errors import UserError
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.settings import ClassName


class ClassList(QWidget):
    """One row per class: select to paint it, rename, recolour, remove."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._session = tools.label_layers.session
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(3)
        self._shown: tuple[ClassName, ...] | None = None
        self._swatches: dict[int, QToolButton] = {}
        self.refresh()

    def refresh(self) -> None:
        """Show the classes of the session."""
        if self._shown == self._session.classes:
            return
        self._shown = self._session.classes
        self._swatches.clear()
        while self._rows.count():
            item = self._rows.takeAt(0)
            old = None if item is None else item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for one in self._shown:
            self._rows.addWidget(self._row(one))
        adding = QWidget()
        adding.setLayout(row(link("+ Add a class", self._on_add), None))
        self._rows.addWidget(adding)
        self.show_selected()

    def _row(self, one: ClassName) -> QWidget:
        swatch = QToolButton()
        swatch.setCheckable(True)
        swatch.setFixedSize(26, 22)
        swatch.setText(str(one.value) if one.value < 10 else "")
        swatch.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        swatch.setToolTip(f"Paint {one.name}" + (f" (key {one.value})" if one.value < 10 else ""))
        swatch.setStyleSheet(_swatch_style(one.color))
        swatch.clicked.connect(lambda _checked=False: self._tools.use_class(one.value))
        self._swatches[one.value] = swatch
        name = QLineEdit(one.name)
        name.editingFinished.connect(lambda: self._change(one, name=name.text().strip() or one.name))
        colour = link("colour", lambda: self._on_colour(one))
        remove = link("remove", lambda: self._on_remove(one))
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(5)
        for widget in (swatch, name, colour, remove):
            line.addWidget(widget)
        return made

    def show_selected(self) -> None:
        """Mark the class that is painted."""
        labels = self._tools.label_layers.labels
        selected = None if labels is None else int(labels.selected_label)
        for value, swatch in self._swatches.items():
            swatch.setChecked(value == selected)

    def _on_add(self) -> None:
        try:
            added = new_class(self._session.classes)
        except UserError as error:
            self._tools.troubled.emit(str(error))
        else:
            self._choose((*self._session.classes, added))

    def _on_colour(self, one: ClassName) -> None:
        colour = QColorDialog.getColor(QColor(one.color), self, f"Colour of {one.name}")
        if colour.isValid():
            self._change(one, color=colour.name())

    def _on_remove(self, one: ClassName) -> None:
        self._choose(tuple(other for other in self._session.classes if other.value != one.value))

    def _change(self, one: ClassName, **changes: str) -> None:
        new = one.model_copy(update=changes)
        if new != one:
            self._choose(tuple(new if other.value == one.value else other for other in self._session.classes))

    def _choose(self, classes: tuple[ClassName, ...]) -> None:
        try:
            self._session.choose_kind("classes", classes)
        except UserError as error:
            self._tools.troubled.emit(str(error))


def _swatch_style(colour: str) -> str:
    text = "black" if QColor(colour).lightnessF() > 0.55 else "white"
    return (
        f"QToolButton {{ background: {colour}; color: {text}; border: 2px solid transparent; border-radius: 3px; }}"
        f"QToolButton:checked {{ border: 2px solid {text}; font-weight: 700; }}"
    )
