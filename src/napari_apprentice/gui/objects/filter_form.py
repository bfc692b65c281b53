"""*Filter*: ranges of size and intensity, the border; what lies outside is shown before it is removed."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.numbers import NumberField
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.settings import FilterSettings

_LETTERS = 5  # of the name of a channel
_SAYS = "What is removed is no longer in the masks; it teaches nothing, and Segment may propose it again."
_EDITED = "Remove also what you painted, approved or cut"


class FilterForm(QWidget):
    """``changed`` is called when a field is another one, ``remove`` when the button is pressed."""

    def __init__(self, changed: Callable[[], None], remove: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self.fields: dict[str, NumberField] = {}
        self.size_words = QLabel("Size")
        self.channel = QComboBox()
        self.channel.setToolTip("The channel whose mean intensity counts")
        self.channel.setMinimumContentsLength(_LETTERS)
        self.channel.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.channel.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.channel.activated.connect(lambda _place: changed())
        self.intensity_words = QLabel("Intensity")
        self.border = QCheckBox("At the border")
        self.border.setToolTip("Remove what touches the edge of the image; in a volume also its first and last slice")
        self.edited = QCheckBox("Confirmed, too")
        self.edited.setToolTip(_EDITED)
        for box in (self.border, self.edited):
            box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            box.toggled.connect(lambda _on: changed())
        self.remove = button("Remove", remove, tip=_SAYS)
        self.remove.setEnabled(False)
        self._build()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        intensity = QStackedWidget()  # the channel, where there are several
        for widget in (self.intensity_words, self.channel):
            intensity.addWidget(widget)
        self._which = intensity
        for place, (name, label) in enumerate((("size", self.size_words), ("intensity", intensity))):
            grid.addWidget(label, place, 0)
            grid.addWidget(self._field(f"min_{name}", "any"), place, 1)
            grid.addWidget(QLabel("to"), place, 2)
            grid.addWidget(self._field(f"max_{name}", "any"), place, 3)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addLayout(grid)
        rows.addLayout(row(self.border, self.edited, None))
        rows.addWidget(self.remove)
        rows.addStretch(1)

    def _field(self, name: str, shown: str) -> NumberField:
        field = NumberField(FilterSettings.model_fields[name].description or "", empty=shown)
        field.textChanged.connect(lambda _text: self._changed())
        self.fields[name] = field
        return field

    @property
    def settings(self) -> FilterSettings:
        """What the fields say."""
        ends = {name: field.number for name, field in self.fields.items()}
        ends = {name: end if end is None or not name.endswith("size") else max(0.0, end) for name, end in ends.items()}
        return FilterSettings(
            **ends, intensity_channel=max(0, self.channel.currentIndex()), touching_border=self.border.isChecked()
        )

    def clear(self) -> None:
        """Ask for nothing."""
        for field in self.fields.values():
            field.clear()
        self.border.setChecked(False)

    def show_image(self, size: str, channels: list[str]) -> None:
        """Name the unit of sizes, and offer the channels of an image."""
        self.size_words.setText(size)
        names = [self.channel.itemText(i) for i in range(self.channel.count())]
        if names != channels:
            self.channel.clear()
            self.channel.addItems(channels)
        self._which.setCurrentIndex(int(len(channels) > 1))

    def show_found(self, found: int, stay: int, why_not: str) -> None:
        """How many objects would be removed, and how many edited ones stay that would be."""
        kept = f" ({stay:,} confirmed stay)" if stay else ""
        self.remove.setText(f"Remove {found:,}{kept}" if found else f"Remove{kept}")
        self.remove.setEnabled(found > 0 and not why_not)
        self.remove.setToolTip(why_not or _SAYS)
