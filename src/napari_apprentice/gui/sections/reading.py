"""How the image is read: axes, channel, pixel size."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QWidget

from napari_apprentice.data.units import PIXEL
from napari_apprentice.gui.images import Shown
from napari_apprentice.gui.layers import Reading, pixels_of
from napari_apprentice.gui.sections.section import Fields, row

_UNITS = (PIXEL, "nm", "um", "mm")
_MEANINGS = {"T": "time", "C": "channel", "Z": "z", "Y": "y", "X": "x", "S": "RGB"}


class ReadingForm(QWidget):
    """Fields to correct what was understood of an image."""

    def __init__(
        self, read: Callable[[Reading], None], spaced: Callable[[tuple[float, float, float], str], None]
    ) -> None:
        super().__init__()
        self._read = read
        self._spaced = spaced
        self._reading = Reading("YX")
        self.axes = QComboBox()
        self.axes.activated.connect(lambda _index: self._read(Reading(self.axes.currentData())))
        self.channel = QComboBox()
        self.channel.activated.connect(self._on_channel)
        self.plane = _size_field()
        self.step = _size_field()
        self.unit = QComboBox()
        self.unit.addItems(_UNITS)
        self.unit.activated.connect(lambda _index: self._on_spacing())
        for field in (self.plane, self.step):
            field.editingFinished.connect(self._on_spacing)
        fields = Fields()
        fields.setContentsMargins(8, 0, 0, 4)
        self.setLayout(fields)
        fields.add("Axes", self.axes, "What each axis of the array is, the first one first")
        self._channel_name = fields.add("Channel", self.channel, "Which channel the network looks at")
        size = QWidget()
        size.setLayout(row(self.plane, self.unit))
        fields.add("Pixel size", size, "Distance between pixels, written to the layer's scale")
        self._depth_name = fields.add("Slice step", self.step, "Distance between slices, in the same unit")

    def show_reading(self, shown: Shown) -> None:
        """Put what is understood into the fields."""
        self._reading = shown.reading
        self._show_axes(shown)
        self._show_channels(shown)
        volume = shown.entry.volume
        for field, value in ((self.step, volume.spacing[0]), (self.plane, volume.spacing[2])):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)
        if self.unit.findText(volume.unit) < 0:
            self.unit.addItem(volume.unit)
        self.unit.setCurrentText(volume.unit)
        for widget in (self.step, self._depth_name):
            widget.setVisible(volume.is_3d)

    def _show_axes(self, shown: Shown) -> None:
        self.axes.clear()
        for letters in orders(shown.reading.axes):
            self.axes.addItem(", ".join(_MEANINGS[letter] for letter in letters), letters)
        self.axes.setCurrentIndex(self.axes.findData(shown.reading.axes))
        self.axes.setEnabled(self.axes.count() > 1)

    def _show_channels(self, shown: Shown) -> None:
        count = 1
        if shown.layer is not None:
            shape = pixels_of(shown.layer).shape
            count = next((shape[shown.reading.axes.index(a)] for a in "CS" if a in shown.reading.axes), 1)
        self.channel.clear()
        self.channel.addItem(f"all {count}", None)
        for index in range(count):
            self.channel.addItem(f"only channel {index}", index)
        self.channel.setCurrentIndex(0 if shown.reading.channel is None else shown.reading.channel + 1)
        for widget in (self.channel, self._channel_name):
            widget.setVisible(count > 1)

    def _on_channel(self, index: int) -> None:
        self._read(Reading(self._reading.axes, self.channel.itemData(index)))

    def _on_spacing(self) -> None:
        plane = self.plane.value()
        self._spaced((self.step.value(), plane, plane), self.unit.currentText())


def orders(axes: str) -> list[str]:
    """The orders an array with this many axes can have, the likely ones first; rows always come before columns."""
    samples = "S" if axes.endswith("S") else ""
    extra = len(axes) - len(samples) - 2
    found = ["".join(one) + "YX" + samples for one in permutations("TCZ", extra)]
    if extra == 1 and not samples:
        found.append("YXC")
    return found if axes in found else [axes, *found]


def _size_field() -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(4)
    field.setRange(0.0001, 1_000_000)
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    field.setKeyboardTracking(False)
    return field
