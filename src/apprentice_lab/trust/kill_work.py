"""Work at random on a project, told step by step, until the process is killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from apprentice_lab.trust import kill_found
from apprentice_lab.trust.kill_hand import Hand
from apprentice_lab.trust.kill_told import Begins, Plan, digest, digest_of, seen_of, whole_of
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.record import is_project
from napari_apprentice.runners import InlineRunners, ProcessRunners
from napari_apprentice.session import Session, SessionOptions

MODEL = "nuclei-2d"
_MOST_IMAGES = 3
_IN_PARTS = (".tif", ".ome.zarr")  # formats of large images, too
_FORMATS = (*_IN_PARTS, ".nrrd")


def work(told: Connection, plan: Plan) -> None:
    """Open the project, look whether it is as it must be, and go on until killed."""
    settle(plan)
    path = Path(plan.project)
    project = Project.open(path) if is_project(path) else Project.create(path, name=path.name)
    runners = InlineRunners() if plan.network == "inline" else ProcessRunners()
    options = SessionOptions(largest_whole=100_000 if plan.is_large else None)
    worker = Worker(told, plan, Session(project, runners, options))
    told.send(kill_found.look(worker.session, plan))
    while True:
        worker.act()


def settle(plan: Plan) -> None:
    """Let everything of this process lie in the folder of the trial."""
    os.environ["APPRENTICE_HOME"] = str(Path(plan.folder, "home"))
    os.environ["TMPDIR"] = tempfile.tempdir = str(Path(plan.folder, "temporary"))


class Worker(Hand):
    """Does one action after the other, whatever there is to do in a session."""

    def __init__(self, told: Connection, plan: Plan, session: Session) -> None:
        super().__init__(told, plan, session)
        often: dict[Callable[[], None], float] = {
            self.paint: 6, self.stroke: 3, self.erase: 2, self.background: 2, self.merge: 3, self.approve: 2,
            self.approve_field: 1, self.undo: 3, self.redo: 2, self.export: 1, self.save: 1, self.choose_settings: 1,
            self.choose_image: 1, self.add: 0.5, self.move: 0.3, self.look_elsewhere: 1,
        }  # fmt: skip
        if plan.network != "none":
            often |= {self.click: 4, self.segment: 4, self.teach: 4}
        self.choose_from(often)

    def choose_from(self, often: dict[Callable[[], None], float]) -> None:
        """Do these from now on, each as often as it says compared with the others."""
        self._actions = list(often)
        shares = np.fromiter(often.values(), float)
        self._shares = shares / shares.sum()

    def act(self) -> None:
        """Do something; the first thing is an image."""
        if self.session.current is None:
            self.add()
        else:
            self._actions[self.random.choice(len(self._actions), p=self._shares)]()

    # edits

    def paint(self) -> None:
        """A box becomes a new object, or one there is."""
        self.tell("paint", lambda: self.session.paint(self._box(), self._id()), is_edit=True)

    def stroke(self) -> None:
        """A drag of the brush: some edits in one step, each of which is acknowledged."""
        value, before = self._id(), digest_of(self.entry)
        with self.session.edits.stroke():
            for _ in range(self.random.integers(2, 5)):
                self.tell("stroke", lambda: self._painted(self._box(), value), is_edit=True, before=before)

    def erase(self) -> None:
        """The eraser over a box."""
        self.tell("erase", lambda: self._painted(self._box(), 0), is_edit=True)

    def background(self) -> None:
        """The background brush over a box."""
        self.tell("background", lambda: self.session.paint_background(self._box()), is_edit=True)

    def merge(self) -> None:
        """An object is filled with the id of another one."""
        ids = np.unique(self.entry.labels[self.entry.labels > 0])
        if len(ids) > 1:
            one, other = self.random.choice(ids, 2, replace=False)
            where = np.flatnonzero(self.entry.labels == one)
            self.tell("merge", lambda: self._painted(where, int(other), filled=True), is_edit=True)

    def approve(self) -> None:
        """An object is right."""
        points = np.argwhere(self.entry.labels > 0)
        if len(points):
            point = [int(i) for i in self.random.choice(points)]
            self.tell("approve", lambda: self.session.edits.approve_object(point), is_edit=True)

    def approve_field(self) -> None:
        """Everything in a box is right."""
        corner = [int(self.random.integers(0, max(1, n - 20))) for n in self.entry.labels.shape]
        box = [slice(i, i + 20) for i in corner]
        self.tell("approve field", lambda: self.session.edits.approve_region(box), is_edit=True)

    def undo(self) -> None:
        """The last step is taken back."""
        entry = self.entry
        if entry.history.done and not self._plan.is_large:
            step = [change.edit.inverse() for change in reversed(entry.history.done[-1].changes)]
            self.tell("undo", self.session.undo, is_edit=True, after=self._after(step))

    def redo(self) -> None:
        """The step taken back last is done again."""
        entry = self.entry
        if entry.history.undone and not self._plan.is_large:
            step = [change.edit for change in entry.history.undone[-1].changes]
            self.tell("redo", self.session.redo, is_edit=True, after=self._after(step))

    # files and choices

    def export(self) -> None:
        """Labels become a file, new or in the place of an older one."""
        formats = _IN_PARTS if self._plan.is_large else _FORMATS
        suffix = formats[self.random.integers(len(formats))]
        path = Path(self._plan.folder, "exports", f"{self.random.integers(4)}{suffix}")
        exported = digest(whole_of(self.entry)[0])
        self.tell("export", lambda: self.session.export_labels(path), export=str(path), exported=exported)

    def save(self) -> None:
        """Everything is written whole."""
        self.tell("save", self.entry.keep_snapshot)

    def move(self) -> None:
        """The project goes on in another folder."""
        path = Path(self._plan.folder, "projects", f"moved-{self._plan.seed}-{self.random.integers(1 << 30)}")
        self.tell("move", lambda: self.session.save_project_in(path))

    def choose_settings(self) -> None:
        """Another setting of teaching."""
        settings = self.session.teach_settings.model_copy(update={"seed": int(self.random.integers(1 << 20))})
        text = self.session.segment_settings.model_dump_json() + settings.model_dump_json()

        def choose() -> None:
            self.session.teach_settings = settings

        self.tell("settings", choose, settings=text)

    def add(self) -> None:
        """One more image."""
        if len(self.session.entries) < (1 if self._plan.is_large else _MOST_IMAGES):
            self.tell("add", lambda: self.session.add_image(self._image()))

    def choose_image(self) -> None:
        """Another image, or the same."""
        entry = self.session.entries[self.random.integers(len(self.session.entries))]
        self.tell("choose", lambda: self.session.choose_image(entry))

    def look_elsewhere(self) -> None:
        """Another part of a large image."""
        if self._plan.is_large:
            point = [float(self.random.integers(n)) for n in self.entry.shape]
            self.tell("region", lambda: self.session.open_region(point))

    # with the network

    def click(self) -> None:
        """A cell is clicked, and kept where something is proposed."""
        self._needs_model()
        self._job("click", lambda: self.session.click(tuple(float(self.random.integers(n)) for n in self._shape())))
        if self.session.verbs.click.proposal is not None:
            self.tell("keep", self.session.verbs.click.keep, is_edit=True)

    def segment(self) -> None:
        """Masks are proposed."""
        self._needs_model()
        self._job("segment", self.session.segment)

    def teach(self) -> None:
        """The network is taught for a moment; painting goes on meanwhile."""
        self._needs_model()
        settings = self.session.teach_settings.model_copy(
            update={"max_steps": 2, "max_seconds": 5.0, "batch_size": 2, "replay": 0.0}
        )
        if settings != self.session.teach_settings:
            text = self.session.segment_settings.model_dump_json() + settings.model_dump_json()
            self.tell("settings", lambda: setattr(self.session, "teach_settings", settings), settings=text)
        if not self.session.why_not_teach():
            self._teach()

    def _teach(self) -> None:
        self._job("teach", self.session.teach)

    def _needs_model(self) -> None:
        if self.session.model.is_fresh:
            self.tell("model", lambda: self.session.choose_model(MODEL))

    def _job(self, verb: str, begin: Callable[[], None]) -> None:
        """Begin a job and see it through; what the engine does not survive is a sentence and costs nothing."""
        self.tell(f"begin {verb}", begin)
        self._told.send(Begins(verb, seen_of(self.session)))
        try:
            while self.session.busy():
                if self.session.pump():
                    self._told.send(Begins(verb, seen_of(self.session)))
                elif self._plan.network == "processes" and self.random.random() < 0.05:
                    self.paint()
                    self._told.send(Begins(verb, seen_of(self.session)))
        except UserError as error:
            self._told.send(Begins(f"{verb} ({error})", seen_of(self.session)))
        self.acknowledge(verb)
