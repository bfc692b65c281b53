"""Whether the disk keeps what was done: said once when it does not, tried again until it does, or kept elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, moving
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import free_folder, projects_folder
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.images import Images
from napari_apprentice.session.signals import Signals

_RETRY_S = 1.0


class Saving:
    """Looks after the project's folder, and moves the project to another one."""

    def __init__(self, signals: Signals, choices: Choices, images: Images) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._waiting: list[Callable[[], bool]] = []
        self._synced = 0
        self._retry_at = 0.0
        self._was_away = False  # the project's folder

    def wait_for(self, is_waiting: Callable[[], bool]) -> None:
        """Not all is saved while something else waits for the disk."""
        self._waiting.append(is_waiting)

    def look(self) -> None:
        """Tell what became of what was written; write what the disk refused, once a second."""
        project = self._choices.project
        if project is None:
            return
        trouble = project.flusher.take_trouble()
        if trouble is not None:
            self._choices.say_trouble(str(durable.disk_trouble(trouble, project.path / "entries")))
        if project.flusher.sync_count != self._synced:
            self._synced = project.flusher.sync_count
            self._signals.saved.emit()
        for mended in project.place.take_notices():
            self._signals.message.emit(mended)
        if project.trouble:
            self._was_away = True
            self._choices.say_trouble(project.trouble)
        elif (self._was_away or project.is_behind or self._choices.trouble) and time.monotonic() >= self._retry_at:
            self._was_away = False
            self._retry_at = time.monotonic() + _RETRY_S
            self._retry(project)

    def move(self, folder: str | Path) -> Path:
        """Go on with the project in another folder; see `Session.save_project_in`. No job may be under way."""
        before = self._choices.project
        if before is None:
            raise UserError("There is no project: open an image first.")
        known = {entry.id: entry.in_memory() for entry in self._images.entries}
        path = moving.folder_for(before, checked_path(folder).absolute())
        project, complaints = moving.move_project(before, path, known)
        self._choices.project = project
        by_id = {one.id: one for one in project.entries}
        for entry in self._images.entries:
            entry.go_on_in(by_id[entry.id])
        with suppress(UserError):
            before.close()
        self._was_away = False
        self._choices.end_trouble()
        self._signals.project_moved.emit(before.path, path)
        for sentence in (*complaints, f"The project is in {path} now."):
            self._signals.message.emit(sentence)
        self._signals.trouble_changed.emit()
        self._signals.settings_changed.emit()
        return path

    def rescue(self) -> None:
        """What its own folder would lose when the project is closed is saved among the other projects."""
        project, entries = self._choices.project, self._images.entries
        if project is None or project.is_temporary:
            return
        project.place.look()
        with suppress(UserError):
            if not project.trouble:
                project.flusher.flush()  # what the disk cannot keep is known while it can be saved elsewhere
                self._catch_up(project)
        is_held = project.place.why_held and not project.place.is_read_only
        is_lost = project.is_behind or is_held or project.place.is_deleted
        if is_lost and any(entry.is_read and (entry.is_labelled or entry.is_confirmed) for entry in entries):
            try:
                self.move(free_folder(projects_folder(), project.name))
            except UserError as error:
                self._signals.message.emit(str(error))

    def _catch_up(self, project: Project) -> None:
        durable.each([project.catch_up, *(entry.catch_up for entry in self._images.entries)])

    def _retry(self, project: Project) -> None:
        try:
            self._catch_up(project)
        except UserError as error:
            self._choices.say_trouble(str(error))
            return
        is_all = not project.is_behind and not any(is_waiting() for is_waiting in self._waiting)
        if is_all and self._choices.end_trouble():
            self._signals.message.emit("The disk takes the project again: everything is saved.")
