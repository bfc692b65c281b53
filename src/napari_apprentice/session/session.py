"""The session whole: how it begins, how it ends."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_apprentice.errors import UserError
from napari_apprentice.events import WasCancelled
from napari_apprentice.project import moving
from napari_apprentice.project.folder import Project, free_folder, is_project, projects_folder
from napari_apprentice.runners import Runners
from napari_apprentice.session import commands, outside
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.looking import Looking

_LONGEST_CANCEL_S = 2.0


class Session(Looking):
    """Images, corrections, a model and what is done with them; both faces drive this one object.

    Parameters
    ----------
    project
        An open project to go on with; None makes one with the first image.
    runners
        Where jobs run; None: in processes of their own. A session closes only runners it made itself.

    Examples
    --------
    >>> with Session.temporary() as session:
    ...     session.add_image(read_image("cells.tif"))
    ...     session.choose_model("nuclei-2d")
    ...     session.segment()
    ...     session.run_until_idle()
    ...     session.export_labels("cells_labels.tif")
    """

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._owns_runners = runners is None
        super().__init__(project, runners)

    @classmethod
    def create(cls, path: str | Path, runners: Runners | None = None) -> Self:
        """A session with the project in folder ``path``, made when there is none."""
        return cls(
            Project.open(path) if is_project(Path(path)) else Project.create(path, name=Path(path).name), runners
        )

    @classmethod
    def open(cls, path: str | Path, runners: Runners | None = None) -> Self:
        """A session with the project in folder ``path``; `UserError` when there is none."""
        return cls(Project.open(path), runners)

    @classmethod
    def temporary(cls, runners: Runners | None = None) -> Self:
        """A session that leaves nothing behind."""
        return cls(Project.temporary(), runners)

    def command_line(self, kind: commands.Repeatable) -> str:
        """The command that repeats the last *Segment* or *Teach* (what it would be now)."""
        return commands.command(self._repeatable(kind))

    def python_lines(self, kind: commands.Repeatable) -> str:
        """Python that repeats the last *Segment* or *Teach* (what it would be now)."""
        return commands.lines(self._repeatable(kind))

    def close(self) -> None:
        """Cancel jobs, put everything on disk, let go of the project and of processes."""
        self._let_go()
        if self._owns_runners and self._runners is not None:
            self._runners.close()
            self._runners = None

    def close_project(self) -> None:
        """Let go of the project, to begin another or continue one; processes stay warm."""
        self._let_go()
        self.settings_changed.emit()
        self.model_changed.emit()
        self.image_changed.emit()

    def save_project_in(self, folder: str | Path) -> Path:
        """Go on with the project in another folder, for instance when its own is gone or may not be written to.

        Everything in memory is written there, and what can be read of the old folder is copied. The project is in
        ``folder`` when that is empty or new, else in a new folder in it, which is given back. Jobs are cancelled.
        `UserError` when it cannot be written there: then the project goes on where it is.
        """
        before = self.project
        if before is None:
            raise UserError("There is no project: open an image first.")
        self._end_jobs()
        self.discard_click()
        known = {entry.id: entry.in_memory() for entry in self.entries}
        path = moving.folder_for(before, Path(folder).absolute())
        self.project, complaints = moving.moved(before, path, known)
        by_id = {one.id: one for one in self.project.entries}
        for entry in self.entries:
            entry.go_on_in(by_id[entry.id])
        with suppress(UserError):
            before.close()
        self._disk_trouble = ""
        self._was_away = False
        for sentence in (*complaints, f"The project is in {path} now."):
            self.said.emit(sentence)
        self.trouble_changed.emit()
        self.settings_changed.emit()
        return path

    def _rescue(self) -> None:
        """What its own folder would lose when the project is closed is saved among the other projects."""
        project = self.project
        if project is None or project.is_temporary:
            return
        project.place.look()
        with suppress(UserError):
            if not project.trouble:
                project.catch_up()
                for entry in self.entries:
                    entry.catch_up()
        is_lost = project.is_behind or project.place.held or project.place.is_deleted
        if is_lost and any(entry.is_read and (entry.is_labelled or entry.is_vouched) for entry in self.entries):
            try:
                self.save_project_in(free_folder(projects_folder(), project.name))
            except UserError as error:
                self.said.emit(str(error))

    def _let_go(self) -> None:
        self._end_jobs()
        self.discard_click()
        self._rescue()
        project, entries, current, kind = self.project, self.entries, self.current, self.kind
        self._forget()
        if project is None:
            return
        self._compact(entries)
        with suppress(UserError):  # the disk refuses: what is there stays
            outside.keep(project, entries, current, kind)
        try:
            project.close()
        except UserError as error:
            self.said.emit(str(error))

    def _repeatable(self, kind: commands.Repeatable) -> commands.Doing:
        if self.project is None or self.current is None:
            raise UserError("There is no image: open one first.")
        settings = self.teach_settings if kind == "teach" else self.segment_settings
        return commands.Doing(kind, self.project, self.current, self.model, settings, self.fresh_settings)

    def _end_jobs(self) -> None:
        """Cancel and wait as long as a cancel may take; runners of others are left idle."""
        self.cancel()
        until = time.monotonic() + _LONGEST_CANCEL_S
        while any(not running.handle.ended for running in self._running) and time.monotonic() < until:
            for running in self._running:
                running.handle.poll()
            time.sleep(0.01)
        for running in self._running:
            self._clean_up(running, WasCancelled())
        ended = self._running.copy()
        self._running.clear()
        for running in ended:
            self.job_ended.emit(running.kind, WasCancelled())

    def _compact(self, entries: list[Entry]) -> None:
        """New snapshots where journals grew long; a disk that refuses leaves the journals as they are."""
        for entry in entries:
            if entry.folder.is_long:
                with suppress(UserError):
                    entry.keep_snapshot()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
