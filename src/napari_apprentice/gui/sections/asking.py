"""What a file does not say is asked for where it is shown; nothing waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.data.image.axes import describe_axes
from napari_apprentice.data.image.units import MICROMETER, PIXEL
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.layers import pixels_of
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted

UNITS = (MICROMETER, "nm", "mm")
_LETTERS = "ZTC"
_WHAT = {"Z": "slices (z)", "T": "time", "C": "channels"}


class AskSize(QWidget):
    """One line with fields for the pixel size, while it is not known."""

    def __init__(self, spaced: Callable[[tuple[float, float, float], str], None]) -> None:
        super().__init__()
        self._spaced = spaced
        self._is_3d = False
        self._asked: tuple[str, tuple[float, ...]] = ("", ())
        self.words = muted("")
        self.step = size_field("z ", "Distance between slices")
        self.plane = size_field("", "Distance between pixels")
        self.unit = QComboBox()
        self.unit.addItems(UNITS)
        for field in (self.step, self.plane):
            field.setSpecialValueText(f"{field.prefix()}?")
            field.setMinimum(0)
            field.editingFinished.connect(self._on_entered)
        self.unit.activated.connect(lambda _index: self._on_entered())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.words)
        fields = row(self.step, self.plane, self.unit)
        fields.setStretch(0, 1)
        fields.setStretch(1, 1)
        layout.addLayout(fields)

    def show_gap(self, shown: ShownImage | None) -> None:
        """Ask, when there is something to ask."""
        volume = None if shown is None or shown.layer is None else shown.entry.volume
        self.setVisible(volume is not None and volume.unit == PIXEL)
        if shown is None or volume is None or volume.unit != PIXEL:
            return
        self._is_3d = volume.is_3d
        has_steps = volume.spacing != (1.0, 1.0, 1.0)
        if has_steps:
            self.words.setText("The pixel size has no unit. Choose it for sizes in um.")
        else:
            what = "Voxel size" if volume.is_3d else "Pixel size"
            self.words.setText(f"{what} is not known: 1 px. Enter it for sizes in um.")
        self.step.setVisible(volume.is_3d)
        self.plane.setPrefix("xy " if volume.is_3d else "")
        self.plane.setSpecialValueText(f"{self.plane.prefix()}?")
        asked = (shown.entry.id, volume.spacing)
        if asked != self._asked:  # half an answer stays only while it is about this image
            self._asked = asked
            for field, value in ((self.step, volume.spacing[0]), (self.plane, volume.spacing[2])):
                with signals_blocked(field):
                    field.setValue(value if has_steps else 0)

    def _on_entered(self) -> None:
        plane, step = self.plane.value(), self.step.value()
        if plane > 0 and (step > 0 or not self._is_3d):  # never half an answer
            self._spaced((step if self._is_3d else 1.0, plane, plane), self.unit.currentText())


class AskAxes(QWidget):
    """One line with the choices for axes that the file does not name, until one was chosen."""

    def __init__(self, read: Callable[[str], None], orders: Callable[[str], list[str]]) -> None:
        super().__init__()
        self._read = read
        self._orders = orders
        self._axes = ""
        self.words = muted("")
        self.buttons = {letter: button(words, partial(self._on_letter, letter)) for letter, words in _WHAT.items()}
        self.choice = QComboBox()
        self.right = button("That is right", self._on_right)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.words)
        self._one: QHBoxLayout = row(*self.buttons.values())
        self._several = row(self.choice, self.right)
        self._several.setStretch(0, 1)
        layout.addLayout(self._one)
        layout.addLayout(self._several)
        self.choice.activated.connect(lambda _index: self._read(self.choice.currentData()))

    def show_gap(self, shown: ShownImage | None) -> None:
        """Ask, when there is something to ask."""
        asks = shown is not None and shown.layer is not None and shown.reading.guessed
        self.setVisible(asks)
        if not asks or shown is None or shown.layer is None:
            return
        self._axes = shown.reading.axes
        extra = [letter for letter in self._axes if letter in _LETTERS]
        for one in self.buttons.values():
            one.setVisible(len(extra) == 1)
        for widget in (self.choice, self.right):
            widget.setVisible(len(extra) != 1)
        if len(extra) == 1:
            count = pixels_of(shown.layer).shape[self._axes.index(extra[0])]
            self.words.setText(
                f"Read as {describe_axes(self._axes)}, but the file does not say. The {count} planes are:"
            )
        else:
            self.words.setText("The file does not say what its axes are. Read as:")
            self.choice.clear()
            for axes in self._orders(self._axes):
                self.choice.addItem(describe_axes(axes), axes)
            self.choice.setCurrentIndex(self.choice.findData(self._axes))

    def _on_letter(self, letter: str) -> None:
        (before,) = (one for one in self._axes if one in _LETTERS)
        self._read(self._axes.replace(before, letter))

    def _on_right(self) -> None:
        self._read(self._axes)


def size_field(prefix: str, tip: str) -> QDoubleSpinBox:
    """A field for a distance, which tells of a number when it is whole."""
    field = QDoubleSpinBox()
    field.setDecimals(4)
    field.setRange(0.0001, 1_000_000)
    field.setPrefix(prefix)
    field.setToolTip(tip)
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    field.setKeyboardTracking(False)
    return field
