"""Signals connected together and disconnected together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Connections:
    """What one object listens to: psygnal, napari and Qt signals alike."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []

    def add(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Connect and remember."""
        signal.connect(slot)
        self._made.append((signal, slot))

    def close(self) -> None:
        """Disconnect all; what is gone already is gone."""
        made, self._made = self._made, []
        for signal, slot in made:
            with suppress(ValueError, TypeError, RuntimeError, KeyError):
                signal.disconnect(slot)
