"""Models of other programs are opened; where a file does not tell all, a dialog asks for the rest, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.untold_dialog import UntoldDialog
from napari_apprentice.jobs import ImportModelResult
from napari_apprentice.session import Session


class UntoldModel:
    """The dialog is made when a file does not tell all, and ends with the panel."""

    def __init__(self, session: Session, parent: Callable[[], QWidget]) -> None:
        self._session = session
        self._parent = parent
        self._file = Path()
        self.dialog: UntoldDialog | None = None
        self._connections = Connections()
        self._connections.add(session.job_ended, self._on_ended)

    def open(self, file: str) -> None:
        """Read a file, and use its model; raises `UserError`."""
        self._session.verbs.travel.bring(file, asks=True)
        self._leave()
        self._file = Path(file)

    def close(self) -> None:
        """Nothing is asked any more."""
        self._connections.close()
        self._leave()

    def _leave(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None and isalive(dialog):  # a script may have closed the window
            dialog.close()
            dialog.deleteLater()

    def _on_said(self, said: dict[str, Any]) -> None:
        if self.dialog is None:
            return
        try:
            self._session.verbs.travel.bring(self._file, asks=True, **said)
        except UserError as error:
            self.dialog.say(str(error))
            return
        self.dialog.work(True)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind != "import model":
            return
        result = event.result if isinstance(event, Finished) else None
        untold = result.untold if isinstance(result, ImportModelResult) else None
        if untold is not None:
            if self.dialog is None:
                self.dialog = UntoldDialog(self._file, self._on_said, self._parent())
            self.dialog.ask(untold)
            self.dialog.show()
            self.dialog.raise_()
        elif self.dialog is not None and isinstance(event, Failed):
            self.dialog.say(event.message)
        elif self.dialog is not None and result is not None:
            self._leave()
        elif self.dialog is not None:  # cancelled
            self.dialog.work(False)
