"""Measures the objects of the current image a moment at a time, so that the window stays alive."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal
from qtpy.QtCore import QObject, QTimer

from napari_apprentice.errors import UserError
from napari_apprentice.session import Session

_SOON_MS = 150  # after an edit, in which more of them may follow
_TURN_S = 0.008  # of measuring before the window has a turn again


class Measuring:
    """Keeps `Session.objects` of now while ``is_wanted``; never in the middle of a stroke.

    ``measured`` tells that the table is of now, ``began`` that there is none yet, ``troubled`` why there is none.
    """

    measured = Signal()
    began = Signal()
    troubled = Signal(str)

    def __init__(self, session: Session, is_wanted: Callable[[], bool], parent: QObject) -> None:
        self._session = session
        self._is_wanted = is_wanted
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._advance)

    def soon(self) -> None:
        """After what follows at once was made, too."""
        if self._is_wanted() and not self._timer.isActive():
            self._timer.start(_SOON_MS)

    def now(self) -> None:
        """Begin now."""
        self._timer.stop()
        self._advance()

    def stop(self) -> None:
        """Measure no more."""
        self._timer.stop()

    def _advance(self) -> None:
        if not self._is_wanted():
            return
        if self._session.regions.is_held:
            self._timer.start(_SOON_MS)
            return
        try:
            is_done = self._session.objects.advance(_TURN_S)
        except UserError as error:
            self.troubled.emit(str(error))
            return
        if is_done:
            self.measured.emit()
            return
        if self._session.objects.table is None:
            self.began.emit()
        self._timer.start(0)
