"""Everything that a process says when something goes wrong in it, by whichever way."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from typing import Any, TextIO

from napari.utils.notifications import Notification, NotificationSeverity, notification_manager
from qtpy.QtCore import QtMsgType, qInstallMessageHandler

_PRODUCT = "napari_apprentice"
_TOO_LATE = "garbage collected"  # of superqt: what was to be done later was not stopped
_OF_THE_SCREEN = ("propagateSizeHints", "QXcbConnection", "XDG_RUNTIME_DIR", "Could not load the Qt platform", "DBus")
_BAD = (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)


class Complaints(logging.Handler):
    """Hears exceptions nobody caught, on any thread, and what Qt, logs and napari say of errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def listen(self) -> None:
        """Begin to hear."""
        sys.excepthook = lambda kind, error, trace: self._on_exception(error)
        threading.excepthook = lambda told: self._on_exception(told.exc_value)
        sys.unraisablehook = lambda told: self._on_exception(told.exc_value, str(told.object))
        qInstallMessageHandler(self._on_qt)
        for name in ("", "vispy", "napari"):
            logging.getLogger(name).addHandler(self)
        notification_manager.notification_ready.connect(self._on_notification)
        warnings.showwarning = self._on_warning

    def take(self) -> list[str]:
        """What was heard since the last time."""
        found, self.found = self.found, []
        return found

    def emit(self, record: logging.LogRecord) -> None:
        """A log entry of an error."""
        self.found.append(f"{record.name} logs: {self.format(record)}")

    def _on_exception(self, error: BaseException | None, where: str = "") -> None:
        trace = "" if error is None else "".join(traceback.format_exception(error))
        self.found.append(f"an exception nobody caught {where}\n{trace}")

    def _on_qt(self, kind: QtMsgType, context: Any, message: str | None) -> None:
        told = message or ""
        if kind in _BAD and not any(words in told for words in _OF_THE_SCREEN):
            self.found.append(f"Qt says: {told}")

    def _on_notification(self, told: Notification) -> None:
        if told.severity >= NotificationSeverity.ERROR:
            self.found.append(f"napari shows an error: {told.message}")

    def _on_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if _PRODUCT in filename or _TOO_LATE in str(message):
            self.found.append(f"a warning of {filename}: {message}")
