"""A field for the path of a file, or none."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLineEdit, QToolButton, QWidget

from napari_apprentice.gui.widgets.rows import row


class FileField:
    """Like magicgui's widgets, as far as a form needs it: ``value``, ``changed`` and ``native``."""

    changed = Signal(object)

    def __init__(self, value: Path | None) -> None:
        self.native = QWidget()
        self.line = QLineEdit()
        self.line.setPlaceholderText("none")
        self.line.setClearButtonEnabled(True)
        self.line.editingFinished.connect(self._on_edited)
        self.line.textChanged.connect(self._on_text)
        self.button = QToolButton()
        self.button.setText("...")
        self.button.setProperty("role", "tool")
        self.button.setToolTip("Choose a file")
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.clicked.connect(self._on_browse)
        layout = row(self.line, self.button, spacing=3)
        layout.setStretch(0, 1)
        self.native.setLayout(layout)
        self._value: Path | None = None
        self.value = value

    @property
    def value(self) -> Path | None:
        """The file chosen."""
        return self._value

    @value.setter
    def value(self, value: Path | None) -> None:
        self._value = value
        self.line.setText("" if value is None else str(value))
        self.line.setCursorPosition(0)

    def _on_text(self, text: str) -> None:
        """The cross of the field leaves nothing to finish."""
        if not text:
            self._on_edited()

    def _on_edited(self) -> None:
        text = self.line.text().strip()
        value = Path(text) if text else None
        if value != self._value:
            self._value = value
            self.changed.emit(value)

    def _on_browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self.native, "Choose a file", "", "Models (*.safetensors *.pth *.pt);;All files (*)"
        )
        if path:
            self.value = Path(path)
            self.changed.emit(self._value)
