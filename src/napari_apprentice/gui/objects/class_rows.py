"""The classes that objects are given, a row each: colour and key, name, how many objects have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

_KEYS = 9


class ClassRows(QWidget):
    """``chosen`` is the value of the class that is given; ``troubled`` is called with what did not work."""

    def __init__(self, session: Session, troubled: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self._troubled = troubled
        self.chosen = 0
        self.swatches: dict[int, QToolButton] = {}
        self.names: dict[int, QLineEdit] = {}
        self.counts: dict[int, QLabel] = {}
        self.add = link("+ Add a class", self.on_add)
        self._shown: tuple[ClassName, ...] | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(2)
        self._rows.addLayout(row(self.add, None))
        self._rows.addStretch(1)
        self.show_classes({})

    def show_classes(self, counts: Mapping[int, int]) -> None:
        """Show the classes there are, and how many objects of the image are of each."""
        classes = self._session.object_classes.classes
        if classes != self._shown:
            self._build(classes)
        for value, label in self.counts.items():
            label.setText(f"{counts[value]:,}" if value in counts else "")

    def choose(self, value: int) -> None:
        """Give this class from now on."""
        self.chosen = value
        for one, swatch in self.swatches.items():
            swatch.setChecked(one == value)

    def on_add(self) -> None:
        """A further class, whose name can be typed at once."""
        names = {one.name for one in self._session.object_classes.classes}
        number = next(i for i in range(1, len(names) + 2) if f"class {i}" not in names)
        try:
            added = self._session.object_classes.add(f"class {number}")
        except UserError as error:
            self._troubled(str(error))
            return
        self.show_classes({})
        self.choose(added.value)
        self.names[added.value].setFocus()
        self.names[added.value].selectAll()

    def _build(self, classes: tuple[ClassName, ...]) -> None:
        self._shown = classes
        for known in (self.swatches, self.names, self.counts):
            known.clear()
        while self._rows.count() > 2:
            item = self._rows.takeAt(0)
            old = None if item is None else item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for place, one in enumerate(classes):
            self._rows.insertWidget(place, self._row(one, place + 1))
        values = [one.value for one in classes]
        self.choose(self.chosen if self.chosen in values else values[0] if values else 0)

    def _row(self, one: ClassName, number: int) -> QWidget:
        swatch = QToolButton()
        swatch.setCheckable(True)
        swatch.setFixedSize(26, 22)
        swatch.setText(str(number) if number <= _KEYS else "")
        swatch.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key = f" (key {number} in the table)" if number <= _KEYS else ""
        swatch.setToolTip(f"Choose {one.name}{key}")
        swatch.setStyleSheet(_style(one.color))
        swatch.clicked.connect(lambda _checked=False: self.choose(one.value))
        name = QLineEdit(one.name)
        name.editingFinished.connect(lambda: self._rename(one, name))
        count = QLabel("")
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        count.setMinimumWidth(36)
        count.setToolTip("Objects of this image that are of this class, given or proposed")
        self.swatches[one.value], self.names[one.value], self.counts[one.value] = swatch, name, count
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for widget in (
            swatch,
            name,
            count,
            link("colour", lambda: self._on_colour(one), "Choose its colour"),
            link("×", lambda: self._try(lambda: self._session.object_classes.remove(one.value)), "Remove this class"),
        ):
            line.addWidget(widget)
        return made

    def _rename(self, one: ClassName, name: QLineEdit) -> None:
        if name.text().strip() != one.name:
            self._try(lambda: self._session.object_classes.rename(one.value, name.text()))
            self._shown = None  # what was refused is not shown either
            self.show_classes({})

    def _on_colour(self, one: ClassName) -> None:
        colour = QColorDialog.getColor(QColor(one.color), self, f"Colour of {one.name}")
        if colour.isValid():
            self._try(lambda: self._session.object_classes.recolour(one.value, colour.name()))

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except UserError as error:
            self._troubled(str(error))


def _style(colour: str) -> str:
    text = "black" if QColor(colour).lightnessF() > 0.55 else "white"
    return (
        f"QToolButton {{ background: {colour}; color: {text}; border: 2px solid transparent; border-radius: 3px; }}"
        f"QToolButton:checked {{ border: 2px solid {text}; font-weight: 700; }}"
    )
