"""Keys of layers: bound and given back, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app_model.types import KeyBinding
from napari.layers import Layer
from napari.settings import get_settings


class LayerKeys:
    """Keys bound on layers themselves, where they come before those of napari; what was bound there comes back."""

    def __init__(self) -> None:
        self._bound: list[tuple[Layer, str, Any]] = []

    def bind(self, layer: Layer, key: str, do: Callable[[], Any]) -> None:
        """Call ``do`` when the key is pressed while the layer is active."""
        before = layer.bind_key(key, lambda _layer: do(), overwrite=True)
        self._bound.append((layer, key, before))

    def bind_held(self, layer: Layer, key: str, press: Callable[[], Any], release: Callable[[], Any]) -> None:
        """Call ``press`` when the key goes down and ``release`` when it comes up."""

        def held(_layer: Layer) -> Any:
            press()
            yield
            release()

        before = layer.bind_key(key, held, overwrite=True)
        self._bound.append((layer, key, before))

    def close(self) -> None:
        """Give the keys back, the last first."""
        while self._bound:
            layer, key, before = self._bound.pop()
            layer.bind_key(key, before, overwrite=True)


def key_words(key: str) -> str:
    """A key as people read it: "Shift+A"."""
    return str(KeyBinding.from_str(key.replace("-", "+")))


def napari_keys(action: str) -> list[str]:
    """The keys of an action of napari as the user has set them; [] when it has none."""
    return [str(key) for key in get_settings().shortcuts.shortcuts.get(action, [])]


def napari_key(action: str) -> str:
    """The one of an action's keys to tell people: of a number and a letter the letter."""
    return next(reversed(napari_keys(action)), "")
