"""Which channels of the image the network looks at: a field for each input, or ticks where the network follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction  # type: ignore[attr-defined]  # qtpy has it for all bindings
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QMenu, QVBoxLayout, QWidget

from napari_apprentice.gui.widgets.buttons import menu_button
from napari_apprentice.gui.widgets.words import elided
from napari_apprentice.session import ModelChoice

Places = tuple[int, ...]
_TICKS = "Which channels a fresh network looks at, in the order of the ticks"
_WIDEST = 190  # pixels of the screen, for the names that are ticked


@dataclass(frozen=True)
class ChannelInputs:
    """What a network wants: one name for each input; none: a fresh one takes what is chosen.

    ``grey``: RGB may be left whole for a network of one input, which then sees its luminance.
    """

    names: tuple[str, ...]
    grey: bool = False


def inputs_of(model: ModelChoice, *, rgb: bool) -> ChannelInputs:
    """The inputs of the network in use."""
    header = model.header
    if header is None:
        return ChannelInputs(())
    known = header.channels if len(header.channels) == header.image_channels else ()
    return ChannelInputs(known or tuple(f"input {i + 1}" for i in range(header.image_channels)), rgb)


class ChannelChoice(QWidget):
    """Tells ``chosen`` the places of the channels, in the order of the network's inputs; () means all."""

    def __init__(self, chosen: Callable[[Places], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self._shown: tuple[Any, ...] = ()
        self.fields: list[QComboBox] = []
        self._picked: list[int | None] = []
        self._names: tuple[str, ...] = ()
        self._menu = _StayingMenu()
        self._menu.aboutToHide.connect(self._on_ticked)
        self._ticked: list[int] = []
        self.ticks = menu_button("", self._menu, _TICKS)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.ticks)
        layout.addLayout(self._grid)

    def show_channels(self, names: Sequence[str], chosen: Places, inputs: ChannelInputs) -> None:
        """Offer the channels called ``names``; ``chosen`` are in use."""
        shown = (tuple(names), chosen, inputs)
        if shown == self._shown:
            return  # what was picked for some of the inputs stays
        self._shown, self._names = shown, tuple(names)
        self.ticks.setVisible(not inputs.names)
        self._empty()
        if inputs.names:
            self._show_fields(chosen, inputs)
        else:
            self._show_ticks(chosen)

    # a field for each input

    def _empty(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # gone at once, and from memory when Qt gets to it
                widget.deleteLater()
        self.fields = []

    def _show_fields(self, chosen: Places, inputs: ChannelInputs) -> None:
        count = len(inputs.names)
        if not chosen and count == len(self._names):
            chosen = tuple(range(count))
        self._picked = list(chosen) if len(chosen) == count else [None] * count
        for row, name in enumerate(inputs.names):
            field = _Field()
            field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            field.setPlaceholderText("choose a channel")
            if count == 1 and inputs.grey:
                field.addItem("all, as grey", None)
            for place, channel in enumerate(self._names):
                field.addItem(_title(place, channel), place)
            whole = count == 1 and inputs.grey and not chosen
            picked = self._picked[row]
            field.setCurrentIndex(0 if whole else -1 if picked is None else field.findData(picked))
            field.activated.connect(lambda index, row=row: self._on_picked(row, index))
            self.fields.append(field)
            if count > 1:
                label = QLabel(name)
                label.setProperty("role", "muted")
                self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field, row, 1)

    def _on_picked(self, row: int, index: int) -> None:
        self._picked[row] = self.fields[row].itemData(index)
        if all(place is None for place in self._picked) and len(self._picked) == 1:
            self._chosen(())  # RGB as it is
        elif None not in self._picked:
            self._chosen(tuple(place for place in self._picked if place is not None))

    # ticks

    def _show_ticks(self, chosen: Places) -> None:
        self._ticked = list(chosen) or list(range(len(self._names)))
        self._menu.clear()
        for place, name in enumerate(self._names):
            action = QAction(_title(place, name), self._menu)
            self._menu.addAction(action)
            action.setCheckable(True)
            action.setChecked(place in self._ticked)
            action.toggled.connect(lambda on, place=place: self._on_tick(place, on))
        self._show_words()

    def _on_tick(self, place: int, on: bool) -> None:
        self._ticked = [one for one in self._ticked if one != place] + [place] * on
        self._show_words()

    def _show_words(self) -> None:
        count = len(self._names)
        if self._ticked in ([], list(range(count))):
            self.ticks.setText(f"all {count}")
        else:
            names = ", ".join(self._names[place] for place in self._ticked)
            self.ticks.setText(elided(self.ticks, names, _WIDEST))
            self.ticks.setToolTip(f"{_TICKS}\n{names}")

    def _on_ticked(self) -> None:
        wanted = tuple(self._ticked)
        wanted = () if wanted == tuple(range(len(self._names))) else wanted
        if self._shown and wanted != self._shown[1]:
            self._chosen(wanted)


def _title(place: int, name: str) -> str:
    return name if name == f"channel {place}" else f"{place}  {name}"


class _Field(QComboBox):
    """A field that the wheel changes only after a click: it scrolls the panel otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: Any) -> None:
        """Hand the wheel on."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _StayingMenu(QMenu):
    """Stays open while boxes are ticked."""

    def mouseReleaseEvent(self, event: Any) -> None:
        """Tick without closing."""
        action = self.activeAction()
        if action is not None and action.isCheckable():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)
