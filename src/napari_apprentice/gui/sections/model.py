"""2 Model: which network proposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QComboBox, QFileDialog

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.sections.fresh import FreshNetwork
from napari_apprentice.gui.sections.inside import InsideControls
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.tools.inside import look_inside
from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.states import StatesBox
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ModelChoice, Suited
from napari_apprentice.session.models import NO_IMAGE

_FILE, _EXPORT = "\0file", "\0export"
_MODELS = "Models (*.safetensors *.zip *.onnx);;All files (*)"
_FORMATS = "bioimage.io (*.zip);;ONNX (*.onnx);;TorchScript (*.pt)"
_FITS, _OTHERS = "Fits this image, the likely best first", "Others: point at one to see why"
_TRY = "Try all on what I see: segment the view with each model that can; nothing changes until you take one"
_SAID = {
    "inside": "Looking inside...",
    "export model": "Writing the model...",
    "import model": "Reading the model...",
}
_HOW_WELL = "Evaluate models on this image where it is annotated: scores, and every mistake on the canvas"


class ModelSection(Section):
    """The models, words on the chosen one, the network of a fresh start, a look inside, and how well it does."""

    def __init__(
        self,
        label_layers: LabelLayers,
        evaluate: Callable[[], None],
        try_models: Callable[[], None],
        bring: Callable[[str], None],
    ) -> None:
        super().__init__("2  Model")
        session = label_layers.session
        self._session = session
        self._label_layers = label_layers
        self._bring = bring
        self._offered: dict[str, Suited] = {}
        self.choice = StatesBox(self._purpose_of, self._reason_of)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.activated.connect(self._on_chosen)
        self.words = muted("")
        self.fresh = FreshNetwork(session)
        self.inside = InsideControls(session, self._on_look)
        self.try_all = link("Try all", try_models, _TRY)
        self.put_beside_title(self.choice)
        self.head.addWidget(self.try_all)
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
        self._offered = {one.choice.key: one for one in self._session.suited_models()}
        self._offer()
        self.choice.setCurrentIndex(self.choice.findData(current.key))
        suited = self._offered[current.key]
        why_not = suited.why_not or suited.why_unlikely
        self.words.setText(why_not or words(suited))
        self.words.setToolTip(learned_from(current))
        self.words.set_role("warning" if why_not else "muted")
        for widget in (self.fresh, self.fresh.fold):
            widget.setVisible(current.is_fresh)
        if current.is_fresh:
            self.fresh.refresh()
        self.inside.refresh()
        self.evaluate.setEnabled(self._session.current is not None)
        self.evaluate.setToolTip(NO_IMAGE if self._session.current is None else _HOW_WELL)
        nothing = self._session.current is None or not self._session.verbs.try_models.offered()
        self.try_all.setEnabled(not nothing)
        self.try_all.setToolTip(self._session.verbs.try_models.why_not() if nothing else _TRY)

    def _offer(self) -> None:
        """Those that suit the image first; of the others the tooltip says why they do not."""
        self.choice.clear()
        known = self._session.current is not None
        suited = list(self._offered.values())
        for heading, group in (
            (_FITS, [one for one in suited if one.fits]),
            (_OTHERS, [x for x in suited if x.reason]),
        ):
            if group and known:
                self.choice.add_heading(heading)
            for one in group:
                self.choice.addItem(_title(one.choice), one.choice.key)
            if group:
                self.choice.insertSeparator(self.choice.count())
        self.choice.addItem("open a model file...", _FILE)
        self.choice.addItem("export this model...", _EXPORT)
        self.choice.ask()

    def _purpose_of(self, key: Any) -> str:
        return self._offered[key].purpose if key in self._offered else ""

    def _reason_of(self, key: Any) -> str:
        return self._offered[key].reason if key in self._offered else ""

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self.fresh.fold.set_palette(colours)

    def _on_look(self, level: str) -> None:
        with self.said():
            look_inside(self._label_layers, level)

    def _on_started(self, kind: str) -> None:
        if kind in _SAID:
            self.say("")
            self.aside.setText(_SAID[kind])

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind in _SAID:
            self.aside.setText(_SAID[kind] if self._session.busy(kind) else "")
            self.refresh()
            if isinstance(event, Failed):
                self.say(event.message, event.details)
        else:
            self.refresh()

    def _on_chosen(self, index: int) -> None:
        key = self.choice.itemData(index)
        if key == _FILE:
            key = self._ask_for_file()
        with self.said():
            if key == _EXPORT:
                self._export()
            elif key and self._session.verbs.travel.is_foreign(key):
                self._bring(key)
            elif key:
                self._session.choose_model(key)
        self.refresh()

    def _export(self) -> None:
        choice = self._session.model
        if choice.file is None:
            raise UserError("A fresh network knows nothing yet: teach it before it is exported.")
        name = f"{Path(choice.title).stem}.zip".replace(" ", "-")
        path, chosen = QFileDialog.getSaveFileName(self, "Export this model", name, _FORMATS)
        if path:
            suffix = chosen.partition("*")[2].rstrip(")")
            target = path if Path(path).suffix else f"{path}{suffix}"
            refuse_unasked(target, path)
            self._session.verbs.travel.export(target)

    def _ask_for_file(self) -> str:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", _MODELS)
        return str(Path(path)) if path else ""


def words(suited: Suited) -> str:
    """One line on a model: what it is for, what it takes, what speaks against it."""
    header = suited.choice.header
    purpose = suited.purpose[:1].upper() + suited.purpose[1:]
    if header is None:
        return f"{purpose}." if suited.choice.is_fresh else suited.choice.title
    parts = [f"{header.net.dims}D"]
    if header.image_channels > 1:
        parts.append(f"{header.image_channels} channels")
    if header.measures:
        parts.append("any size")
    elif header.object_diameter:
        parts.append(f"objects of about {header.object_diameter / header.zoom:.0f} px")
    said = "; ".join(part for part in (purpose, ", ".join(parts)) if part)
    return f"{said}. {suited.why_doubtful}".strip()


def learned_from(choice: ModelChoice) -> str:
    """What a model learned from, for a tooltip."""
    header = choice.header
    return "" if header is None or not header.trained_on else "Learned from " + ", ".join(header.trained_on)


def _title(choice: ModelChoice) -> str:
    return (
        choice.title[:1].upper() + choice.title[1:] if choice.title.startswith(("version", "fresh")) else choice.title
    )
