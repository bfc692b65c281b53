"""What can be chosen about the tool in the hand: check boxes, a row of buttons, and by how much."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_apprentice.gui.tools.tool import Amount, Choice, Switch, Tool


class Switches(QWidget):
    """A line of buttons and one of numbers and check boxes, made anew for each tool; hidden where it has none."""

    def __init__(self) -> None:
        super().__init__()
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(3)
        self._choices, self._line = QHBoxLayout(), QHBoxLayout()
        lines.addLayout(self._choices)
        lines.addLayout(self._line)
        self.boxes: dict[str, QCheckBox] = {}
        self.buttons: dict[str, QToolButton] = {}
        self.amounts: dict[str, QDoubleSpinBox] = {}
        self._groups: list[QButtonGroup] = []
        self._shown: list[str] = []
        self.hide()

    def show_those_of(self, tool: Tool | None) -> None:
        """Show what can be chosen for a tool; None: nothing."""
        choices = () if tool is None else tool.choices
        amounts = () if tool is None else tool.amounts
        switches = () if tool is None else tool.switches
        titles = [one.title for one in choices] + [one.title for one in switches]
        titles += [f"{one.title} {one.unit}" for one in amounts]
        if titles != self._shown:
            self._shown = titles
            self._empty()
            for choice in choices:
                self._add_choice(choice)
            for amount in amounts:
                self._add_amount(amount)
            for switch in switches:
                self._add_switch(switch)
            self._choices.addStretch(1)
            self._line.addStretch(1)
        for amount in amounts:  # of this image
            with signals_blocked(self.amounts[amount.title]):
                self.amounts[amount.title].setValue(amount.value)
        self.setVisible(bool(titles))

    def _add_choice(self, choice: Choice) -> None:
        group = QButtonGroup(self)
        self._groups.append(group)
        for title, about in choice.options.items():
            made = QToolButton()
            made.setProperty("role", "tool")
            made.setText(title)
            made.setToolTip(about)
            made.setCheckable(True)
            made.setChecked(title == choice.chosen)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(partial(_choose, choice, title))
            group.addButton(made)
            self._choices.addWidget(made)
            self.buttons[title] = made

    def _add_amount(self, amount: Amount) -> None:
        field = QDoubleSpinBox()
        field.setPrefix(f"{amount.title} ")
        field.setSuffix(f" {amount.unit}")
        field.setToolTip(amount.about)
        field.setDecimals(1 if amount.unit == "px" else 3)
        field.setRange(10.0 ** -field.decimals(), 1e6)
        field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        field.setKeyboardTracking(False)
        field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        field.setValue(amount.value)
        field.valueChanged.connect(amount.set)
        self._line.addWidget(field)
        self.amounts[amount.title] = field

    def _add_switch(self, switch: Switch) -> None:
        box = QCheckBox(switch.title)
        box.setToolTip(switch.about)
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
        box.setChecked(switch.is_on)
        box.toggled.connect(switch.turn)
        self._line.addWidget(box)
        self.boxes[switch.title] = box

    def _empty(self) -> None:
        for line in (self._choices, self._line):
            _clear(line)
        for group in self._groups:
            group.deleteLater()
        self._groups.clear()
        for made in (self.boxes, self.buttons, self.amounts):
            made.clear()


def _choose(choice: Choice, title: str, checked: bool = True) -> None:
    choice.choose(title)


def _clear(line: QLayout) -> None:
    while (item := line.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.deleteLater()
