"""1 Image: which image, what was understood of it, and how to correct that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox
from superqt.utils import signals_blocked

from napari_apprentice.data.image.axes import describe
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.channel_layers import ChannelLayers
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.masks import is_ours
from napari_apprentice.gui.open_dialog import ask_files, ask_folder, ask_masks
from napari_apprentice.gui.opening import open_paths
from napari_apprentice.gui.sections.asking import AskAxes, AskSize
from napari_apprentice.gui.sections.channels import ChannelChoice, inputs_of
from napari_apprentice.gui.sections.contrast import ContrastMenu
from napari_apprentice.gui.sections.reading import ReadingForm, orders
from napari_apprentice.gui.sections.region import RegionWords
from napari_apprentice.gui.sections.same_size import SameSize
from napari_apprentice.gui.widgets.buttons import LinkMenu, button, link
from napari_apprentice.gui.widgets.rows import Fields, row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.states import StatesBox
from napari_apprentice.gui.widgets.words import KINDS, muted
from napari_apprentice.session import ProjectImage
from napari_apprentice.settings import ClassName, Kind

_OPEN = "Open with Apprentice: all that a file says, with axes, pixel size, channels, orientation and pyramids"
_COLOURS = "All channels at once, a layer and a colour for each; otherwise one by one, with the slider below the image"
_FIRST_CLASS = (ClassName(value=1, name="class 1", color="#7b3294"),)


class ImageSection(Section):
    """Chooses the image layer, says what it is, lets the user say axes, channels and pixel size."""

    def __init__(
        self,
        label_layers: LabelLayers,
        channel_layers: ChannelLayers,
        new_project: Callable[[], None],
        from_folder: Callable[[], None],
    ) -> None:
        super().__init__("1  Image")
        self._label_layers = label_layers
        self._session = label_layers.session
        self._images: OpenImages = label_layers.images
        self._new_project = new_project
        self._channel_layers = channel_layers
        self._told_of: ProjectImage | None = None
        self.choice = StatesBox(self._state_of)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.activated.connect(self._on_chosen)
        self.files = LinkMenu("Open", _OPEN)
        self.files.choices.addAction("Files...", lambda: self.open_paths(ask_files(self)))
        self.files.choices.addAction("A folder (OME-Zarr, DICOM)...", lambda: self.open_paths(ask_folder(self)))
        self.files.choices.addSeparator()
        self.masks = self.files.choices.addAction("Masks for this image...", self._on_masks)
        self.files.choices.addAction("A folder of images with masks...", from_folder)
        self.words = muted("")
        self.notes = muted("", role="warning")
        self.notes.hide()
        self.region = RegionWords(label_layers)
        self.ask_axes = AskAxes(self._on_axes, orders)
        self.ask_size = AskSize(self._on_spacing)
        self.same_size = SameSize(label_layers, self._on_spacing)
        self.correct = link("Not right? Correct it", self._on_correct, "Axes, pixel size")
        self.contrast = ContrastMenu()
        self.reading = ReadingForm(self._on_axes, self._on_spacing)
        self.reading.hide()
        self.channels = ChannelChoice(self._on_channels)
        self.colours = QCheckBox("Show channels in colours")
        self.colours.setToolTip(_COLOURS)
        self.colours.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.colours.toggled.connect(channel_layers.set_on)
        self.kind = QComboBox()
        for kind, words in KINDS:
            self.kind.addItem(words, kind)
        self.kind.activated.connect(self._on_kind)
        self.start = QComboBox()
        self.start.activated.connect(self._on_start)
        self._build()
        self._listen()
        self.refresh()

    def _build(self) -> None:
        self.put_beside_title(self.choice)
        self.head.addWidget(self.files)
        self.rows.addWidget(self.words)
        self.rows.addWidget(self.notes)
        self.rows.addWidget(self.region.label)
        self.rows.addWidget(self.ask_axes)
        self.rows.addWidget(self.ask_size)
        self.rows.addLayout(row(self.correct, None, self.contrast))
        self.rows.addWidget(self.same_size)
        self.rows.addWidget(self.reading)
        self.rows.addWidget(self.colours)
        fields = Fields()
        self._channels_name = fields.add("Channels", self.channels, "What each input of the network looks at")
        fields.add("Masks are", self.kind, "What labels mean in this project")
        self._start_name = fields.add("Start from", self.start, "Labels you have already become the first masks")
        self.rows.addLayout(fields)
        self.other = button("New project for this image", self._new_project)
        self.other.hide()
        self.rows.addWidget(self.other)

    def _listen(self) -> None:
        self.connections.add(self._session.image_changed, self._on_image_changed)
        self.connections.add(self._session.settings_changed, self.refresh)
        self.connections.add(self._session.region_changed, lambda entry, spot: self.region.refresh())
        self.connections.add(self._session.model_changed, self._show_channels)
        self.connections.add(self._images.changed, self.refresh)
        self.connections.add(self._images.moved, lambda entry: self.same_size.refresh())
        self.connections.add(self._channel_layers.changed, self._show_colours)
        self.connections.add(self._images.troubled, self.say)
        self.connections.add(self._label_layers.viewer.layers.events.inserted, self._on_layers)
        self.connections.add(self._label_layers.viewer.layers.events.removed, self._on_layers)

    def _on_image_changed(self) -> None:
        """What was said of an image goes with it."""
        if self._session.current is not self._told_of:
            self._told_of = self._session.current
            self.say("")
        self.refresh()

    def refresh(self) -> None:
        """Show the images there are and what is understood of the current one."""
        self._show_images()
        self.region.refresh()
        shown = self._images.current
        self.correct.setVisible(shown is not None and shown.layer is not None)
        if shown is None:
            self.reading.hide()
            self.words.setText("Drag an image into napari, or use File > Open Sample > Apprentice.")
        else:
            self.words.setText(describe(shown.entry.volume))
            self.reading.show_reading(shown)
        self.ask_axes.show_gap(shown)
        self.ask_size.show_gap(shown)
        self.same_size.refresh()
        self.contrast.show_image(shown)
        self._show_channels()
        self._show_colours()
        self.kind.setCurrentIndex([kind for kind, _ in KINDS].index(self._session.kind))
        self.kind.setEnabled(shown is not None)
        if self.masks is not None:
            self.masks.setEnabled(shown is not None)
        self._show_starts()

    def open(self, layer: Image) -> None:
        """Open a layer's image; a mistake is said here."""
        self.other.hide()
        with self.said():
            self._tell_notes(self._images.open(layer))
            self._take_over_classes(layer)
        self.refresh()

    def open_paths(self, paths: list[str]) -> None:
        """Open files in the viewer, and the first image of them here; a mistake is said here."""
        with self.said():
            images = [one for one in open_paths(self._label_layers.viewer, paths) if isinstance(one, Image)]
            if images:
                self.open(images[0])

    def open_masks(self, path: str) -> None:
        """Masks from a file for the current image: a proposal, until they are approved; a mistake is said here."""
        with self.said():
            notes = self._session.open_masks(path)
            said = f"The masks of {Path(path).name} are here, and nothing of them is confirmed: approve what is right."
            self._session.message.emit(" ".join([said, *notes]))

    # showing

    def _show_images(self) -> None:
        shown = self._images.current
        self.choice.clear()
        found = self._images.layers
        for layer in found:
            self.choice.addItem(layer.name, layer)
        current = None if shown is None else shown.layer
        if current is None or current not in found:  # all go at once when the viewer closes
            self.choice.setCurrentIndex(-1)
            self.choice.setPlaceholderText("choose an image layer" if self.choice.count() else "no image is open")
        else:
            self.choice.setCurrentIndex(found.index(current))
        self.choice.setEnabled(self.choice.count() > 0)

    def _state_of(self, layer: Image) -> str:
        """How far the review of an image is; nothing of one that is not in the project."""
        shown = self._images.shown_by(layer)
        if shown is None or self._session.kind == "classes":
            return ""
        return self._session.review.state(shown.entry).words

    def _show_channels(self) -> None:
        """The channels of the layer, for the inputs of the model in use."""
        shown = self._images.current
        names = () if shown is None else layers.channels_of(shown.layer, shown.reading)
        if shown is not None and len(names) > 1:
            inputs = inputs_of(self._session.model, rgb="S" in shown.reading.axes)
            self.channels.show_channels(names, shown.reading.channels, inputs)
        for widget in (self.channels, self._channels_name):
            widget.setVisible(len(names) > 1)

    def _show_colours(self) -> None:
        self.colours.setVisible(self._channel_layers.can_show)
        with signals_blocked(self.colours):
            self.colours.setChecked(bool(self._channel_layers.layers))

    def _on_layers(self, event: Any = None) -> None:
        self._show_starts()
        self.same_size.refresh()

    def _show_starts(self) -> None:
        """Other labels layers that could be the start, while nothing is confirmed yet."""
        self.start.clear()
        shown = self._images.current
        if shown is not None:
            self.start.addItem("nothing", None)
            for layer in self._label_layers.viewer.layers:
                if isinstance(layer, Labels) and not is_ours(layer):
                    self.start.addItem(layer.name, layer)
        useful = self.start.count() > 1 and shown is not None and not shown.entry.is_confirmed
        useful = useful and shown is not None and shown.entry.labels.shape == shown.entry.shape
        for widget in (self.start, self._start_name):
            widget.setVisible(useful)

    def _tell_notes(self, notes: list[str]) -> None:
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))

    def _take_over_classes(self, layer: Image) -> None:
        """A sample with classes says so; a project with labels keeps what it has."""
        known = layer.metadata.get("apprentice_classes")
        if known and self._session.kind == "instances" and not self._session.images.why_not_kind("classes"):
            self._session.choose_kind("classes", tuple(ClassName.model_validate(one) for one in known))

    # what the user does

    def _on_chosen(self, index: int) -> None:
        layer = self.choice.itemData(index)
        if layer is not None:
            self.open(layer)

    def _on_masks(self) -> None:
        path = ask_masks(self)
        if path:
            self.open_masks(path)

    def _on_correct(self) -> None:
        self.reading.setVisible(not self.reading.isVisible())

    def _on_reading(self, reading: layers.LayerReading) -> None:
        shown = self._images.current
        if shown is None or shown.layer is None:
            return
        with self.said():
            self._tell_notes(self._images.open(shown.layer, reading))
        self.refresh()

    def _on_axes(self, axes: str) -> None:
        shown = self._images.current
        if shown is not None:
            same = axes == shown.reading.axes  # other axes have other channels
            self._on_reading(layers.LayerReading(axes, shown.reading.channels if same else ()))

    def _on_channels(self, channels: tuple[int, ...]) -> None:
        shown = self._images.current
        if shown is not None:
            self._on_reading(replace(shown.reading, channels=channels))

    def _on_spacing(self, spacing: tuple[float, float, float], unit: str) -> None:
        shown = self._images.current
        if shown is not None and shown.layer is not None:
            layers.set_spacing(shown.layer, shown.reading, spacing, unit)
        self.refresh()

    def _on_kind(self, index: int) -> None:
        kind: Kind = KINDS[index][0]
        self.other.hide()
        with self.said():
            try:
                self._session.choose_kind(kind, self._session.classes or (_FIRST_CLASS if kind == "classes" else ()))
            except UserError:
                self.other.show()
                raise
        self.refresh()

    def _on_start(self, index: int) -> None:
        layer, shown = self.start.itemData(index), self._images.current
        if layer is None or shown is None:
            return
        with self.said():
            self._session.edits.replace_labels(layers.labels_of(layer, shown.axis_mapping, shown.entry.labels.shape))
            layer.visible = False
        self.start.setCurrentIndex(0)
