"""Whether the napari window that a panel stands in was really closed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QWidget


class WindowWatcher(QObject):
    """Calls ``closed`` when the window that ``panel`` is in was closed; a window may refuse to."""

    def __init__(self, panel: QWidget, closed: Callable[[], None]) -> None:
        super().__init__(panel)
        self._panel = panel
        self._closed = closed
        self._window: QWidget | None = None

    def watch(self, window: QWidget | None) -> None:
        """Watch the window that the panel is in now."""
        if window is None or window is self._window or window is self._panel:
            return
        self.close()
        self._window = window
        window.installEventFilter(self)

    def close(self) -> None:
        """Let go of the window."""
        window, self._window = self._window, None
        if window is not None:
            with suppress(RuntimeError):  # Qt has destroyed it already
                window.removeEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """See a window close; it may still refuse."""
        if event.type() == QEvent.Type.Close and watched is self._window and watched is self._panel.window():
            QTimer.singleShot(0, self._look)
        return False

    def _look(self) -> None:
        window = self._window  # held until all is closed: with the last reference Qt destroys it, and the panel in it
        if window is not None and not window.isVisible() and self._panel.window() is window:
            self._closed()
