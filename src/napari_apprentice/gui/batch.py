"""Segment many files: a dialog that does in the background what ``apprentice segment`` does, and tells of each file."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QCheckBox, QDialog, QFileDialog, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_apprentice.data import exports
from napari_apprentice.data.axes import describe_axes
from napari_apprentice.data.channels import CHOSEN
from napari_apprentice.data.units import PIXEL
from napari_apprentice.events import Progress
from napari_apprentice.gui.batch_inputs import InputList
from napari_apprentice.gui.batch_outcomes import OutcomeTable
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.layers import FILE_AXES
from napari_apprentice.gui.widgets.buttons import button, link
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import Fields, row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.session.batch import BatchEvent, Began, Outcome, Step, Stopped
from napari_apprentice.session.batch_run import BatchOrder, BatchRun
from napari_apprentice.settings import ReadAs

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
        self.inputs = InputList(self._on_inputs)
        self.how = muted("")
        self.same = QCheckBox("")
        self.out = QLineEdit()
        self.out.setPlaceholderText("folder for the labels")
        self.formats = {suffix: QCheckBox(f"{name} ({suffix})") for suffix, name in exports.NAMES.items()}
        self.formats[".tif"].setChecked(True)
        self.skip = QCheckBox("Leave out files whose labels are there already")
        self.skip.setChecked(True)
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
        rows.addWidget(self.inputs, 1)
        rows.addWidget(self.how)
        rows.addWidget(self.same)
        fields = Fields()
        place = QWidget()
        choosing = row(self.out, button("Choose...", self._on_out))
        choosing.setStretch(0, 1)
        place.setLayout(choosing)
        fields.add("Labels go to", place)
        formats = QWidget()
        grid = QGridLayout(formats)
        grid.setContentsMargins(0, 0, 0, 0)
        for i, box in enumerate(self.formats.values()):
            grid.addWidget(box, i // 2, i % 2)
        fields.add("As", formats)
        rows.addLayout(fields)
        rows.addWidget(self.skip)
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
        self.out.textChanged.connect(self._allow)
        for box in self.formats.values():
            box.toggled.connect(self._allow)

    def refresh(self) -> None:
        """Show what is in use in the panel, and what is missing."""
        channels = self._channels
        said = "" if not channels else f", channels {', '.join(map(str, channels))}"
        self.how.setText(f"With {self._session.model.title}{said}, and the settings of the panel.")
        words = self._like_current
        self.same.setText(f"Read all files like the image in the panel: {words}")
        self.same.setVisible(bool(words))
        self._allow()

    @property
    def order(self) -> BatchOrder:
        """What would be done now."""
        volume = None if self._session.current is None else self._session.current.volume
        said = ReadAs(channels=self._channels)
        if self.same.isChecked() and self._like_current and volume is not None:
            said = said.model_copy(update={"axes": volume.metadata.get(FILE_AXES, "")})
            if volume.unit != PIXEL:
                said = said.model_copy(update={"spacing": volume.spacing, "unit": volume.unit})
        return BatchOrder(
            inputs=self.inputs.paths,
            out=Path(self.out.text().strip()),
            model=self._session.model,
            formats=tuple(suffix[1:] for suffix, box in self.formats.items() if box.isChecked()),
            skip_done=self.skip.isChecked(),
            read_as=said,
            settings=self._session.segment_settings,
        )

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

    def _on_inputs(self, added: tuple[str, ...]) -> None:
        if added and not self.out.text():
            self.out.setText(str(_beside(Path(added[0]))))
        self._allow()

    def _on_out(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for the labels")
        if path:
            self.out.setText(path)

    def _on_start(self) -> None:
        self.inputs.take_pattern()
        order = self.order
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
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.out.text().strip()))))

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(shlex.join(["apprentice", *self.order.arguments]))

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
        elif isinstance(event, Step) and event.total > 0:
            self._show_progress(self._number - 1 + min(1.0, event.done / event.total))
        elif isinstance(event, Outcome):
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

    # what is there

    def _allow(self, _changed: Any = None) -> None:
        if self._run is None:
            why_not = self.order.why_not()
            self.job.verb.allow(why_not)
            self.copy.setVisible(not why_not)

    @property
    def _channels(self) -> tuple[int, ...]:
        entry = self._session.current
        return () if entry is None else tuple(entry.volume.metadata.get(CHOSEN) or ())

    @property
    def _like_current(self) -> str:
        """The axes and the pixel size of the current image, in words; "" when there is nothing to say."""
        entry = self._session.current
        if entry is None:
            return ""
        told = entry.volume.metadata.get(FILE_AXES, "")
        axes = describe_axes(told) if len(told) > 2 else ""  # rows and columns are never in doubt
        size = "" if entry.volume.unit == PIXEL else f"{entry.volume.spacing[2]:.4g} {entry.volume.unit}"
        return "; ".join(part for part in (axes, size) if part)


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


def _beside(path: Path) -> Path:
    """Where labels of a file, a folder or a pattern may go."""
    while "*" in str(path):
        path = path.parent / "labels" if "*" not in str(path.parent) else path.parent
    if path.is_dir():
        return path.with_name(f"{path.name.split('.')[0]}_labels")
    return path if path.name == "labels" else path.parent / "labels"
