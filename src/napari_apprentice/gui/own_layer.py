"""A layer that the panel puts on the current image: one life cycle for masks, previews and all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, TypeVar

import numpy as np
from napari.components import LayerList, ViewerModel
from napari.layers import Labels, Layer

from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.layers import MARK, is_marked
from napari_apprentice.session import ProjectImage

L = TypeVar("L", bound=Layer)


class OwnLayer(Generic[L]):
    """Made when it is needed, moved with its image, known again by itself and not by its name, gone with the panel.

    Parameters
    ----------
    viewer, images
        Where it is shown, and on what.
    place
        Scale, position, units and axis names of the layer where the current image lies now (`placement`).
    deleted
        Called with the layer when somebody else took it out of the viewer; `layer` is None by then.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        images: OpenImages,
        place: Callable[[], dict[str, Any]],
        deleted: Callable[[L], None] | None = None,
    ) -> None:
        self.layer: L | None = None
        self._viewer = viewer
        self._images = images
        self._place = place
        self._deleted = deleted
        self._axis_mapping: AxisMapping | None = None  # of the image when the layer was made
        self._connections = Connections()
        self._connections.add(images.moved, self._on_moved)
        self._connections.add(viewer.layers.events.removed, self._on_removed)

    def show(self, make: Callable[..., L], *, below: Layer | None = None, **options: Any) -> L:
        """Make the layer and put it on top, or under another one, in place of the one that was there.

        One that is marked as the panel's own, as all are that bring no ``metadata``, leaves the selection as it is; if
        it is of labels nobody can edit them.
        """
        self.drop()
        layer = make(**{"metadata": dict(MARK), **self._place(), **options})
        shown = self._images.current
        self.layer, self._axis_mapping = layer, None if shown is None else shown.axis_mapping
        layers = self._viewer.layers
        with selection_kept(layers) if is_marked(layer) else nullcontext():
            layers.insert(layers.index(below) if below in layers else len(layers), layer)
        if is_marked(layer) and isinstance(layer, Labels):
            layer.events.editable.connect(_forbid_editing)  # napari allows it anew with each change of the array
            layer.editable = False
        return layer

    def move(self) -> None:
        """Lie where the image lies now."""
        if self.layer is not None:
            for name, value in self._place().items():
                if not _is_same(getattr(self.layer, name), value):  # napari works out anew what it is told again
                    setattr(self.layer, name, value)

    def release(self) -> L | None:
        """Let go of the layer, which stays in the viewer as anyone's."""
        layer, self.layer, self._axis_mapping = self.layer, None, None
        return layer

    def drop(self) -> None:
        """Take the layer out of the viewer."""
        layer = self.release()
        if layer is not None and layer in self._viewer.layers:
            with selection_kept(self._viewer.layers):
                self._viewer.layers.remove(layer)

    def close(self) -> None:
        """Stop listening, and take the layer out of the viewer."""
        self._connections.close()
        self.drop()

    def _on_moved(self, entry: ProjectImage) -> None:
        shown = self._images.current
        if shown is not None and shown.entry is entry and shown.axis_mapping is self._axis_mapping:
            self.move()

    def _on_removed(self, event: Any) -> None:
        if self.layer is not None and event.value is self.layer:
            layer = self.layer
            self.release()
            if self._deleted is not None:
                self._deleted(layer)


@contextmanager
def selection_kept(layers: LayerList) -> Iterator[None]:
    """Whatever comes and goes inside, the active layer stays the active one."""
    active = layers.selection.active
    yield
    if active is not None and active in layers:
        layers.selection.active = active


def _is_same(one: Any, other: Any) -> bool:
    """Whether an attribute of a layer has a value already, as numbers or as words."""
    if isinstance(other, str):
        return bool(one == other)
    try:
        return bool(np.array_equal(np.asarray(one, float), np.asarray(other, float)))
    except (TypeError, ValueError):
        return [str(part) for part in one] == [str(part) for part in other]


def _forbid_editing(event: Any) -> None:
    event.source.editable = False
