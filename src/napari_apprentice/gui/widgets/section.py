"""What all sections of the panel are made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.icons import SETTINGS, icon
from napari_apprentice.gui.theme import Palette

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL_WIDTH = 88  # "Diameter in" fits: rows of several forms stand in line


class Section(QFrame):
    """A titled part of the panel that can be folded; ``say`` shows one sentence under it."""

    def __init__(self, title: str, parent: QWidget | None = None, *, folded: bool = False) -> None:
        super().__init__(parent)
        self.connections = Connections()
        self.title = QToolButton(self)
        self.title.setProperty("role", "title")
        self.title.setText(title)
        self.title.setCheckable(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.title.toggled.connect(self._on_folded)
        self.aside = QLabel()
        self.aside.setProperty("role", "muted")
        self.head = row(self.title, None, self.aside)
        self.body = QWidget(self)
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 2, 0, 0)
        self.rows.setSpacing(5)
        self.below = muted("", role="warning")
        self.below.hide()
        self._details_text = ""
        self.details = link("Copy the details", self._on_details)
        self.details.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(line())
        layout.addLayout(self.head)
        layout.addWidget(self.body)
        layout.addWidget(self.below)
        layout.addWidget(self.details)
        self._on_folded(False)
        self.title.setChecked(folded)

    def refresh(self) -> None:
        """Show the state of the session."""

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""

    def say(self, sentence: str, details: str = "") -> None:
        """Show one sentence under the section; "" takes it away. ``details`` can be copied, for a report."""
        self.below.setText(sentence)
        self.below.setVisible(bool(sentence))
        self._details_text = details
        self.details.setText("Copy the details")
        self.details.setVisible(bool(details))

    def _on_details(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(f"{self.below.text()}\n\n{self._details_text}")
            self.details.setText("Copied")

    @property
    def sentence(self) -> str:
        """What is said under the section."""
        return str(self.below.text())

    @contextmanager
    def said(self) -> Iterator[None]:
        """A user's mistake inside is said here, and the window stays as it is."""
        self.say("")
        try:
            yield
        except UserError as error:
            self.say(str(error))

    def _on_folded(self, folded: bool) -> None:
        self.body.setVisible(not folded)
        self.title.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)


class Verb(QWidget):
    """A button with, beside it while it cannot be pressed, the sentence why not."""

    def __init__(
        self, text: str, slot: Callable[[], None], *, main: bool = False, beside: QWidget | None = None
    ) -> None:
        super().__init__()
        self.button = button(text, slot, role="main" if main else "plain")
        self.reason = muted("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        head = row(self.button, *([] if beside is None else [beside]), spacing=4)
        head.setStretch(0, 1)
        layout.addLayout(head)
        layout.addWidget(self.reason)
        self._help = ""
        self.allow("")

    def set_help(self, text: str) -> None:
        """The tooltip while the button can be pressed."""
        self._help = text
        self.allow(str(self.reason.text()))

    def allow(self, why_not: str) -> None:
        """Enable the button, or disable it and say why."""
        self.button.setEnabled(not why_not)
        self.button.setToolTip(why_not or self._help)
        self.reason.setText(why_not)
        self.reason.setVisible(bool(why_not))


class Fields(QGridLayout):
    """Rows of a name and a field."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(6)
        self.setVerticalSpacing(4)
        self.setColumnMinimumWidth(0, LABEL_WIDTH)
        self.setColumnStretch(1, 1)

    def add(self, name: str, field: QWidget, tip: str = "") -> QLabel:
        """Append one row; returns the label of its name."""
        label = QLabel(name)
        label.setProperty("role", "value")
        field.setMinimumWidth(60)
        for widget in (label, field):
            widget.setToolTip(tip or widget.toolTip())
        place = self.rowCount()
        self.addWidget(label, place, 0)
        self.addWidget(field, place, 1)
        return label


class Words(QLabel):
    """Small text that wraps and is exactly as high as its lines: Qt's own hint leaves room for a narrower column."""

    def __init__(self, text: str = "", role: str = "muted") -> None:
        super().__init__(text)
        self.setProperty("role", role)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._fit()

    def hasHeightForWidth(self) -> bool:
        """No: nested layouts and scroll areas do not agree about it; the height is fixed to the text instead."""
        return False

    def sizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(40, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return self.sizeHint()

    def setText(self, text: str | None) -> None:
        """Show another text."""
        if text != self.text():
            super().setText(text)
            self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Another width may need another height, after the layout that gives it has ended."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            QTimer.singleShot(0, self._fit)

    def changeEvent(self, event: Any) -> None:
        """Another font or style may need another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        self.setMinimumHeight(0)  # Qt never asks for less than the minimum: a shorter text would keep the height
        self.setFixedHeight(max(0, self.heightForWidth(max(40, self.width()))))

    def set_role(self, role: str) -> None:
        """Explain ("muted") or warn ("warning")."""
        self.setProperty("role", role)
        style = self.style()
        if style is not None:  # so that the rule of the new role is looked up
            style.unpolish(self)
            style.polish(self)


def muted(text: str, role: str = "muted") -> Words:
    """Small grey text that wraps."""
    return Words(text, role)


def button(text: str, slot: Callable[[], None], role: str = "plain", tip: str = "") -> QPushButton:
    """A push button that leaves the keyboard to the canvas."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.clicked.connect(lambda _checked=False: slot())
    return made


def menu_button(text: str, menu: QMenu, tip: str = "") -> QPushButton:
    """A button that opens a menu."""
    made = QPushButton(text)
    made.setProperty("role", "menu")
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    menu.setParent(made, menu.windowFlags())
    made.setMenu(menu)
    return made


class Fold(QToolButton):
    """A small button that shows and hides a part of the panel; its icon comes with the theme."""

    def __init__(self, part: QWidget, tip: str) -> None:
        super().__init__()
        self._part = part
        part.hide()
        self.setProperty("role", "tool")
        self.setCheckable(True)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(28, 28)
        self.toggled.connect(self._part.setVisible)

    def set_palette(self, colours: Palette) -> None:
        """Draw the icon in the theme's colour."""
        self.setIcon(icon(SETTINGS, colours.icon, colours.button))


def link(text: str, slot: Callable[[], None], tip: str = "") -> QToolButton:
    """A button that looks like a line of small text."""
    made = QToolButton()
    made.setProperty("role", "link")
    made.setText(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.clicked.connect(lambda _checked=False: slot())
    return made


class LinkMenu(QToolButton):
    """A line of small text that opens a menu, ``choices``."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__()
        self.choices = QMenu(self)
        self.setProperty("role", "link")
        self.setText(f"{text} ▾")
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(self.choices)


def row(*widgets: QWidget | None, spacing: int = 6) -> QHBoxLayout:
    """Widgets side by side; None is room that stretches."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return layout


def line() -> QFrame:
    """A thin line between sections."""
    frame = QFrame()
    frame.setProperty("role", "line")
    return frame


def duration(seconds: float) -> str:
    """Words for a time span: "40 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
