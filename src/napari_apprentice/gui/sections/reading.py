"""How the image is read: axes, pixel size."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

from qtpy.QtWidgets import QComboBox, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.data.image.axes import describe_axes
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.sections.asking import size_field
from napari_apprentice.gui.widgets.rows import Fields, row

_UNITS = (PIXEL, "nm", "um", "mm")


class ReadingForm(QWidget):
    """Fields to correct what was understood of an image."""

    def __init__(self, read: Callable[[str], None], spaced: Callable[[tuple[float, float, float], str], None]) -> None:
        super().__init__()
        self._read = read
        self._spaced = spaced
        self.axes = QComboBox()
        self.axes.activated.connect(lambda _index: self._read(self.axes.currentData()))
        self.plane = size_field("", "")
        self.step = size_field("", "")
        self.unit = QComboBox()
        self.unit.addItems(_UNITS)
        self.unit.activated.connect(lambda _index: self._on_spacing())
        for field in (self.plane, self.step):
            field.editingFinished.connect(self._on_spacing)
        fields = Fields()
        fields.setContentsMargins(8, 0, 0, 4)
        self.setLayout(fields)
        fields.add("Axes", self.axes, "What each axis of the array is, the first one first")
        size = QWidget()
        size.setLayout(row(self.plane, self.unit))
        fields.add("Pixel size", size, "Distance between pixels, written to the layer's scale")
        self._depth_name = fields.add("Slice step", self.step, "Distance between slices, in the same unit")

    def show_reading(self, shown: ShownImage) -> None:
        """Put what is understood into the fields."""
        self._show_axes(shown)
        volume = shown.entry.volume
        for field, value in ((self.step, volume.spacing[0]), (self.plane, volume.spacing[2])):
            with signals_blocked(field):
                field.setValue(value)
        if self.unit.findText(volume.unit) < 0:
            self.unit.addItem(volume.unit)
        self.unit.setCurrentText(volume.unit)
        for widget in (self.step, self._depth_name):
            widget.setVisible(volume.is_3d)

    def _show_axes(self, shown: ShownImage) -> None:
        self.axes.clear()
        for letters in orders(shown.reading.axes):
            self.axes.addItem(describe_axes(letters), letters)
        self.axes.setCurrentIndex(self.axes.findData(shown.reading.axes))
        self.axes.setEnabled(self.axes.count() > 1)

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
