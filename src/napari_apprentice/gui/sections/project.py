"""6 Project: where everything is kept, and what can be taken from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QFileDialog, QMenu
from superqt.utils import qthrottled

from napari_apprentice.data import exports
from napari_apprentice.data.exports import cellpose, chunked
from napari_apprentice.events import Event, Finished, Progress, WasCancelled
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.sections.recent import RecentMenu
from napari_apprentice.gui.widgets.buttons import button, menu_button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.large_project_image import LargeProjectImage

_LOOK_MS = 300
_READ_S = 4.0  # in which a sentence can be read before an autosave takes its place
_EXPORT, _CANCEL = "Export labels...", "Cancel export"
_ENDED: dict[type, str] = {Finished: "exported", WasCancelled: "export cancelled"}
_NO_MASKS = "There are no masks to export yet."
_FIRST = ".tif"
_LABELS = "_labels"  # what the name of an image is followed by
FILTERS = {f"{name} (*{suffix})": suffix for suffix, name in exports.NAMES.items()}


class ProjectSection(Section):
    """Name and state of the project, *Continue*, export, and what was done as a command or as Python."""

    def __init__(self, session: Session, go_on: Callable[[Path], None], new: Callable[[], None]) -> None:
        super().__init__("6  Project")
        self._session = session
        self._go_on = go_on
        self._read_until = 0.0  # how an export ended
        self.words = muted("")
        self.recent = RecentMenu(self._path, go_on)
        self.go_on = menu_button("Continue", self.recent, "Go on with a project of before")
        self.open = button("Open...", self._on_other, tip="Go on with the project in another folder")
        self.export = button(_EXPORT, self._on_export, tip=_NO_MASKS)
        self.export.setEnabled(False)
        self.copy = menu_button("Copy as...", self._copy_menu(), "What you did here as a command or as Python")
        self.methods = button(
            "Copy methods", self._on_methods, tip="A paragraph for your paper on what was done here, and what to cite"
        )
        self.folder = button("Folder", self._on_folder, tip="Open the project's folder")
        self.new = button("New", new, tip="Begin a new project with the current image")
        self.trouble = muted("", role="warning")
        self.elsewhere = button(
            "Save in another folder...",
            self._on_elsewhere,
            tip="Go on with the project in another folder, where everything that is here is saved",
        )
        self.rows.addWidget(self.words)
        self.rows.addWidget(self.trouble)
        self.rows.addWidget(self.elsewhere)
        self.rows.addLayout(row(self.export, self.copy, self.methods))
        self.rows.addLayout(row(self.new, self.go_on, self.open, self.folder))
        for signal in (session.image_changed, session.settings_changed, session.model_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(session.clicker_changed, self._show_name)
        self.connections.add(session.saved, self._on_saved)
        self.connections.add(session.job_started, self._on_job)
        self.connections.add(session.job_event, self._on_job)
        self.connections.add(session.job_ended, self._on_job)
        self.connections.add(session.trouble_changed, self._show_trouble)
        self._show_export_soon = qthrottled(self._show_export, timeout=_LOOK_MS, leading=False, parent=self)
        self.connections.at_close(self._show_export_soon.cancel)
        for signal in (session.labels_changed, session.confirmed_changed):
            self.connections.add(signal, lambda entry: self._show_export_soon())
        self.refresh()

    def refresh(self) -> None:
        """Show the project."""
        self._show_name()
        for widget in (self.folder, self.copy, self.methods, self.new):
            widget.setEnabled(self._session.project is not None)
        self._show_export()
        self._show_trouble()

    def _show_name(self) -> None:
        project = self._session.project
        if project is None:
            self.words.setText("A project is made with the first image; it saves itself as you work.")
        else:
            count = len(self._session.entries)
            images = "1 image" if count == 1 else f"{count} images"
            taught = len(project.lineage.versions)
            versions = "1 taught version" if taught == 1 else f"{taught} taught versions"
            of_clicks = len(project.click_lineage.versions)
            versions += f", {of_clicks} of clicks" if of_clicks else ""
            self.words.setText(f"{project.name}, {images}, {versions}")
            self.words.setToolTip(str(project.path))

    def _show_trouble(self) -> None:
        """While the project cannot be kept where it is: what is wrong, and another place."""
        trouble = self._session.choices.trouble
        self.trouble.setText(trouble)
        for widget in (self.trouble, self.elsewhere):
            widget.setVisible(bool(trouble))
        if trouble:
            self.aside.setText("not saved")

    def _on_elsewhere(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Save the project in this folder")
        if path:
            with self.said():
                self._session.save_project_in(path)
                self.aside.setText("")

    def _show_export(self) -> None:
        entry = self._session.current
        runs = self._session.busy("export")
        has_masks = entry is not None and entry.is_labelled
        self.export.setText(_CANCEL if runs else _EXPORT)
        self.export.setEnabled(runs or has_masks)
        formats = f"As {', '.join(self._formats().values())}" if has_masks else _NO_MASKS
        self.export.setToolTip("Stop writing; nothing is left of the file" if runs else formats)

    def _on_job(self, kind: str, event: Event | None = None) -> None:
        """An export in the background began, goes on or ended."""
        if kind in ("teach", "keep-live") and event is not None:
            self._show_name()
        if kind != "export":
            return
        if isinstance(event, Progress):
            self.aside.setText(f"exporting {event.done:.0%}")
            return
        self.aside.setText("exporting..." if event is None else _ENDED.get(type(event), ""))
        self._read_until = time.monotonic() + _READ_S
        self._show_export()

    def _on_saved(self) -> None:
        is_read = time.monotonic() >= self._read_until
        if is_read and not self._session.busy("export") and not self._session.choices.trouble:
            self.aside.setText(f"saved {datetime.now().astimezone():%H:%M:%S}")

    def _on_other(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a project folder")
        if path:
            self._go_on(Path(path))

    def _on_export(self) -> None:
        if self._session.busy("export"):
            self._session.cancel("export")
            return
        entry = self._session.current
        if entry is None:
            return
        path, chosen = QFileDialog.getSaveFileName(
            self,
            "Export labels",
            str(_folder_of(entry) / f"{Path(entry.name).stem}{_LABELS}{_FIRST}"),
            ";;".join(name for name, suffix in FILTERS.items() if suffix in self._formats()),
        )
        if path:
            with self.said():
                target = with_suffix(path, chosen)
                refuse_unasked(target, path)
                self._session.verbs.export.begin(target)

    def _formats(self) -> dict[str, str]:
        """What labels of the current image can be written as: names by suffix."""
        if not isinstance(self._session.current, LargeProjectImage):
            return exports.NAMES
        classes = self._session.kind == "classes"
        found = exports.NAMES.items()
        return {suffix: name for suffix, name in found if not chunked.why_not(Path(f"_{suffix}"), classes=classes)}

    def _copy_menu(self) -> QMenu:
        menu = QMenu()
        for kind, words in (("segment", "Segment"), ("teach", "Teach")):
            menu.addAction(f"{words} as a command", lambda kind=kind: self._copy(kind, as_command=True))
            menu.addAction(f"{words} as Python", lambda kind=kind: self._copy(kind, as_command=False))
        return menu

    def _copy(self, kind: str, *, as_command: bool) -> None:
        with self.said():
            made = self._session.command_line if as_command else self._session.python_lines
            self._to_clipboard(made("teach" if kind == "teach" else "segment"))

    def _on_methods(self) -> None:
        with self.said():
            self._to_clipboard(self._session.methods())

    def _to_clipboard(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
            self.aside.setText("copied")

    def _path(self) -> Path | None:
        return None if self._session.project is None else self._session.project.path

    def _on_folder(self) -> None:
        if self._session.project is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._session.project.path)))


def _folder_of(entry: ProjectImage) -> Path:
    """Where the image's file lies, also of an image inside a file; the working folder without a file."""
    if entry.volume.source is None:
        return Path()
    path = Path(entry.volume.source)
    around = [one for one in path.parents if one.is_file() or one.suffix.lower() == ".zarr"]
    return (around[-1] if around else path).parent


def with_suffix(path: str, chosen: str) -> str:
    """A path with the suffix of the format that was chosen; of the first one, which none may have chosen, as typed.

    Cellpose looks for its file under the name of the image.
    """
    typed = max((suffix for suffix in exports.WRITERS if path.lower().endswith(suffix)), key=len, default="")
    wanted = FILTERS.get(chosen, _FIRST)
    if typed and wanted in (typed, _FIRST):
        return path
    name = path[: len(path) - len(typed)]
    return (name.removesuffix(_LABELS) if wanted == cellpose.SUFFIX else name) + wanted
