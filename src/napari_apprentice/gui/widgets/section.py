"""A part of the panel that can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFrame, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.rows import line, row
from napari_apprentice.gui.widgets.words import muted

_NARROWEST = 80  # pixels of the screen


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

    def put_beside_title(self, widget: QWidget) -> None:
        """A field that stands in the line of the title, and stays when the section is folded."""
        widget.setMinimumWidth(_NARROWEST)
        widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # the panel is no wider for it
        self.head.insertWidget(1, widget, 100)

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
