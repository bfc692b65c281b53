"""What becomes of the image layers of a viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.layers import is_marked

_PLACE_EVENTS = ("scale", "translate", "rotate", "shear", "affine", "units")


class ImageWatch:
    """Watches image layers as objects, never by name.

    Parameters
    ----------
    viewer
        The layers of which are watched, those that come later too.
    listed
        Called when there are others, in another order or under other names.
    removed, moved, exchanged
        Called with a layer that was taken away, has another scale, position or unit, or other pixels.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        *,
        listed: Callable[[], None],
        removed: Callable[[Image], None],
        moved: Callable[[Image], None],
        exchanged: Callable[[Image], None],
    ) -> None:
        self._viewer = viewer
        self._listed, self._removed, self._moved, self._exchanged = listed, removed, moved, exchanged
        self._watched: dict[Image, Connections] = {}
        self._connections = Connections()
        self._connections.add(viewer.layers.events.inserted, self._on_inserted)
        self._connections.add(viewer.layers.events.removed, self._on_removed)
        self._connections.add(viewer.layers.events.reordered, self._on_listed)
        for layer in self.layers:
            self._watch(layer)

    def close(self) -> None:
        """Stop watching."""
        self._connections.close()
        for watching in self._watched.values():
            watching.close()
        self._watched.clear()

    @property
    def layers(self) -> list[Image]:
        """The user's image layers, the topmost first."""
        return [one for one in reversed(self._viewer.layers) if isinstance(one, Image) and not is_marked(one)]

    def _watch(self, layer: Image) -> None:
        watching = Connections()
        watching.add(layer.events.name, self._on_listed)
        watching.add(layer.events.data, lambda event: self._exchanged(layer))
        for name in _PLACE_EVENTS:
            watching.add(getattr(layer.events, name), lambda event: self._moved(layer))
        self._watched[layer] = watching

    def _on_listed(self, event: Any = None) -> None:
        self._listed()

    def _on_inserted(self, event: Any) -> None:
        if isinstance(event.value, Image) and not is_marked(event.value):
            self._watch(event.value)
            self._listed()

    def _on_removed(self, event: Any) -> None:
        watching = self._watched.pop(event.value, None)
        if watching is not None:
            watching.close()
            self._removed(event.value)
