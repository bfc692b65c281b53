"""*How well does it do?*: judge models on the current image where it is annotated, and look at their mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget
from superqt.utils import qthrottled

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished, Progress, WasCancelled
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.evaluation.marks import MarksLayer
from napari_apprentice.gui.evaluation.tables import OF, ScoreTable, WrongList
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.theme import Palette, stylesheet
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.scrolling import Column
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.jobs import EvaluateResult
from napari_apprentice.session import ModelChoice, ModelEvaluation
from napari_apprentice.session.evaluation import table_text, write_table

_ASKING_PX = 272
_LOOK_MS = 300
_HELP = "Segment the image with this model and compare; the masks stay as they are"
_ALL_HELP = (
    "For labels that came with the image, where all of it is annotated: what has no label is background. "
    "Labels that a model proposed are no annotation."
)
_JUDGED = "Judged where labels are confirmed: nothing that is unknown counts."
_JUDGED_ALL = "Judged on all of the image, with its labels as they are."


class EvaluationPane(QWidget):
    """A model to evaluate; models side by side; the mistakes of one, in a list and on the canvas.

    What was found goes when the annotation changes. While the pane is hidden no mistakes are on the canvas; `end` is
    for good.
    """

    def __init__(self, label_layers: LabelLayers) -> None:
        super().__init__()
        self._session = label_layers.session
        self._used = ""  # the model in use that was offered last
        self.marks = MarksLayer(label_layers)
        self.model = QComboBox()
        self.model.setToolTip("The model to evaluate; another one is compared with it")
        self.model.activated.connect(self._allow)
        self.all_labels = QCheckBox("All labels are the annotation")
        self.all_labels.setToolTip(_ALL_HELP)
        self.all_labels.toggled.connect(self._allow)
        self.judged = muted("")
        self.job = JobControl("Evaluate", self._on_evaluate, lambda: self._session.cancel("evaluate"))
        self.job.verb.set_help(_HELP)
        self.scores = ScoreTable(self._on_chosen)
        self.notes = muted("", role="warning")
        self.wrong = WrongList(self.marks.go_to)
        self.words = muted("")
        self.copy = button("Copy table", self._on_copy, tip="The scores, to be pasted into a spreadsheet")
        self.save = button("Save as CSV...", self._on_save)
        self._connections = Connections()
        self._allow_soon = qthrottled(self._allow, timeout=_LOOK_MS, leading=False, parent=self)
        self._connections.at_close(self._allow_soon.cancel)
        self._build()
        self._listen()
        self.refresh()

    def _build(self) -> None:
        asking, found = Column(self.model, self.all_labels, self.job, self.judged), QVBoxLayout()
        asking.setFixedWidth(_ASKING_PX)  # and as low as the window must be
        found.addWidget(self.scores, 1)
        found.addWidget(self.notes)
        below = row(self.words, self.copy, self.save)
        below.setStretch(0, 1)
        found.addLayout(below)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 6, 10, 6)
        across.setSpacing(10)
        across.addWidget(asking)
        across.addLayout(found, 1)
        across.addWidget(self.wrong)
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def _listen(self) -> None:
        session, add = self._session, self._connections.add
        for signal in (session.image_changed, session.model_changed, session.settings_changed):
            add(signal, self.refresh)
        for signal in (session.labels_changed, session.confirmed_changed):
            add(signal, lambda entry: self._allow_soon())
        add(session.evaluated, self._on_found_changed)
        add(session.job_started, self._on_started)
        add(session.job_event, self._on_event)
        add(session.job_ended, self._on_ended)

    def refresh(self) -> None:
        """Show the models there are, what is missing, and what was found."""
        used, chosen = self._session.model, self.model.currentData()
        offered = [one for one in self._session.models.all() if not one.is_fresh]
        with QSignalBlocker(self.model):
            self.model.clear()
            for one in offered:
                self.model.addItem(_title(one), one.key)
            wanted = used.key if used.key != self._used or chosen is None else chosen
            self.model.setCurrentIndex(max(0, self.model.findData(wanted)))
        self._used = used.key
        self._allow()
        self._show_found()

    def end(self) -> None:
        """Let go of session and canvas."""
        self._connections.close()
        self.marks.close()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme: a dock does not have the style of the panel."""
        self.setStyleSheet(stylesheet(colours))

    def showEvent(self, event: Any) -> None:
        """The mistakes are on the canvas, too."""
        super().showEvent(event)
        self._show_found()

    def hideEvent(self, event: Any) -> None:
        """The canvas is as before."""
        super().hideEvent(event)
        self.marks.show(None)

    # what the user does

    def _on_evaluate(self) -> None:
        self._say("")
        try:
            self._session.evaluate(self.model.currentData(), all_labels=self.all_labels.isChecked())
        except UserError as error:
            self._say(str(error), role="warning")

    def _on_chosen(self, found: ModelEvaluation) -> None:
        self.notes.setText(" ".join(found.notes))
        self.notes.setVisible(bool(found.notes))
        self.wrong.show_wrong(found)
        self.wrong.setVisible(bool(found.wrong))
        if self.isVisible():
            self.marks.show(found)

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(table_text(self.scores.evaluation, OF))
            self._say("Copied.")

    def _on_save(self) -> None:
        entry = self._session.current
        name = "" if entry is None else f"{Path(entry.name).stem}_scores.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Save the scores", name, "Tables (*.csv)")
        if not path:
            return
        target = path if Path(path).suffix else f"{path}.csv"
        try:
            refuse_unasked(target, path)
            write_table(Path(target), self.scores.evaluation, OF)
            self._say(f"Saved as {target}.")
        except UserError as error:
            self._say(str(error), role="warning")
        except OSError as error:
            self._say(f"{target} cannot be written ({error.strerror}): choose another place.", role="warning")

    # what happens

    def _on_started(self, kind: str) -> None:
        if kind == "evaluate":
            self.job.start("Starting...")

    def _on_event(self, kind: str, event: Event) -> None:
        if kind == "evaluate" and isinstance(event, Progress):
            self.job.show_progress(event)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "evaluate":
            self.job.stop("")
            if isinstance(event, Finished) and isinstance(event.result, EvaluateResult):
                self._say(f"Evaluated in {event.result.seconds:.1f} s" if self.scores.found else "")
            elif isinstance(event, Failed):
                self._say(event.message, role="warning")
            elif isinstance(event, WasCancelled):
                self._say("Cancelled.")
        self.refresh()

    def _on_found_changed(self) -> None:
        self._show_found()
        if not self.scores.found:
            self._say("")

    def _show_found(self) -> None:
        found, last = self._session.verbs.evaluate.found, self._session.evaluation
        if found != self.scores.found:
            self.scores.show_found(found, last)
        there = bool(found)
        for widget in (self.scores, self.copy, self.save):
            widget.setVisible(there)
        place = self.scores.currentRow()
        if there:
            self._on_chosen(found[place if 0 <= place < len(found) else -1])
        else:
            self.marks.show(None)
            self.notes.hide()
            self.wrong.hide()

    def _allow(self, _changed: Any = None) -> None:
        all_labels, key = self.all_labels.isChecked(), self.model.currentData()
        self.judged.setText(_JUDGED_ALL if all_labels else _JUDGED)
        if not self._session.busy("evaluate"):
            self.job.verb.allow(self._session.verbs.evaluate.why_not(key, all_labels=all_labels))

    def _say(self, sentence: str, role: str = "muted") -> None:
        self.words.set_role(role)
        self.words.setText(sentence)


def _title(choice: ModelChoice) -> str:
    return choice.title[:1].upper() + choice.title[1:] if choice.title.startswith("version") else choice.title
