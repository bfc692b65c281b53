"""Signals connected together and disconnected together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject


class Connections:
    """What one object listens to: psygnal and napari signals alike, and Qt's."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []
        self._made_of_qt: list[tuple[QObject, str, Callable[..., Any]]] = []
        self._at_close: list[Callable[[], Any]] = []

    def add(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Connect and remember."""
        signal.connect(slot)
        self._made.append((signal, slot))

    def add_qt(self, sender: QObject, signal: str, slot: Callable[..., Any]) -> None:
        """Connect a signal of Qt's by its name; one that was kept itself ends Python when its sender is gone."""
        getattr(sender, signal).connect(slot)
        self._made_of_qt.append((sender, signal, slot))

    def at_close(self, stop: Callable[[], Any]) -> None:
        """Call this when all is disconnected, to stop what was to be done later."""
        self._at_close.append(stop)

    def close(self) -> None:
        """Disconnect all; what is gone already is gone."""
        made, self._made = self._made, []
        made_of_qt, self._made_of_qt = self._made_of_qt, []
        at_close, self._at_close = self._at_close, []
        for signal, slot in made:
            with suppress(ValueError, TypeError, RuntimeError, KeyError):
                signal.disconnect(slot)
        for sender, name, slot in made_of_qt:
            if isalive(sender):
                with suppress(TypeError, RuntimeError):
                    getattr(sender, name).disconnect(slot)
        for stop in at_close:
            with suppress(RuntimeError):  # Qt has destroyed its timer
                stop()
