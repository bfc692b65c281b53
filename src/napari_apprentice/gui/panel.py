"""The panel: the loop from top to bottom, beside the canvas."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import napari
from napari.layers import Layer
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from napari_apprentice.data.files import is_image
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished
from napari_apprentice.gui import evaluation, objects, trying
from napari_apprentice.gui.annotated import FromFolder
from napari_apprentice.gui.computer_check import ComputerCheck
from napari_apprentice.gui.contact_sheet.sheet import ContactSheet
from napari_apprentice.gui.docked import Docked
from napari_apprentice.gui.evaluation.pane import EvaluationPane
from napari_apprentice.gui.hinting import Hinting
from napari_apprentice.gui.layers import is_from_file, itself
from napari_apprentice.gui.napari_names import canvas_of
from napari_apprentice.gui.objects.pane import ObjectsPane
from napari_apprentice.gui.panel_runtime import PanelRuntime
from napari_apprentice.gui.sections.correct import CorrectSection
from napari_apprentice.gui.sections.image import ImageSection
from napari_apprentice.gui.sections.model import ModelSection
from napari_apprentice.gui.sections.project import ProjectSection
from napari_apprentice.gui.sections.recent import LatestOffer
from napari_apprentice.gui.sections.review import ReviewSection
from napari_apprentice.gui.sections.segment import SegmentSection
from napari_apprentice.gui.sections.teach import TeachSection
from napari_apprentice.gui.software_drawing import renderer_of
from napari_apprentice.gui.theme import palette, stylesheet
from napari_apprentice.gui.tools.view import visible_edges
from napari_apprentice.gui.trying.pane import TryingPane
from napari_apprentice.gui.untold_model import UntoldModel
from napari_apprentice.gui.widgets.said import Said
from napari_apprentice.gui.widgets.scrolling import Column
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.window_watcher import WindowWatcher
from napari_apprentice.project.recent import remove_unused
from napari_apprentice.session import Session
from napari_apprentice.session.annotated import are_masks_of

WIDTH = 350
_PUMP_MS = 50
_PUMP_FOR_CLICK_MS = 5


class ApprenticePanel(QWidget):
    """Everything between an open image and better masks, in the order of the loop.

    Parameters
    ----------
    napari_viewer
        The viewer whose images are worked on.
    session
        The session to drive; None makes one that this panel closes. A session given stays open.

    There is one panel in a viewer: one that is open already gives way, and its session is driven on unless another is
    given, with what was painted, undo and all that is under way.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer, session: Session | None = None) -> None:
        super().__init__()
        self.viewer = itself(napari_viewer)
        session, owned = _handed_over(self, session)
        self.runtime = PanelRuntime(self.viewer, session, owns_session=owned)
        self.session = self.runtime.session
        self.images = self.runtime.images
        self.label_layers = self.runtime.label_layers
        self.tools = self.runtime.tools
        self.from_folder = FromFolder(self.session, self.runtime.leave_project, lambda: self)
        self.untold = UntoldModel(self.session, lambda: self)
        self.image = ImageSection(
            self.label_layers, self.runtime.channel_layers, self.new_project, self.from_folder.show
        )
        self.how_well = Docked(self.viewer, evaluation.NAME, partial(EvaluationPane, self.label_layers))
        self.objects = Docked(self.viewer, objects.NAME, partial(ObjectsPane, self.tools))
        self.tried = Docked(self.viewer, trying.NAME, partial(TryingPane, self.label_layers))
        self.model = ModelSection(self.label_layers, self.how_well.show, self._try_models, self.untold.open)
        self.sheet = ContactSheet(self.tools, lambda: self.runtime.channel_layers.layers)
        self.hints = Hinting(self.session)
        self.segment = SegmentSection(self.session, self.check_computer, self.hints.show_again)
        self.correct = CorrectSection(self.tools, self.objects.show)
        self.review = ReviewSection(self.tools, self.runtime.doubt_map)
        self.teach = TeachSection(self.session, self.runtime.comparison, self.from_folder.show)
        self.project = ProjectSection(self.session, self.continue_project, self.new_project)
        self.sections: list[Section] = [
            self.image, self.model, self.segment, self.correct, self.review, self.teach, self.project,
        ]  # fmt: skip
        self.said = Said()
        self.computer: ComputerCheck | None = None
        self.runtime.close_with(
            self.said,
            *(section.connections for section in self.sections),
            self.segment.many,
            self.from_folder,
            self.untold,
            self.how_well,
            self.objects,
            self.tried,
            self.sheet,
            self.hints,
        )
        self._build()
        self._listen()
        self._set_theme()
        self._came: list[Layer] = []  # image layers since the event loop last turned
        self._begin()

    # building

    def _build(self) -> None:
        self.setMinimumWidth(WIDTH)
        self.setObjectName("apprentice")
        self.setAcceptDrops(True)
        self.offer = LatestOffer(self.continue_project)
        self._column = Column(self.offer, *self.sections)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._column, 1)
        layout.addWidget(self.said)
        self._canvas: QWidget | None = None  # what lies on it covers no button
        self.hints.point_at(
            {
                "image": self.image.files,
                "segment": self.segment.job,
                "correct": self.correct.title,
                "teach": self.teach.job,
            }
        )

    def _listen(self) -> None:
        self._timer = QTimer(self)
        self._timer.setInterval(_PUMP_MS)
        self._timer.timeout.connect(self._pump)
        self._timer.start()
        self._window_watcher = WindowWatcher(self, self.runtime.close)
        self.runtime.close_with(self._window_watcher)
        connections = self.runtime.connections
        connections.add(self.runtime.inside.read, self.model.inside.show_read)
        connections.add_qt(self, "destroyed", self.runtime.close)  # a slot of this widget itself would be gone by then
        connections.add(self.session.message, self.said.show_sentence)
        connections.add(self.session.job_started, self._on_jobs)
        connections.add(self.session.job_ended, self._on_jobs)
        connections.add(self.session.click_proposed, self._on_proposed)
        connections.add(self.session.job_ended, self._on_ended)
        connections.add(self.session.confirmed_changed, self._hide_offer)
        connections.add(self.session.labels_changed, self._hide_offer)
        connections.add(self.viewer.events.theme, self._set_theme)
        connections.add(self.viewer.layers.events.inserted, self._on_inserted)

    def check_computer(self) -> None:
        """Open *Check this computer*, or bring it to the front."""
        if self.computer is None:
            self.computer = ComputerCheck(self.session, renderer_of(canvas_of(self.viewer)), self)
            self.computer.destroyed.connect(self._on_computer_closed)
            self.computer.show()
        self.computer.raise_()

    def _on_computer_closed(self) -> None:
        self.computer = None

    def _begin(self) -> None:
        """Go on where the panel was closed, or open the image that is there and offer the project of last time."""
        if self.session.project is not None:
            self.label_layers.drop_leftovers()
            self.images.show_all()
            self.runtime.reviewing.show()
            return
        left_off = self.runtime.left_off
        if left_off is not None and self._go_on(left_off):
            return
        remove_unused()
        self.offer.show_latest()
        active = self.viewer.layers.selection.active
        found = self.images.layers
        if found and left_off is None:
            self.label_layers.drop_leftovers()
            self.image.open(active if active in found else found[0])

    # what the user does

    def continue_project(self, path: Path) -> None:
        """Go on with a project: its images, masks and models come back."""
        if self._go_on(path):
            self._hide_offer()

    def _go_on(self, path: Path) -> bool:
        """Whether a project could be opened; if not, it is said why, and all stays as it is."""
        self.project.say("")
        try:
            self.runtime.continue_project(path)
        except UserError as error:
            self.project.say(str(error))
            self.said.show_sentence(str(error))
            return False
        return True

    def give_way(self, session: Session | None) -> tuple[Session | None, bool]:
        """Another panel is opened in this viewer, for a ``session``: what it drives, and whether it closes that."""
        if session is None or session is self.session:
            handed = self.session, self.runtime.hand_over()
        else:
            self.runtime.leave_off()
            handed = session, False
        self.setEnabled(False)
        with suppress(LookupError, RuntimeError, AttributeError):  # it lies somewhere else, or the window is gone
            self.viewer.window.remove_dock_widget(self)
        return handed

    def new_project(self) -> None:
        """Begin a new project with the current image; the old one is kept."""
        shown = self.images.current
        layer = None if shown is None else shown.layer
        self.runtime.leave_project()
        if layer is not None:
            self.image.open(layer)

    # what happens

    def _pump(self) -> None:
        if self.runtime.is_closed:
            self._timer.stop()
            return
        try:
            self.session.pump()
            self.segment.show_device()
            self.hints.follow(self._canvas)
        except UserError as error:
            self.said.show_sentence(str(error))

    def _on_jobs(self, *_: Any) -> None:
        """A click, or a stroke with Live on, is waited for with the mouse in the hand."""
        self._timer.setInterval(
            _PUMP_FOR_CLICK_MS if self.session.busy("click") or self.session.busy("live") else _PUMP_MS
        )

    def _on_ended(self, kind: str, event: Event) -> None:
        """What went wrong is said in the section of the job, which is brought into view."""
        section = {"segment": self.segment, "teach": self.teach}.get(kind)
        if section is not None and isinstance(event, Failed):
            if self.said.text == event.message:
                self.said.hide()
            self._column.reveal(section.below)
        elif kind == "teach" or (kind == "keep-live" and isinstance(event, Finished)):
            self._column.reveal(self.teach.versions)

    def _on_proposed(self, mask: Any, box: Any) -> None:
        """*Keep* and *Discard* come into view, also where the window is low."""
        self._column.reveal(self.correct.proposal)

    def _on_inserted(self, event: Any) -> None:
        """The first image is the one to work on, and each that is opened from a file or again after it."""
        if event.value in self.images.layers:
            self._came.append(event.value)
            QTimer.singleShot(0, self._open_what_came)

    def _open_what_came(self) -> None:
        came, self._came = self._came, []
        found = self.images.layers
        if self.runtime.is_closed or any(self.images.shown_by(layer) for layer in came):
            return
        if self.session.current is None:
            came = came if len(found) == 1 else []
        else:  # what else a script or another plugin makes is looked at only
            came = [layer for layer in found if layer in came]
            came = [layer for layer in came if is_from_file(layer) or self.images.is_current_again(layer)]
        if came:
            self.image.open(came[0])

    def _try_models(self) -> None:
        """Show what each model makes of the view."""
        with self.model.said():
            edges = visible_edges(self.label_layers, whole_plane=False)  # before the dock takes a part of the canvas
            self.tried.show()
            if self.tried.pane is not None and not self.session.busy("try"):
                self.tried.pane.begin(edges)

    def _hide_offer(self, entry: Any = None) -> None:
        self.offer.hide()

    def _set_theme(self, event: Any = None) -> None:
        colours = palette(self.viewer.theme)
        for widget in (self, self.said, self.hints.callout):
            widget.setStyleSheet(stylesheet(colours))
        for section in self.sections:
            section.set_palette(colours)
        for docked in (self.how_well, self.objects, self.tried, self.sheet):
            docked.set_palette(colours)

    def showEvent(self, event: Any) -> None:
        """Docked: from now on the window's end is the runtime's."""
        super().showEvent(event)
        self._window_watcher.watch(self.window())
        self._move_said()
        self.setMinimumWidth(max(WIDTH, self._column.least_width))

    def _move_said(self) -> None:
        """What is said lies on the canvas: in the panel it would cover buttons, or push them away."""
        around = self.parentWidget()
        while around is not None and not isinstance(around, QMainWindow):
            around = around.parentWidget()
        canvas = around.centralWidget() if isinstance(around, QMainWindow) else None
        if canvas is not None:
            self._canvas = canvas
            self.said.lie_on(canvas)
        drawn = canvas_of(self.viewer)
        if drawn is not None:
            self.sheet.lie_on(drawn.native)

    def dragEnterEvent(self, event: Any) -> None:
        """Files and folders can be dropped."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Masks go onto the image that is open, folders of images with masks into a dialog, all else is opened."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        current = self.session.current
        folders = [path for path in paths if path.is_dir() and not is_image(path)]
        masks = [path for path in paths if current is not None and are_masks_of(path, current.name)]
        if folders:
            self.from_folder.show(str(folders[0]))
        for path in masks:
            self.image.open_masks(str(path))
        rest = [str(path) for path in paths if path not in folders and path not in masks]
        if rest:
            self.image.open_paths(rest)

    def event(self, event: Any) -> bool:
        """Taken out of its dock (napari's cross does that, and keeps the widget): the runtime ends."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            QTimer.singleShot(0, self._look_for_parent)
        return bool(super().event(event))

    def _look_for_parent(self) -> None:
        if self.parent() is None and not self.isVisible():
            self.runtime.leave_off()

    def closeEvent(self, event: Any) -> None:
        """The panel goes away: jobs end, everything is saved."""
        self.runtime.close()
        super().closeEvent(event)


def _handed_over(panel: ApprenticePanel, session: Session | None) -> tuple[Session | None, bool]:
    """The session for a new panel, and whether it is closed with it, once others in the same viewer gave way."""
    owned = session is None
    for other in _others(panel):
        session, owned = other.give_way(session)
    return session, owned


def _others(panel: ApprenticePanel) -> list[ApprenticePanel]:
    """Panels that are open in the same viewer."""
    application = QApplication.instance()
    widgets = application.allWidgets() if isinstance(application, QApplication) else []
    panels = [one for one in widgets if isinstance(one, ApprenticePanel) and hasattr(one, "runtime")]
    return [one for one in panels if not one.runtime.is_closed and one is not panel and one.viewer is panel.viewer]
