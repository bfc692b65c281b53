"""2 Model: which network proposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog

from napari_apprentice.events import Event, Failed
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.sections.fresh import FreshNetwork
from napari_apprentice.gui.sections.inside import InsideControls
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.tools.inside import look_inside
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ModelChoice
from napari_apprentice.session.models import NO_IMAGE

_FILE = "\0file"
_HOW_WELL = "Evaluate models on this image where it is annotated: scores, and every mistake on the canvas"


class ModelSection(Section):
    """The models, words on the chosen one, the network of a fresh start, a look inside, and how well it does."""

    def __init__(self, label_layers: LabelLayers, evaluate: Callable[[], None]) -> None:
        super().__init__("2  Model")
        session = label_layers.session
        self._session = session
        self._label_layers = label_layers
        self.choice = QComboBox()
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.activated.connect(self._on_chosen)
        self.words = muted("")
        self.fresh = FreshNetwork(session)
        self.inside = InsideControls(session, self._on_look)
        self.put_beside_title(self.choice)
        self.head.addWidget(self.fresh.fold)
        for widget in (self.words, self.fresh):
            self.rows.addWidget(widget)
        self.evaluate = link("How well does it do?", evaluate, _HOW_WELL)
        self.rows.addLayout(row(self.evaluate, None, self.inside.open))
        self.rows.addWidget(self.inside)
        for signal in (session.image_changed, session.model_changed, session.settings_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(session.job_started, self._on_started)
        self.connections.add(session.job_ended, self._on_ended)
        self.refresh()

    def refresh(self) -> None:
        """Show the models there are and which is in use."""
        current = self._session.model
        choices = self._session.models.all()
        if all(choice.key != current.key for choice in choices):
            choices = [current, *choices]
        self._offer(choices)
        self.choice.addItem("open a model file...", _FILE)
        self.choice.setCurrentIndex(self.choice.findData(current.key))
        why_not = self._why_not(current)
        self.words.setText(why_not or words(current))
        self.words.set_role("warning" if why_not else "muted")
        for widget in (self.fresh, self.fresh.fold):
            widget.setVisible(current.is_fresh)
        if current.is_fresh:
            self.fresh.refresh()
        self.inside.refresh()
        self.evaluate.setEnabled(self._session.current is not None)
        self.evaluate.setToolTip(NO_IMAGE if self._session.current is None else _HOW_WELL)

    def _offer(self, choices: list[ModelChoice]) -> None:
        """Those that suit the image first; of the others the tooltip says why they do not."""
        reasons = {choice.key: self._why_not(choice) for choice in choices}
        self.choice.clear()
        for group in ([one for one in choices if not reasons[one.key]], [one for one in choices if reasons[one.key]]):
            for choice in group:
                self.choice.addItem(_title(choice), choice.key)
                self.choice.setItemData(self.choice.count() - 1, reasons[choice.key], Qt.ItemDataRole.ToolTipRole)
            if group:
                self.choice.insertSeparator(self.choice.count())

    def _why_not(self, choice: ModelChoice) -> str:
        """Why a model cannot work on the image, or is not likely to."""
        entry, models = self._session.current, self._session.models
        if entry is None:
            return ""
        return models.why_not_fits(entry.volume, choice) or models.why_unlikely(entry.volume, choice)

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self.fresh.fold.set_palette(colours)

    def _on_look(self, level: str) -> None:
        with self.said():
            look_inside(self._label_layers, level)

    def _on_started(self, kind: str) -> None:
        if kind == "inside":
            self.aside.setText("Looking inside...")

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "inside":
            self.aside.setText("Looking inside..." if self._session.busy("inside") else "")
            if isinstance(event, Failed):
                self.say(event.message, event.details)
        else:
            self.refresh()

    def _on_chosen(self, index: int) -> None:
        key = self.choice.itemData(index)
        if key == _FILE:
            key = self._ask_for_file()
        if key:
            with self.said():
                self._session.choose_model(key)
        self.refresh()

    def _ask_for_file(self) -> str:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", "Models (*.safetensors);;All files (*)")
        return str(Path(path)) if path else ""


def words(choice: ModelChoice) -> str:
    """One line on a model: what it takes, what it learned from, how well it did."""
    header = choice.header
    if header is None:
        return "Knows nothing yet: it learns from what you correct." if choice.is_fresh else choice.title
    channels = "1 channel" if header.image_channels == 1 else f"{header.image_channels} channels"
    parts = [f"{header.net.dims}D, {channels}"]
    if header.measures:
        parts.append("measures how large objects are")
    elif header.object_diameter:
        parts.append(f"objects of about {header.object_diameter / header.zoom:.0f} px")
    if header.trained_on:
        parts.append(
            "learned from " + ", ".join(header.trained_on[:3]) + (" ..." if len(header.trained_on) > 3 else "")
        )
    said = "; ".join(parts)
    return said if said.endswith("...") else f"{said}."


def _title(choice: ModelChoice) -> str:
    return (
        choice.title[:1].upper() + choice.title[1:] if choice.title.startswith(("version", "fresh")) else choice.title
    )
