"""The layers of the current image: its masks, and what is confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Labels
from psygnal import Signal

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.gui import layers
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.confirmed import ConfirmedLayer
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.masks import colour, masks_of
from napari_apprentice.gui.napari_names import why_not_edit
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.placement import placement, placement_of, shift_place
from napari_apprentice.session import ProjectImage, Session


class LabelLayers:
    """Shows the session's current image's labels and confirmed voxels; both share the session's memory."""

    changed = Signal()  # another masks layer, or none
    troubled = Signal(str)

    def __init__(self, viewer: ViewerModel, session: Session, images: OpenImages) -> None:
        self.viewer = viewer
        self.session = session
        self.images = images
        self.why_not_paint = why_not_edit()  # "" as long as napari is one that we know
        self._masks = OwnLayer[ApprenticeLabels](viewer, images, self.options, self._on_deleted)
        self._confirmed = ConfirmedLayer(viewer, images, self.options, lambda: self.labels)
        viewer.mouse_drag_callbacks.append(self._on_press)
        self._connections = Connections()
        self._connections.at_close(lambda: viewer.mouse_drag_callbacks.remove(self._on_press))
        self._connections.add(session.image_changed, self._on_image_changed)
        self._connections.add(session.labels_changed, self._on_labels_changed)
        self._connections.add(session.confirmed_changed, self._on_confirmed_changed)
        self._connections.add(session.settings_changed, self._on_settings_changed)
        self._connections.add(session.region_changed, self._on_region_changed)
        self._on_image_changed()

    def leave(self, project: str) -> None:
        """Write into the masks which project they are of, for a panel that is opened again."""
        if self.labels is not None and self.entry is not None:
            self.labels.metadata[layers.LEFT] = layers.LeftOff(project, self.entry.id)

    def close(self) -> None:
        """Leave the masks as an ordinary layer that cannot be edited; take the other layers away."""
        self._connections.close()
        masks = self._masks.release()
        if masks is not None:
            masks.unbind()
        self._masks.close()
        self._confirmed.close()

    @property
    def labels(self) -> ApprenticeLabels | None:
        """The masks layer; None while there is none."""
        return self._masks.layer

    @property
    def confirmed(self) -> Labels | None:
        """The layer of what is confirmed."""
        return self._confirmed.layer

    @property
    def entry(self) -> ProjectImage | None:
        """The image whose masks are shown."""
        binding = None if self.labels is None else self.labels.binding
        return None if binding is None else binding.entry

    @property
    def axis_mapping(self) -> AxisMapping | None:
        """How the masks lie in their layer."""
        binding = None if self.labels is None else self.labels.binding
        return None if binding is None else binding.axis_mapping

    @property
    def shows_confirmed(self) -> bool:
        """Whether the layer of what is confirmed is visible."""
        return self._confirmed.is_visible

    def show_confirmed(self, on: bool) -> None:
        """Show or hide what is confirmed."""
        shown = self.images.current
        if on and self.confirmed is None and shown is not None:
            self._confirmed.add(shown)
        self._confirmed.set_visible(on)

    def show_masks(self) -> None:
        """Bring the masks layer back after it was removed; nothing was lost."""
        if self.labels is None:
            self._build()

    def activate(self) -> ApprenticeLabels | None:
        """Make the masks the layer that tools work on."""
        if self.labels is not None:
            if not self.labels.visible:  # else napari would put down what is in the hand
                self.labels.visible = True
            if self.viewer.layers.selection.active is not self.labels:
                self.viewer.layers.selection.active = self.labels
        return self.labels

    def options(self, region: Region | None = None) -> dict[str, Any]:
        """Scale, position, units and axis names of a layer on a part of the current image, by default what is open."""
        shown = self.images.current
        if shown is None:
            return {}
        corner = shown.axis_mapping.corner([(part.start, part.stop) for part in region or shown.entry.region])
        return shift_place(self.whole_options(), corner)

    def whole_options(self) -> dict[str, Any]:
        """The same of a layer that lies on all of it, whichever part is open."""
        shown = self.images.current
        if shown is None:
            return {}
        if shown.layer is not None:
            return placement(shown.layer, shown.axis_mapping)
        return placement_of(shown.entry.volume, shown.axis_mapping)

    def drop_leftovers(self) -> None:
        """Take masks away that a closed panel left behind: the project has them."""
        for layer in [one for one in self.viewer.layers if isinstance(one, ApprenticeLabels) and one.binding is None]:
            self.viewer.layers.remove(layer)

    # what happens

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        """With the button up a drag is over; napari tells that only to the layer that is active by then."""
        yield
        while event.type == "mouse_move":
            yield
        if self.labels is not None:
            self.labels.end_drags()

    def _on_image_changed(self) -> None:
        shown = self.images.current
        if shown is None:
            self._clear()
        elif self.entry is not shown.entry or self.axis_mapping is not shown.axis_mapping:
            self._clear()
            self._build()

    def _on_labels_changed(self, entry: ProjectImage) -> None:
        self._on_confirmed_changed(entry)
        if self.labels is not None and entry is self.entry and not self.labels.is_writing:
            self.labels.refresh(extent=False)
            self.labels.keep_selected_new()

    def _on_confirmed_changed(self, entry: ProjectImage) -> None:
        if entry is self.entry:
            self._confirmed.show_changes()

    def _on_settings_changed(self) -> None:
        if self.labels is not None:
            colour(self.labels, self.session)
            self._confirmed.recolour()

    def _on_region_changed(self, entry: ProjectImage, spot: tuple[float, ...]) -> None:
        shown = self.images.shown(entry)
        if entry is not self.entry or shown is None or self.labels is None:
            return
        self.labels.reopen()
        self._masks.move()
        self._confirmed.reopen(shown)

    def _on_deleted(self, masks: ApprenticeLabels) -> None:
        masks.unbind()
        self.troubled.emit(f"The layer {masks.name} was removed: nothing is lost, the project keeps the masks.")
        self.changed.emit()

    # building

    def _build(self) -> None:
        shown = self.images.current
        if shown is None:
            return
        self._masks.show(partial(masks_of, self.session, shown, self.why_not_paint), below=self.confirmed)
        if self.confirmed is None:
            self._confirmed.add(shown)
        self.images.show_only(shown)
        self.changed.emit()

    def _clear(self) -> None:
        masks = self.labels
        if masks is not None:
            masks.unbind()
        self._masks.drop()
        self._confirmed.drop()
        if masks is not None:
            self.changed.emit()
