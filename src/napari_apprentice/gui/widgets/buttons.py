"""Buttons: none takes the keyboard from the canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QMenu, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_apprentice.gui.icons import SETTINGS, icon
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import elided, muted

_NARROWEST, _ROOM = 40, 8  # pixels of the screen


def button(text: str, slot: Callable[[], None], role: str = "plain", tip: str = "") -> QPushButton:
    """A push button that leaves the keyboard to the canvas."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.clicked.connect(lambda _checked=False: slot())
    return made


def link(text: str, slot: Callable[[], None], tip: str = "") -> QToolButton:
    """A button that looks like a line of small text."""
    made = QToolButton()
    made.setProperty("role", "link")
    made.setText(text)
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


class ElidedLink(QToolButton):
    """A line of small text to click, cut where there is no room for it; all of it is in its tooltip."""

    def __init__(self, slot: Callable[[], None]) -> None:
        super().__init__()
        self._words = self._about = ""
        self.setProperty("role", "link")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda _checked=False: slot())

    def sizeHint(self) -> QSize:
        """Room for all of it."""
        return QSize(self.fontMetrics().horizontalAdvance(self._words) + _ROOM, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def set_words(self, words: str, about: str = "") -> None:
        """Show other words; ``about`` is what the tooltip says beside them."""
        self._words, self._about = words, about
        self._fit()
        self.updateGeometry()

    def resizeEvent(self, event: Any) -> None:
        """Another width shows more of it, or less."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(elided(self, self._words, max(_NARROWEST, self.width()) - _ROOM // 2))
        self.setToolTip(self._about or self._words)


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
