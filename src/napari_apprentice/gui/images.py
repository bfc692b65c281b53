"""Which image layer shows which image of the session; layers come, go and change while jobs run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from psygnal import Signal

from napari_apprentice.data.image.axes import check_pixels
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.layers import LayerReading, itself
from napari_apprentice.gui.matching import reading_of, whole_file_of
from napari_apprentice.gui.rereading import remember_file, take_size
from napari_apprentice.gui.showing import image_layer_of
from napari_apprentice.gui.watching import ImageWatch
from napari_apprentice.session import ProjectImage, Session

_MOST_LAYERS = 24


@dataclass
class ShownImage:
    """An image of the session and the layer that shows it; ``layer`` is None once it was removed."""

    entry: ProjectImage
    layer: Image | None
    reading: LayerReading
    axis_mapping: AxisMapping
    is_put_aside: bool = False  # its layer was made invisible here, so that another image is seen


class OpenImages:
    """Opens image layers in the session and keeps track of them as objects, never by name."""

    changed = Signal()  # which image layers there are, or how they are called
    moved = Signal(object)  # ProjectImage: its layer has another scale, position or unit
    troubled = Signal(str)  # one sentence

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = itself(viewer)
        self._session = session
        self._shown: list[ShownImage] = []
        self._given_back: list[Image] = []  # layers that were put aside for a session that let go of them
        self._is_opening = False  # layers of images come and are known a moment later
        session.image_changed.connect(self._on_image_changed)
        self._watch = ImageWatch(
            self._viewer,
            listed=self.changed.emit,
            removed=self._on_removed,
            moved=self._on_moved,
            exchanged=self._on_exchanged,
        )

    def close(self) -> None:
        """Stop listening."""
        self._session.image_changed.disconnect(self._on_image_changed)
        self._watch.close()
        self._shown.clear()

    def leave(self, project: str) -> None:
        """Write into the layers which images of a project they show, for a panel that is opened again."""
        for one in self._shown:
            if one.layer is not None:
                one.layer.metadata[layers.LEFT] = layers.LeftOff(project, one.entry.id, one.reading)

    def forget(self) -> None:
        """The session let go of its images; the layers stay, and are visible as they were."""
        for one in self._shown:
            if one.layer is not None and one.is_put_aside:
                one.layer.visible = True
                self._given_back.append(one.layer)
        self._shown.clear()

    def show_only(self, shown: ShownImage) -> None:
        """One image of the session is visible at a time, so that masks are seen on their own image."""
        if shown.layer is None:
            return
        for one in self._shown:
            if one.layer is not None and one.layer is not shown.layer and one.layer.visible:
                one.layer.visible, one.is_put_aside = False, True
        shown.layer.visible, shown.is_put_aside = True, False
        found = self._viewer.layers
        self._given_back = [one for one in self._given_back if one in found and one is not shown.layer]
        above = max((found.index(one) for one in self._given_back), default=-1)
        if above > found.index(shown.layer):
            found.move(found.index(shown.layer), above + 1)

    @property
    def layers(self) -> list[Image]:
        """The image layers, the topmost first."""
        return self._watch.layers

    @property
    def current(self) -> ShownImage | None:
        """How the session's current image is shown."""
        return None if self._session.current is None else self.shown(self._session.current)

    def shown(self, entry: ProjectImage) -> ShownImage | None:
        """How an image is shown."""
        return next((one for one in self._shown if one.entry is entry), None)

    def shown_by(self, layer: Image | None) -> ShownImage | None:
        """What a layer shows."""
        return next((one for one in self._shown if layer is not None and one.layer is itself(layer)), None)

    def is_current_again(self, layer: Image) -> bool:
        """Whether a layer shows the current image, whose own layer was removed."""
        shown = self.current
        return shown is not None and shown.layer is None and reading_of(layer, shown.entry) is not None

    def open(self, layer: Image, reading: LayerReading | None = None) -> list[str]:
        """Open a layer's image in the session and make it current; returns notes about its pixels. `UserError`."""
        layer = itself(layer)
        known = self.shown_by(layer)
        if known is not None and reading is None:
            self._session.choose_image(known.entry)
            return []
        reading = reading or self._first_reading(layer)
        volume = layers.volume_of(layer, reading)
        notes = check_pixels(volume)
        if known is not None and known.entry.shape == volume.labels_shape:
            known.reading, known.axis_mapping = reading, AxisMapping(reading.layer_axes, _lengths(layer))
            self._session.images.reinterpret(known.entry, volume)
            return notes
        before = known.entry if known is not None else None
        with self.opening():
            entry = self._session.add_image(volume)
        self._show(layer, reading, entry)
        if before is not None and before is not self._session.current and not _worked_on(before):
            self._session.images.remove(before)
        return notes

    def _first_reading(self, layer: Image) -> LayerReading:
        """As its file says, where that can be read; a layer without a pixel size gets that of the file."""
        remember_file(layer)
        reading = layers.guess(layer)
        if take_size(layer, reading) and self.layers == [layer]:
            self._viewer.reset_view()  # it became smaller or larger
        return reading

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Whoever changes the current image meanwhile shows it, too."""
        before, self._is_opening = self._is_opening, True
        try:
            yield
        finally:
            self._is_opening = before

    def show_all(self) -> None:
        """Bring the images of the session into the viewer: by the layer that shows one already, or by a new one.

        Of very many only the current one gets a new layer; the others get theirs when they are chosen.
        """
        found = list(self._session.entries)
        few = found if len(found) <= _MOST_LAYERS else [one for one in found if one is self._session.current]
        for entry in few:
            if self.shown(entry) is None:
                self._show_again(entry)
        if self._session.current is not None:
            self._session.choose_image(self._session.current)

    def _show_again(self, entry: ProjectImage) -> None:
        for layer in self.layers:
            if self.shown_by(layer) is not None:
                continue
            remember_file(layer)
            reading = reading_of(layer, entry)
            if reading is not None:
                if take_size(layer, reading):  # in the project it may have been corrected since
                    layers.set_spacing(layer, reading, entry.volume.spacing, entry.volume.unit)
                self._remember(layer, reading, entry)
                if layer.metadata.pop(layers.LEFT, None) is not None:
                    self._on_moved(layer)  # while the panel was closed
                return
        layer, reading = whole_file_of(entry) or image_layer_of(entry.volume)
        self._remember(layer, reading, entry)
        self._viewer.add_layer(layer)

    def _show(self, layer: Image, reading: LayerReading, entry: ProjectImage) -> None:
        self._remember(layer, reading, entry)
        self._session.choose_image(entry)

    def _remember(self, layer: Image, reading: LayerReading, entry: ProjectImage) -> None:
        self._shown = [one for one in self._shown if one.entry is not entry and one.layer is not layer]
        self._shown.append(ShownImage(entry, layer, reading, AxisMapping(reading.layer_axes, _lengths(layer))))

    # what happens

    def _on_image_changed(self) -> None:
        """An image was chosen that no layer ever showed, such as one of a folder with masks."""
        entry = self._session.current
        if entry is not None and not self._is_opening and self.shown(entry) is None:
            with self.opening():
                self._show_again(entry)

    # what happens to layers

    def _on_removed(self, layer: Image) -> None:
        known = self.shown_by(layer)
        if known is not None:
            known.layer = None
            self.troubled.emit(
                f"The image layer {layer.name} was removed: its masks are kept in the project; "
                "open the image again to go on with it."
            )
        self.changed.emit()

    def _on_moved(self, layer: Image) -> None:
        known = self.shown_by(layer)
        if known is None or len(known.reading.layer_axes) != layer.ndim:
            return
        volume = layers.with_layer_scale(known.entry.volume, layer, known.reading)
        if volume != known.entry.volume:
            self._try(lambda: self._session.images.reinterpret(known.entry, volume))
        self.moved.emit(known.entry)

    def _on_exchanged(self, layer: Image) -> None:
        """Other pixels in the same layer: the same image read anew when the shape allows, else another image."""
        known = self.shown_by(layer)
        if known is None:
            return
        if len(known.reading.axes) == len(layers.pixels_of(layer).shape):
            volume = layers.volume_of(layer, known.reading)
            if volume.labels_shape == known.entry.shape:
                self._try(lambda: self._session.images.reinterpret(known.entry, replace(volume, source=None)))
                return
        known.layer = None
        self.troubled.emit(
            f"The pixels of {layer.name} have another shape now: it counts as a new image, "
            "and the masks made before stay in the project; choose it again to open it."
        )
        self.changed.emit()

    def _try(self, change: Any) -> None:
        try:
            change()
        except UserError as error:
            self.troubled.emit(str(error))


def _lengths(layer: Image) -> tuple[int, ...]:
    shape = tuple(int(n) for n in layers.pixels_of(layer).shape)
    return shape[:-1] if layer.rgb else shape


def _worked_on(entry: ProjectImage) -> bool:
    return entry.is_labelled or entry.is_confirmed
