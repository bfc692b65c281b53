"""The panel: the loop from top to bottom, beside the canvas."""

from __future__ import annotations

import atexit
from contextlib import suppress
from pathlib import Path
from typing import Any

import napari
from napari.utils.notifications import show_warning
from qtpy.QtCore import QCoreApplication, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.preview import ClickPreview, TilePreview
from napari_apprentice.gui.progress import Activity
from napari_apprentice.gui.sections.correct import CorrectSection
from napari_apprentice.gui.sections.image import ImageSection
from napari_apprentice.gui.sections.model import ModelSection
from napari_apprentice.gui.sections.project import ProjectSection, title
from napari_apprentice.gui.sections.section import Section, button, muted
from napari_apprentice.gui.sections.segment import SegmentSection
from napari_apprentice.gui.sections.teach import TeachSection
from napari_apprentice.gui.stage import Stage
from napari_apprentice.gui.theme import palette, stylesheet
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.project.folder import Project
from napari_apprentice.session import Session

WIDTH = 350
_PUMP_MS = 50
_SAID_MS = 12_000


class ApprenticePanel(QWidget):
    """Everything between an open image and better masks, in the order of the loop.

    Parameters
    ----------
    napari_viewer
        The viewer whose images are worked on.
    session
        The session to drive; None makes one that this panel closes. A session given stays open.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer, session: Session | None = None) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self._owns_session = session is None
        self.session = session or Session()
        self.images = OpenImages(self.viewer, self.session)
        self.stage = Stage(self.viewer, self.session, self.images)
        self.tools = Tools(self.stage)
        self._helpers: list[Any] = [
            TilePreview(self.stage),
            ClickPreview(self.stage),
            Activity(self.session),
            self.tools,
            self.stage,
            self.images,
        ]
        self.image = ImageSection(self.stage, self.new_project)
        self.model = ModelSection(self.session)
        self.segment = SegmentSection(self.session)
        self.correct = CorrectSection(self.tools)
        self.teach = TeachSection(self.session)
        self.project = ProjectSection(self.session, self.continue_project, self.new_project)
        self.sections: list[Section] = [
            self.image, self.model, self.segment, self.correct, self.teach, self.project,
        ]  # fmt: skip
        self._connections = Connections()
        self._closed = False
        self._build()
        self._listen()
        self._set_theme()
        self._begin()

    # building

    def _build(self) -> None:
        self.setMinimumWidth(WIDTH)
        self.setObjectName("apprentice")
        self._said = _Said()
        self._offer = button("", self._on_continue_latest)
        self._offer.hide()
        content = QWidget()
        rows = QVBoxLayout(content)
        rows.setContentsMargins(10, 6, 12, 10)
        rows.setSpacing(9)
        rows.addWidget(self._offer)
        for section in self.sections:
            rows.addWidget(section)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._said)

    def _listen(self) -> None:
        self._timer = QTimer(self)
        self._timer.setInterval(_PUMP_MS)
        self._timer.timeout.connect(self._pump)
        self._timer.start()
        self._connections.add(self.session.said, self._said.show_sentence)
        self._connections.add(self.session.image_changed, self._hide_offer)
        self._connections.add(self.viewer.events.theme, self._set_theme)
        self._connections.add(self.viewer.layers.events.inserted, self._on_inserted)
        application = QCoreApplication.instance()
        if application is not None:
            self._connections.add(application.aboutToQuit, self.shut)
        atexit.register(self.shut)
        self.destroyed.connect(self.shut)

    def _begin(self) -> None:
        """Open the image that is there, or offer the project of last time."""
        if self.session.project is not None:
            self.images.show_all()
            return
        latest = next(iter(Project.recent()), None)
        if latest is not None:
            self._latest = latest.path
            self._offer.setText(f"Continue: {title(latest)}")
            self._offer.setToolTip(str(latest.path))
            self._offer.show()
        active = self.viewer.layers.selection.active
        found = self.images.layers
        if found:
            self.image.open(active if active in found else found[0])

    # what the user does

    def continue_project(self, path: Path) -> None:
        """Go on with a project: its images, masks and models come back."""
        with self.project.said():
            project = Project.open(path)
            self._leave_project()
            self.session.continue_project(project)
            self.images.show_all()

    def new_project(self) -> None:
        """Begin a new project with the current image; the old one is kept."""
        shown = self.images.current
        layer = None if shown is None else shown.layer
        self._leave_project()
        if layer is not None:
            self.image.open(layer)

    def _on_continue_latest(self) -> None:
        self.continue_project(self._latest)
        self._offer.hide()

    def _leave_project(self) -> None:
        untouched = _is_untouched(self.session)
        path = None if self.session.project is None else self.session.project.path
        self.session.close()
        if untouched and path is not None:
            _remove(path)
        self.images.forget()
        self.session.image_changed.emit()

    # what happens

    def _pump(self) -> None:
        try:
            self.session.pump()
            self.segment.show_device()
        except UserError as error:
            self._said.show_sentence(str(error))

    def _on_inserted(self, event: Any) -> None:
        """The first image that comes is the one to work on."""
        if self.session.current is None and event.value in self.images.layers:
            QTimer.singleShot(0, self._open_first)

    def _open_first(self) -> None:
        found = self.images.layers
        if not self._closed and self.session.current is None and len(found) == 1:
            self.image.open(found[0])

    def _hide_offer(self) -> None:
        if any(entry.vouched.any() or entry.labels.any() for entry in self.session.entries):
            self._offer.hide()

    def _set_theme(self, event: Any = None) -> None:
        colours = palette(self.viewer.theme)
        self.setStyleSheet(stylesheet(colours))
        self.correct.set_palette(colours)
        self.teach.set_palette(colours)

    def closeEvent(self, event: Any) -> None:
        """The panel goes away: jobs end, everything is saved."""
        self.shut()
        super().closeEvent(event)

    def shut(self, *_: Any) -> None:
        """End jobs, save, let go of viewer and session; more than once does no harm."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.shut)
        with suppress(RuntimeError):  # Qt may have destroyed it already
            self._timer.stop()
        self._connections.close()
        for section in self.sections:
            section.close_connections()
        for helper in self._helpers:
            helper.close()
        if self._owns_session:
            self.session.close()


class _Said(QFrame):
    """The last thing the session said, below everything; goes away by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._label = QLabel()
        self._label.setProperty("role", "said")
        self._label.setWordWrap(True)
        away = QToolButton()
        away.setProperty("role", "link")
        away.setText("✕")
        away.clicked.connect(lambda _checked=False: self.hide())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(away)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAID_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown."""
        return str(self._label.text())

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence for a while."""
        self._label.setText(sentence)
        self.show()
        self._timer.start()


def _is_untouched(session: Session) -> bool:
    """Whether nothing would be lost with the session's project."""
    if session.project is None or session.project.is_temporary or session.missing:
        return False
    worked = any(entry.labels.any() or entry.vouched.any() or entry.history.done for entry in session.entries)
    return not worked and not session.project.lineage.versions


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
