"""Segment many files: a dialog that does in the background what ``apprentice segment`` does, and tells of each file."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QTimer, QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QDialog, QPushButton, QVBoxLayout, QWidget

from napari_apprentice.events import Progress
from napari_apprentice.gui.batch_form import BatchForm
from napari_apprentice.gui.batch_outcomes import OutcomeTable
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.session.batch import BatchEvent, BatchStep, Began, ImageOutcome, Stopped
from napari_apprentice.session.batch_run import BatchRun

_POLL_MS = 100
_SIZE = (620, 680)


class BatchDialog(QDialog):
    """Files, a folder for their labels, formats; progress, *Cancel*, and a table of what became of each file.

    The model, its settings and the channels are those in use in the panel when the batch begins. Closing the dialog
    leaves a batch running; `end` ends it.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: BatchRun | None = None
        self._number = self._total = 0
        self._file = ""
        self.setWindowTitle("Segment many files")
        self.resize(*_SIZE)
        self.form = BatchForm(session, self._allow)
        self.job = JobControl("Segment these files", self._on_start, self._on_cancel)
        self.table = OutcomeTable()
        self.words = muted("")
        self.folder = link("Open the folder", self._on_folder)
        self.copy = link("Copy as a command", self._on_copy, "The same outside the window")
        self._connections = Connections()
        self._broke_off = False
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._on_poll)
        self._build()
        self._listen()
        self.refresh()

    def _build(self) -> None:
        rows = QVBoxLayout(self)
        rows.setSpacing(7)
        rows.addWidget(self.form, 1)
        rows.addWidget(self.job)
        rows.addWidget(self.table, 2)
        below = row(self.words, self.copy, self.folder)
        below.setStretch(0, 1)
        rows.addLayout(below)
        self.table.hide()
        self.folder.hide()
        for one in self.findChildren(QPushButton):
            one.setAutoDefault(False)  # Enter in a field is no click

    def _listen(self) -> None:
        for signal in (self._session.image_changed, self._session.model_changed, self._session.settings_changed):
            self._connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show what is in use in the panel, and what is missing."""
        self.form.refresh()
        self._allow()

    @property
    def is_running(self) -> bool:
        """Whether a batch is under way."""
        return self._run is not None

    def end(self) -> None:
        """The panel ends: so does a batch."""
        self._connections.close()
        self._timer.stop()
        if self._run is not None:
            self._run.close()
            self._run = None
        self.close()

    # what the user does

    def _on_start(self) -> None:
        self.form.inputs.take_pattern()
        order = self.form.order
        if order.why_not():
            self._allow()
            return
        self.table.begin()
        self.table.show()
        self.words.setText("")
        self._number = self._total = 0
        self._broke_off = False
        try:
            self._run = BatchRun(order)
        except OSError as error:
            self.words.set_role("warning")
            self.words.setText(f"No process could be started ({error.strerror}): close other programs and try again.")
            return
        self.job.start("Starting...")
        self._timer.start()

    def _on_cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def _on_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.form.folder)))

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(shlex.join(["apprentice", *self.form.order.arguments]))

    # what the batch tells

    def _on_poll(self) -> None:
        run = self._run
        if run is None:
            return
        for event in run.poll():
            self._on_event(event)
        if run.ended:
            self._on_ended(run)

    def _on_event(self, event: BatchEvent) -> None:
        if isinstance(event, Began):
            self._number, self._total = event.number, event.total
            self._show_progress(event.number - 1.0, Path(event.source).name)
        elif isinstance(event, BatchStep) and event.total > 0:
            self._show_progress(self._number - 1 + min(1.0, event.done / event.total))
        elif isinstance(event, ImageOutcome):
            self.table.add(event)
        elif isinstance(event, Stopped):
            self._broke_off = True
            self.words.set_role("warning")
            self.words.setText(event.problem)

    def _show_progress(self, done: float, file: str = "") -> None:
        self._file = file or self._file
        what = f"{self._number} of {self._total}: {self._file}"
        self.job.show_progress(Progress(done=done, total=max(1, self._total), what=what))

    def _on_ended(self, run: BatchRun) -> None:
        self._timer.stop()
        self._run = None
        said = self.table.words
        how = "Cancelled" if run.is_cancelled else "Broken off" if self._broke_off else "Done"
        self.job.stop(f"{how}: {said}." if said else "")
        if said and not self._broke_off:
            self.words.set_role("muted")
            self.words.setText(f"Report: {run.order.report}")
        self.folder.setVisible(run.order.out.is_dir())
        self._allow()

    def _allow(self) -> None:
        if self._run is None:
            why_not = self.form.order.why_not()
            self.job.verb.allow(why_not)
            self.copy.setVisible(not why_not)


class ManyFiles:
    """The dialog, made when it is first asked for; it ends with the panel."""

    def __init__(self, session: Session, parent: Callable[[], QWidget]) -> None:
        self._session = session
        self._parent = parent
        self.dialog: BatchDialog | None = None

    def show(self) -> None:
        """Show the dialog, with what it had."""
        if self.dialog is None:
            self.dialog = BatchDialog(self._session, self._parent())
        self.dialog.show()
        self.dialog.raise_()

    def close(self) -> None:
        """End a batch that runs."""
        if self.dialog is not None:
            self.dialog.end()
