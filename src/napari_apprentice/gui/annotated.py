"""Images and masks from a folder: a dialog that shows which go together, adds them, and has the network taught."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_apprentice.errors import UserError
from napari_apprentice.events import Progress
from napari_apprentice.gui.annotated_pairs import PairTable
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import Fields, row
from napari_apprentice.gui.widgets.words import KINDS, muted
from napari_apprentice.session import Session
from napari_apprentice.session.annotated import Annotated, Pairing
from napari_apprentice.session.annotations import Added
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import Kind, MaskMeaning, MaskSettings

_POLL_MS = 20
_LOOK_AFTER_MS = 400  # without another letter typed
_SIZE = (640, 600)
_MEANINGS: tuple[tuple[MaskMeaning, str], ...] = (
    ("auto", "as they look: numbers, or only object and background"),
    ("numbers", "a number for each object"),
    ("parts", "only object and background: each connected part is one"),
)
_LAYOUTS = (
    "Masks are found by their names: cells.tif with cells_masks.tif, cells_cp_masks.png, cells_seg.npy, "
    "cells_rois.zip or cells.geojson, or images/ with masks/ or labels/."
)


class AnnotatedDialog(QDialog):
    """A folder, what its masks say, which masks go with which images; then image after image comes into the project.

    Parameters
    ----------
    session
        Whose project they come into.
    new_project
        Lets go of the project that is open, so that the first image begins another one.
    parent
        Over which window it opens.
    """

    def __init__(self, session: Session, new_project: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._new_project = new_project
        self._pairing: Pairing | None = None
        self._why_not = "Choose a folder first."
        self._left: list[Annotated] = []
        self._reading: Future[Any] | None = None
        self._is_first_look = self._is_cancelled = False
        self._asked = MaskSettings()
        self.added: list[Added] = []
        self.setWindowTitle("Teach from images and masks")
        self.resize(*_SIZE)
        self.folder, self.masks = QLineEdit(), QLineEdit()
        self.folder.setPlaceholderText("folder with images, and masks in it")
        self.masks.setPlaceholderText("in the same folder, or in one in it")
        self.kind, self.meaning, self.background = QComboBox(), QComboBox(), QSpinBox()
        self.partial = QCheckBox("Only some objects are annotated: nothing is said of what lies between them")
        self.new = QCheckBox("In a new project")
        self.teach = QCheckBox("Teach when all are there")
        self.words = muted("")
        self.table = PairTable()
        self.job = JobControl("Add these images", self._on_start, self._on_cancel)
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._on_poll)
        self._look_soon = QTimer(self)
        self._look_soon.setSingleShot(True)
        self._look_soon.setInterval(_LOOK_AFTER_MS)
        self._look_soon.timeout.connect(self.look)
        self._build()

    def _build(self) -> None:
        for kind, words in KINDS:
            self.kind.addItem(words, kind)
        for meaning, words in _MEANINGS:
            self.meaning.addItem(words, meaning)
        self.background.setRange(0, 255)
        self.teach.toggled.connect(self._name_button)
        self.teach.setChecked(True)
        rows = QVBoxLayout(self)
        rows.setSpacing(7)
        fields = Fields()
        fields.add("Images", self._choosing(self.folder, "Folder of images"))
        fields.add("Masks", self._choosing(self.masks, "Folder of masks"))
        fields.add("Masks are", self.kind, "What masks mean in the project")
        fields.add("They say", self.meaning, "What the numbers in mask images mean; outlines are objects in any case")
        fields.add(
            "Background", self.background, "The value that is background; pixel classifiers often give it 1 or 2"
        )
        rows.addLayout(fields)
        rows.addWidget(self.partial)
        rows.addWidget(muted(_LAYOUTS))
        rows.addWidget(self.table, 1)
        rows.addWidget(self.words)
        rows.addLayout(row(self.new, self.teach, None))
        rows.addWidget(self.job)
        for field in (self.folder, self.masks):
            field.textChanged.connect(lambda _text: self._look_soon.start())
        for one in self.findChildren(QPushButton):
            one.setAutoDefault(False)  # Enter in a field is no click
        self._allow()

    def _name_button(self) -> None:
        self.job.verb.button.setText("Add these images and teach" if self.teach.isChecked() else "Add these images")

    def _choosing(self, field: QLineEdit, title: str) -> QWidget:
        place = QWidget()
        line = row(field, button("Choose...", lambda: self._on_choose(field, title)))
        line.setStretch(0, 1)
        place.setLayout(line)
        return place

    def begin(self, folder: str = "") -> None:
        """Show what the project is, and look into a folder, if one is given."""
        self.kind.setCurrentIndex([kind for kind, _ in KINDS].index(self._session.kind))
        project = self._session.project
        self.new.setVisible(project is not None and bool(self._session.entries))
        self.new.setText("In a new project" if project is None else f"In a new project, not in {project.name}")
        if folder:
            self.folder.setText(folder)
            self.look()

    def look(self) -> None:
        """Find which masks go with which images."""
        self._look_soon.stop()
        if self.is_running:
            return
        images, masks = self.folder.text().strip(), self.masks.text().strip()
        self._pairing, self._why_not = None, "Choose a folder first."
        if images:
            try:
                self._pairing, self._why_not = self._session.annotations.pairs(images, masks or None), ""
            except (UserError, OSError) as error:
                self._why_not = str(error)
        self.table.show_pairing(self._pairing)
        self._show_words()
        self._allow()

    @property
    def is_running(self) -> bool:
        """Whether images are being added."""
        return self._reading is not None

    def end(self) -> None:
        """The panel ends: what is being read is not taken in."""
        self._left, self._reading = [], None
        if isalive(self):
            self._timer.stop()
            self._look_soon.stop()
            self.close()

    def _show_words(self) -> None:
        found = self._pairing
        words = "" if found is None else " ".join([f"{_images(len(found.pairs))} with masks.", *found.words])
        self._say(words, "muted")

    def _allow(self) -> None:
        self.job.verb.allow(self._why_not)

    # what the user does

    def _on_choose(self, field: QLineEdit, title: str) -> None:
        path = QFileDialog.getExistingDirectory(self, title, self.folder.text())
        if path:
            field.setText(path)
            self.look()

    def _on_start(self) -> None:
        self.look()
        if self._pairing is None:
            return
        chosen: Kind = self.kind.currentData()
        try:
            if self.new.isVisible() and self.new.isChecked():
                self._new_project()
            if chosen != self._session.kind:
                self._session.choose_kind(chosen, self._session.classes)
            self._session.annotations.begin(self._pairing)
        except UserError as error:
            self._say(str(error))
            return
        asked = MaskSettings(
            meaning=self.meaning.currentData(), background=self.background.value(), partial=self.partial.isChecked()
        )
        self._asked, self.added, self._left = asked, [], list(self._pairing.pairs)
        self.job.start("Looking at the masks...")
        self._is_first_look, self._is_cancelled = True, False
        self._reading = _in_thread(partial(self._pairing.settings, asked, chosen))
        self._timer.start()

    def _on_cancel(self) -> None:
        self._left, self._is_cancelled = [], True

    # what happens

    def _on_poll(self) -> None:
        """One image each time, so that the window stays awake."""
        if self._reading is None or not self._reading.done():
            return
        done, self._reading = self._reading, None
        if self._is_first_look:
            self._is_first_look, self._asked = False, done.result()
        else:
            self._take(done)
        if self._left:
            self._show_progress()
            self._reading = _in_thread(partial(self._session.annotations.read, self._left[0], self._asked))
        else:
            self._on_ended()

    def _take(self, done: Future[Any]) -> None:
        if not self._left:  # cancelled
            return
        pair = self._left.pop(0)
        try:
            volume, masks = done.result()
            added = self._session.annotations.take(pair, volume, masks, self._asked)
        except UserError as error:
            added = Added(pair, problem=str(error))
        self.added.append(added)
        self.table.show_added(added, self._session.kind)

    def _on_ended(self) -> None:
        self._timer.stop()
        came = [one for one in self.added if one.entry is not None]
        self.job.stop("Cancelled." if self._is_cancelled else "")
        self._session.image_changed.emit()
        if not came:
            self._say(self.added[0].problem if self.added else "No image was added.")
            return
        failed = len(self.added) - len(came)
        objects = count_words(sum(one.objects for one in came), self._session.kind)
        what = f", {objects}" if self._session.kind == "instances" else ""
        self._say(
            f"{_images(len(came))} added{what}. The table of objects has all of them under All images: a double click "
            f"shows one.{f' {_images(failed)} could not be added: the list says why.' if failed else ''}",
            role="warning" if failed else "muted",
        )
        if self.teach.isChecked() and not failed and not self._is_cancelled:
            try:
                self._session.verbs.teach()
            except UserError as error:
                self._say(str(error))

    def _show_progress(self) -> None:
        done, total = len(self.added), len(self.added) + len(self._left)
        what = f"{done + 1} of {total}: {self._left[0].image.name}"
        self.job.show_progress(Progress(done=done, total=total, what=what))

    def _say(self, sentence: str, role: str = "warning") -> None:
        self.words.set_role(role)
        self.words.setText(sentence)


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _in_thread(do: Callable[[], Any]) -> Future[Any]:
    """What reads only, beside the thread of the window."""
    executor = ThreadPoolExecutor(1, "apprentice-masks")
    future = executor.submit(do)
    executor.shutdown(wait=False)  # the thread ends with its work
    return future


class FromFolder:
    """The dialog, made when it is first asked for; it ends with the panel."""

    def __init__(self, session: Session, new_project: Callable[[], None], parent: Callable[[], QWidget]) -> None:
        self._session = session
        self._new_project = new_project
        self._parent = parent
        self.dialog: AnnotatedDialog | None = None

    def show(self, folder: str = "") -> None:
        """Show the dialog, with what it had, or with a folder."""
        if self.dialog is None:
            self.dialog = AnnotatedDialog(self._session, self._new_project, self._parent())
        self.dialog.begin(folder)
        self.dialog.show()
        self.dialog.raise_()

    def close(self) -> None:
        """What is being added is not any more."""
        if self.dialog is not None:
            self.dialog.end()
