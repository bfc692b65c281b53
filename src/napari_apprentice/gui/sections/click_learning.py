"""While cells are clicked: what the next clicks could learn from, and what became of it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt.utils import qthrottled

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Progress, WasCancelled
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.tools.click import ClickCell
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.project.versions import Version
from napari_apprentice.session import Session

_VERB = "teach-clicks"
_HELP = (
    "The next cells need fewer clicks then. All confirmed cells of all images of the project teach; it takes a minute "
    "or so, in the background: click on meanwhile."
)
_COUNT_MS = 400


class ClickLearning(QWidget):
    """A button, progress and *Cancel* in its place, and the version that waits or is in use."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._session: Session = tools.label_layers.session
        self.job = JobControl("", self._on_learn, lambda: self._session.cancel(_VERB), main=False)
        self.job.verb.set_help(_HELP)
        self.outcome = muted("")
        self.use = button("Use it", self._on_use, tip="Clicks are answered by what was learned; Go back undoes it")
        self.keep = button("Keep the old one", self._on_keep, tip="Clicks are answered as before")
        self.back = button("Go back", self._on_back, tip="Clicks are answered as before; what was learned is kept")
        self.decide = QWidget()
        self.decide.setLayout(row(self.use, self.keep))
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(3)
        for widget in (self.job, self.outcome, self.decide, self.back):
            lines.addWidget(widget)
        self._count_soon = qthrottled(self.refresh, timeout=_COUNT_MS, leading=False, parent=self)
        self.connections = Connections()
        self.connections.at_close(self._count_soon.cancel)
        self._listen()
        self.refresh()

    def _listen(self) -> None:
        session = self._session
        self.connections.add(self._tools.changed, lambda current: self.refresh())
        self.connections.add(session.clicker_changed, self.refresh)
        self.connections.add(session.confirmed_changed, lambda entry: self._count_soon())
        self.connections.add(session.job_started, self._on_started)
        self.connections.add(session.job_event, self._on_event)
        self.connections.add(session.job_ended, self._on_ended)

    def refresh(self) -> None:
        """Show what there is to learn from, and the version that waits or is in use."""
        session, clickers = self._session, self._session.clickers
        is_busy = session.busy(_VERB)
        is_in_hand = self._tools.current == ClickCell.name and session.kind == "instances"
        if session.current is None or not (is_in_hand or is_busy):
            self.hide()
            return
        why_not, last, waiting = session.why_not_teach_clicks(), clickers.last, clickers.waiting
        if not is_busy:
            self.job.verb.button.setText(_learn_from(session.verbs.teach_clicks.objects))
            self.job.verb.allow(why_not)
        words = "" if last is None else _outcome(last, clickers.version, waits=waiting is not None)
        if waiting is None and clickers.lost is not None:
            words = (
                f"The file of what was learned from {_cells(clickers.lost)} is missing or damaged: "
                "the network that ships answers."
            )
        self.outcome.setText(words)
        self.outcome.setVisible(last is not None)
        self.decide.setVisible(waiting is not None)
        self.back.setVisible(clickers.version is not None and waiting is None)
        self.setVisible(is_busy or last is not None or not why_not)  # nothing is offered before anything can be learned

    # what the user does

    def _on_learn(self) -> None:
        self._do(self._session.teach_clicks)

    def _on_use(self) -> None:
        self._do(self._session.use_clicks)

    def _on_keep(self) -> None:
        self._do(self._session.keep_old_clicks)

    def _on_back(self) -> None:
        self._do(self._session.go_back_clicks)

    def _do(self, verb: Callable[[], None]) -> None:
        try:
            verb()
        except UserError as error:
            self._tools.troubled.emit(str(error))

    # what the job does

    def _on_started(self, kind: str) -> None:
        if kind == _VERB:
            self.job.start("Starting...")
            self.refresh()
        elif kind == "teach":
            self.refresh()

    def _on_event(self, kind: str, event: Event) -> None:
        if kind == _VERB and isinstance(event, Progress):
            self.job.show_progress(event)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == _VERB:
            self.job.stop("Cancelled; clicks are answered as before." if isinstance(event, WasCancelled) else "")
            if isinstance(event, Failed):
                self._tools.troubled.emit(event.message)
        if kind in (_VERB, "teach"):
            self.refresh()


def _learn_from(count: int | None) -> str:
    return "Learn from the cells you kept" if count is None else f"Learn from {count:,} kept cell{'s' * (count != 1)}"


def _outcome(last: Version, used: Version | None, *, waits: bool) -> str:
    """What was learned from, what it does to clicks, and what follows."""
    told = f": {last.clicks}" if last.clicks else ""
    if waits:
        told = told if last.better is None else ""  # else why it waits tells of them
        return f"What was learned from {_cells(last)} waits for you{told}. {last.why}".strip()
    if used is None:
        return f"What was learned from {_cells(last)} is kept but not in use{told}."
    told = f": {used.clicks}" if used.clicks else ""
    return f"Clicks are answered by what was learned from {_cells(used)}{told}."


def _cells(version: Version) -> str:
    return f"{version.objects or 0:,} cell{'s' * (version.objects != 1)}"
