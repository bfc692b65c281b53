"""A pane in a dock below the canvas, made when it is first asked for; it ends with the panel."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import napari
from qtpy.compat import isalive

from napari_apprentice.gui.theme import Palette, palette


class Pane(Protocol):
    """A widget that follows the theme and lets go of session and canvas at its end."""

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme: a dock does not have the style of the panel."""

    def end(self) -> None:
        """Let go, for good."""


P = TypeVar("P", bound=Pane)


class Docked(Generic[P]):
    """Shows the pane that ``make`` makes under a ``name``."""

    def __init__(self, viewer: napari.viewer.Viewer, name: str, make: Callable[[], P]) -> None:
        self._viewer = viewer
        self._name = name
        self._make = make
        self.pane: P | None = None

    def show(self) -> None:
        """Show the pane, with what it had."""
        if self.pane is None:
            self.pane = self._make()
        self.set_palette(palette(self._viewer.theme))
        widget: Any = self.pane
        if widget.parent() is None:  # napari's cross takes it out of its dock and keeps it
            self._viewer.window.add_dock_widget(widget, name=self._name, area="bottom", tabify=False)
        widget.show()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        if self.pane is not None:
            self.pane.set_palette(colours)

    def close(self) -> None:
        """Let go of session and canvas."""
        pane, self.pane = self.pane, None
        if pane is None:
            return
        pane.end()
        widget: Any = pane
        if not isalive(widget):  # a script closed the window
            return
        if widget.parent() is not None:
            with suppress(LookupError, RuntimeError, AttributeError):  # the window went first
                self._viewer.window.remove_dock_widget(widget)
        widget.deleteLater()
