"""The layers of the current image: its masks, what is vouched for, and proposals on their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from psygnal import Signal
from qtpy.QtCore import QObject, QTimer

from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, KEPT, UNKNOWN
from napari_apprentice.gui import layers
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.footprint import Footprint
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.napari_names import why_not_edit
from napari_apprentice.session import Entry, Session

_REFRESH_MS = 60
_BLUE, _GREEN, _GREY = (0.26, 0.53, 0.96, 1.0), (0.16, 0.78, 0.39, 1.0), (0.7, 0.7, 0.7, 1.0)


class Stage:
    """Shows the session's current image's labels and vouched voxels; both share the session's memory."""

    changed = Signal()  # another masks layer, or none
    troubled = Signal(str)

    def __init__(self, viewer: ViewerModel, session: Session, images: OpenImages) -> None:
        self.viewer = viewer
        self.session = session
        self.images = images
        self.labels: ApprenticeLabels | None = None
        self.vouched: Labels | None = None
        self.why_not_paint = why_not_edit()  # "" as long as napari is one that we know
        self._removing = False
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._refresh_vouched)
        self._connections = Connections()
        self._connections.add(session.image_changed, self._on_image_changed)
        self._connections.add(session.labels_changed, self._on_labels_changed)
        self._connections.add(session.vouched_changed, self._on_vouched_changed)
        self._connections.add(session.settings_changed, self._on_settings_changed)
        self._connections.add(session.region_changed, self._on_region_changed)
        self._connections.add(images.moved, self._on_moved)
        self._connections.add(viewer.layers.events.removed, self._on_removed)
        self._on_image_changed()

    def leave(self, project: str) -> None:
        """Write into the masks which project they are of, for a panel that is opened again."""
        if self.labels is not None and self.entry is not None:
            self.labels.metadata[layers.LEFT] = layers.LeftOff(project, self.entry.id)

    def close(self) -> None:
        """Leave the masks as an ordinary layer that cannot be edited; take the other layers away."""
        self._timer.stop()
        self._connections.close()
        if self.labels is not None:
            self.labels.unbind()
        if self.vouched is not None:
            self._take_away(self.vouched)
        self.labels = self.vouched = None

    @property
    def entry(self) -> Entry | None:
        """The image whose masks are shown."""
        binding = None if self.labels is None else self.labels.binding
        return None if binding is None else binding.entry

    @property
    def footprint(self) -> Footprint | None:
        """How the masks lie in their layer."""
        binding = None if self.labels is None else self.labels.binding
        return None if binding is None else binding.footprint

    @property
    def shows_vouched(self) -> bool:
        """Whether the layer of what is vouched for is visible."""
        return self.vouched is not None and bool(self.vouched.visible)

    def show_vouched(self, on: bool) -> None:
        """Show or hide what is vouched for."""
        if on and self.vouched is None:
            self._add_vouched()
        if self.vouched is not None and self.vouched.visible != on:
            self.vouched.visible = on
            self._refresh_vouched()

    def show_masks(self) -> None:
        """Bring the masks layer back after it was removed; nothing was lost."""
        if self.labels is None:
            self._build()

    def activate(self) -> ApprenticeLabels | None:
        """Make the masks the layer that tools work on."""
        if self.labels is not None:
            self.labels.visible = True
            if self.viewer.layers.selection.active is not self.labels:
                self.viewer.layers.selection.active = self.labels
        return self.labels

    def add_quietly(self, layer: Layer) -> None:
        """Add a layer on top and leave the selection as it is."""
        with self._selection_kept():
            self.viewer.add_layer(layer)

    def take_away(self, layer: Layer) -> None:
        """Remove one of our own layers and leave the selection as it is."""
        with self._selection_kept():
            self._take_away(layer)

    def options(self) -> dict[str, Any]:
        """Scale, position, units and axis names of a layer that lies on what is open of the current image."""
        shown = self.images.current
        if shown is None:
            return {}
        corner = shown.footprint.corner([(part.start, part.stop) for part in shown.entry.region])
        return layers.shifted(self.whole_options(), corner)

    def whole_options(self) -> dict[str, Any]:
        """The same of a layer that lies on all of it, whichever part is open."""
        shown = self.images.current
        if shown is None:
            return {}
        if shown.layer is not None:
            return layers.placement(shown.layer, shown.footprint)
        return layers.placement_of(shown.entry.volume, shown.footprint)

    def marked(self) -> dict[str, Any]:
        """Options of a layer that is the panel's own and goes with it."""
        return {**self.options(), "metadata": dict(layers.MARK)}

    # what happens

    def _on_image_changed(self) -> None:
        shown = self.images.current
        if shown is None:
            self._clear()
            return
        same = self.entry is shown.entry and self.footprint is shown.footprint
        if not same:
            self._clear()
            self._build()

    def _on_labels_changed(self, entry: Entry) -> None:
        if self.labels is not None and entry is self.entry and not self.labels.is_writing:
            self.labels.refresh(extent=False)

    def _on_vouched_changed(self, entry: Entry) -> None:
        if entry is self.entry and self.shows_vouched and not self._timer.isActive():
            self._timer.start()

    def _on_settings_changed(self) -> None:
        if self.labels is not None:
            _colour(self.labels, self.session)

    def _on_moved(self, entry: Entry) -> None:
        shown = self.images.shown(entry)
        if entry is not self.entry or shown is None or shown.layer is None:
            return
        self._place(self.options())

    def _on_region_changed(self, entry: Entry, spot: tuple[float, ...]) -> None:
        shown = self.images.shown(entry)
        if entry is not self.entry or shown is None or self.labels is None:
            return
        self.labels.reopen()
        if self.vouched is not None:
            self.vouched.data = shown.footprint.view(entry.vouched)
        self._place(self.options())

    def _place(self, options: dict[str, Any]) -> None:
        for layer in (self.labels, self.vouched):
            for name, value in options.items() if layer is not None else ():
                setattr(layer, name, value)

    def _on_removed(self, event: Any) -> None:
        if self._removing:
            return
        if event.value is self.labels and self.labels is not None:
            name = self.labels.name
            self.labels.unbind()
            self.labels = None
            self.troubled.emit(f"The layer {name} was removed: nothing is lost, the project keeps the masks.")
            self.changed.emit()
        elif event.value is self.vouched:
            self.vouched = None

    def _refresh_vouched(self) -> None:
        if self.vouched is not None and self.vouched.visible:
            self.vouched.refresh(extent=False, thumbnail=False)

    # building

    def _build(self) -> None:
        shown = self.images.current
        if shown is None:
            return
        self.labels = ApprenticeLabels.showing(
            self.session,
            shown.entry,
            shown.footprint,
            why_not_edit=self.why_not_paint,
            name=f"{shown.entry.name} masks",
            opacity=0.5,
            metadata={layers.KEPT: {"metadata": shown.entry.volume.metadata}},
            **self.options(),
        )
        _colour(self.labels, self.session)
        self.labels.brush_size = _first_brush(shown.entry)
        if self.session.kind == "instances":
            self.labels.selected_label = shown.entry.next_id()
        self._add_vouched()
        self.viewer.add_layer(self.labels)
        self._show_image_of(shown.layer)
        self.changed.emit()

    def _add_vouched(self) -> None:
        shown = self.images.current
        if shown is None:
            return
        colormap = DirectLabelColormap(
            color_dict={
                None: (0, 0, 0, 0),
                UNKNOWN: (0, 0, 0, 0),
                BACKGROUND: _BLUE,
                AS_LABELLED: _GREEN,
                KEPT: _GREY,
            }
        )
        self.vouched = Labels(
            shown.footprint.view(shown.entry.vouched),
            name=f"{shown.entry.name} vouched for",
            colormap=colormap,
            opacity=0.35,
            visible=False,
            **self.marked(),
        )
        self.add_quietly(self.vouched)
        self.vouched.editable = False

    def _show_image_of(self, layer: Layer | None) -> None:
        """One image of the session at a time, so that masks are seen on their own image."""
        if layer is None:
            return
        for entry in self.session.entries:
            other = self.images.shown(entry)
            if other is not None and other.layer is not None and other.layer is not layer:
                other.layer.visible = False
        layer.visible = True

    def _clear(self) -> None:
        old, self.labels = self.labels, None
        if old is not None:
            old.unbind()
            self._take_away(old)
        if self.vouched is not None:
            self._take_away(self.vouched)
            self.vouched = None
        if old is not None:
            self.changed.emit()

    def drop_leftovers(self) -> None:
        """Take masks away that a closed panel left behind: the project has them."""
        for layer in [one for one in self.viewer.layers if isinstance(one, ApprenticeLabels) and one.binding is None]:
            self._take_away(layer)

    def _take_away(self, layer: Layer) -> None:
        if layer not in self.viewer.layers:
            return
        self._removing = True
        try:
            self.viewer.layers.remove(layer)
        finally:
            self._removing = False

    @contextmanager
    def _selection_kept(self) -> Iterator[None]:
        active = self.viewer.layers.selection.active
        yield
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active


class Throttle(QObject):
    """Calls ``slot`` at most once per ``interval_ms``, the last time for sure."""

    def __init__(self, slot: Any, interval_ms: int) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(slot)

    def ask(self) -> None:
        """Call soon."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Do not call any more."""
        self._timer.stop()


def is_ours(layer: Layer) -> bool:
    """Whether a layer belongs to the panel and not to the user."""
    return isinstance(layer, ApprenticeLabels) or layers.is_marked(layer)


def _colour(layer: Labels, session: Session) -> None:
    """Classes have the colours of their list; cells have napari's cycle."""
    if session.kind == "classes":
        colours: dict[int | None, Any] = {None: "gray", 0: (0, 0, 0, 0)}
        colours |= {one.value: one.color for one in session.classes}
        layer.colormap = DirectLabelColormap(color_dict=colours)
    elif isinstance(layer.colormap, DirectLabelColormap):
        layer.new_colormap(seed=0)


def _first_brush(entry: Entry) -> int:
    """A brush that suits the image's size."""
    return int(np.clip(round(min(entry.labels.shape[-2:]) / 60), 4, 20))
