"""*Check this computer*: whether each device computes what it should, in words that can be copied or packed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QCheckBox, QDialog, QFileDialog, QPlainTextEdit, QVBoxLayout, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.runners.selfcheck import DeviceCheck, Report, check_computer
from napari_apprentice.session import Session
from napari_apprentice.session.bug_report import pack

_LOOK_MS = 100
_UNDER_WAY = "A network is run on each device, which may take a minute. You can go on working."
_WELL = "All that is here computes what it should."
_BROKE_OFF = "The check broke off: run `apprentice --verbose check` in a terminal."
_ILL = "What does not compute rightly is not used until it is checked again."


class ComputerCheck(QDialog):
    """Checks once, in a thread that waits for other processes; ``checked`` when it is done.

    Parameters
    ----------
    session
        Whose project goes into a file that is packed, if that is ticked.
    drawing
        What draws the window.
    parent
        Over which window it opens.
    """

    checked = Signal(Report)

    def __init__(self, session: Session, drawing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Check this computer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 420)
        self._session = session
        self._drawing = drawing
        self._found: list[DeviceCheck] = []
        self._done: list[Report] = []  # one, once the thread is through
        self.report: Report | None = None
        self.words = muted(_UNDER_WAY)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.project = QCheckBox("with what this project is")
        self.project.setToolTip("Sizes of its images, settings, versions of its model and their scores; no pixels")
        self.names = QCheckBox("and names")
        self.names.setToolTip("What its files, images and classes are called")
        self.names.setEnabled(False)
        self.project.toggled.connect(self.names.setEnabled)
        self.copy = button("Copy", self._on_copy, tip="Copy it, to paste it into a question")
        self.save = button("Save as zip...", self._on_save, tip="A file to send with a question; it has no pixels")
        column = QVBoxLayout(self)
        for widget in (self.words, self.text):
            column.addWidget(widget)
        column.addLayout(row(self.project, self.names, None, self.copy, self.save))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)
        self._thread = threading.Thread(target=self._check, name="check of the computer", daemon=True)
        self._thread.start()
        self._show()

    def _check(self) -> None:
        found = check_computer(self._found.append)
        self._done.append(replace(found, drawing=self._drawing))

    def _look(self) -> None:
        self._show()
        if self._thread.is_alive():
            return
        self._timer.stop()
        if not self._done:
            self.words.setText(_BROKE_OFF)
            return
        self.report = self._done[0]
        self.words.setText(_WELL if self.report.is_well else _ILL)
        self._show()
        self.checked.emit(self.report)

    def _show(self) -> None:
        lines = [one.line for one in self._found] if self.report is None else self.report.lines
        text = "\n".join(lines)
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        for one in (self.copy, self.save):
            one.setEnabled(self.report is not None)

    def _on_copy(self) -> None:
        self.text.selectAll()
        self.text.copy()
        self.words.setText("Copied.")

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save", "napari-apprentice-report.zip", "Zip files (*.zip)")
        if not path or self.report is None:
            return
        opened = self._session.project
        project = opened.path if opened is not None and self.project.isChecked() else None
        target = Path(path) if path.lower().endswith(".zip") else Path(f"{path}.zip")
        try:
            refuse_unasked(str(target), path)
            pack(self.report, target, project, names=self.names.isChecked())
        except UserError as error:
            self.words.setText(str(error))
            return
        self.words.setText(f"Written to {target}.")
