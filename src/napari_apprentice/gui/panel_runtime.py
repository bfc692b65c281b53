"""What works behind the panel's widgets, and ends with them: no widget in here."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from napari.components import ViewerModel
from qtpy.QtCore import QCoreApplication, QThread

from napari_apprentice.gui import layers
from napari_apprentice.gui.channel_layers import ChannelLayers
from napari_apprentice.gui.comparison import ComparisonView
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.doubt_map import DoubtMap
from napari_apprentice.gui.following import Following
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.live import LiveLayer
from napari_apprentice.gui.napari_names import canvas_of
from napari_apprentice.gui.overview import OverviewLayer
from napari_apprentice.gui.preview import TilePreview
from napari_apprentice.gui.progress import Activity
from napari_apprentice.gui.reviewing import Reviewing
from napari_apprentice.gui.software_drawing import keep_drawing
from napari_apprentice.gui.tools.inside import InsideLayer
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.project.folder import Project
from napari_apprentice.runners.orderly import ends_in_order
from napari_apprentice.session import Session, SessionOptions


class Closes(Protocol):
    """Something that ends."""

    def close(self) -> object:
        """End it."""


class PanelRuntime:
    """The session with everything in the viewer that shows it.

    It is closed by whatever comes first: the panel closed or destroyed, its window closed, the application or
    Python ending, or a signal that asks for it. A session of its own is closed with it: jobs end and everything is
    saved.

    Parameters
    ----------
    viewer
        Where it shows.
    session
        What it shows; None makes one.
    owns_session
        Whether the session is closed with it.
    """

    def __init__(self, viewer: ViewerModel, session: Session | None, *, owns_session: bool) -> None:
        self.viewer = viewer
        self.owns_session = owns_session
        self.session = session or Session(options=SessionOptions(in_window=True))
        self.images = OpenImages(viewer, self.session)
        self.label_layers = LabelLayers(viewer, self.session, self.images)
        self.channel_layers = ChannelLayers(self.label_layers)
        self.tools = Tools(self.label_layers)
        self.reviewing = Reviewing(self.label_layers)
        self.comparison = ComparisonView(self.label_layers)
        self.doubt_map = DoubtMap(self.label_layers)
        self.inside = InsideLayer(self.label_layers)
        self.is_closed = False
        self._is_left_off = False
        self.connections = Connections()
        canvas = canvas_of(viewer)
        if canvas is not None:
            keep_drawing(canvas)  # also after the panel is closed, which takes its layers away
        self._parts: list[Closes] = [
            Following(self.label_layers),
            self.channel_layers,
            OverviewLayer(self.label_layers),
            TilePreview(self.label_layers),
            self.inside,
            self.reviewing,
            self.doubt_map,
            LiveLayer(self.label_layers),
            Activity(self.session),
            self.comparison,
            self.tools,
            self.label_layers,
            self.images,
        ]
        application = QCoreApplication.instance()
        if application is not None:
            self.connections.add_qt(application, "aboutToQuit", self.close)
        atexit.register(self.close)
        self._in_order = ExitStack()
        self._in_order.enter_context(ends_in_order(_end_application))

    def close_with(self, *parts: Closes) -> None:
        """Close these first."""
        self._parts[:0] = parts

    @property
    def left_off(self) -> Path | None:
        """The project of the layers that a panel closed before left in this viewer; None where there is none."""
        found = [left for layer in reversed(self.viewer.layers) if (left := layers.left_off(layer)) is not None]
        return next((Path(left.project) for left in found if (Path(left.project) / "project.json").exists()), None)

    def leave_off(self) -> None:
        """Close, while the viewer goes on: a panel opened here again finds the project by its layers."""
        project = self.session.project
        if not self.is_closed and self.owns_session and project is not None and not project.is_temporary:
            self.images.leave(str(project.path))
            self.label_layers.leave(str(project.path))
            self._is_left_off = True
            self.session.project_moved.connect(self._on_moved)  # closing may save it elsewhere
        self.close()
        with suppress(ValueError):
            self.session.project_moved.disconnect(self._on_moved)

    def hand_over(self) -> bool:
        """Close, and leave the session to another panel as it is, with its jobs; whether that has to close it."""
        owned, self.owns_session = self.owns_session, False
        self.close()
        return owned

    def _on_moved(self, before: Path, after: Path) -> None:
        for layer in self.viewer.layers:
            left = layers.left_off(layer)
            if left is not None and left.project == str(before):
                layer.metadata[layers.LEFT] = replace(left, project=str(after))

    def close(self, *_: Any) -> None:
        """End jobs, save, let go of viewer and session; more than once does no harm."""
        if self.is_closed:
            return
        self.is_closed = True
        atexit.unregister(self.close)
        self.connections.close()
        for part in self._parts:
            part.close()
        if self.owns_session:
            self._leave(self.session.close)
        self._in_order.close()

    def continue_project(self, path: Path) -> None:
        """Go on with a project: its images, masks and models come back. `UserError` when it cannot be opened."""
        project = Project.open(path)
        self.leave_project()
        self.label_layers.drop_leftovers()
        with self.images.opening():
            self.session.continue_project(project)
        self.images.show_all()
        for layer in self.viewer.layers:
            layer.metadata.pop(layers.LEFT, None)

    def leave_project(self) -> None:
        """Close the session's project; the layers of images stay, and jobs run where they ran, with models loaded."""
        self._leave(self.session.close_project)
        self.images.forget()
        self.session.image_changed.emit()

    def _leave(self, close: Callable[[], None]) -> None:
        """A project in which nothing was done leaves no folder behind, unless its panel may be opened again."""
        untouched = not self._is_left_off and _is_untouched(self.session)
        path = None if self.session.project is None else self.session.project.path
        close()
        if untouched and path is not None:
            shutil.rmtree(path, ignore_errors=True)


def _end_application(code: int) -> None:
    """Leave the event loop, which no exception may do; where none runs, leave as a program without a window."""
    application, thread = QCoreApplication.instance(), QThread.currentThread()
    if application is None or thread is None or not thread.loopLevel():
        raise SystemExit(code)
    application.exit(code)


def _is_untouched(session: Session) -> bool:
    """Whether nothing would be lost with the session's project."""
    if session.project is None or session.project.is_temporary or session.images.missing:
        return False
    worked = any(
        entry.is_labelled or entry.is_confirmed or entry.history.done or entry.is_being_segmented
        for entry in session.entries
    )
    return not (worked or session.project.lineage.versions or session.project.click_lineage.versions)
