"""The models that were tried, side by side, the likely best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QScrollArea, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Progress, WasCancelled
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.theme import Palette, stylesheet
from napari_apprentice.gui.tools.view import visible_edges
from napari_apprentice.gui.trying.card import EDGE, TrialCard
from napari_apprentice.gui.trying.outlines import TrialOutlines
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.scrolling import Column
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Trial
from napari_apprentice.session.result_words import count_words, sure_words
from napari_apprentice.session.tried import UNSURE

_ASKING_PX = 230
_HELP = "Segment what you see with each model that can; nothing changes until you take one"
_MASKS_HELP = "What you confirmed stays as it is; Ctrl+Z takes the masks back. Segment does the rest of the image."
_NONE_IS_SURE = "None is sure of what it found: correct a few objects and press Teach, or try another part."
_NOTHING = "Bring the part of the image that matters into view, then try the models on it."


class TryingPane(QWidget):
    """Tries models on the view, and shows what they made of it; `end` is for good."""

    def __init__(self, label_layers: LabelLayers) -> None:
        super().__init__()
        self._label_layers = label_layers
        self._session = label_layers.session
        self._shown: Trial | None = None  # on the canvas
        self.outlines = TrialOutlines(label_layers)
        self.job = JobControl("Try all on what I see", self._on_try, self._session.verbs.try_models.cancel)
        self.job.verb.set_help(_HELP)
        self.masks = QCheckBox("Take its masks, too")
        self.masks.setToolTip(_MASKS_HELP)
        self.masks.setChecked(True)
        self.masks.toggled.connect(self._allow)
        self.words, self.notes = muted(_NOTHING), muted("", role="warning")
        self.cards: list[TrialCard] = []
        self._connections = Connections()
        self._build()
        session, add = self._session, self._connections.add
        for signal in (session.image_changed, session.model_changed, session.settings_changed):
            add(signal, self._allow)
        add(session.tried, self.refresh)
        add(session.job_event, self._on_event)
        add(session.job_ended, self._on_ended)
        self.refresh()

    def _build(self) -> None:
        asking = Column(self.job, self.masks, self.words, self.notes)
        asking.setFixedWidth(_ASKING_PX)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        self._row.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = scroll.horizontalScrollBar()
        scroll.setMinimumHeight(EDGE + (0 if bar is None else bar.sizeHint().height()))
        scroll.setWidget(inside)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 6, 10, 6)
        across.setSpacing(10)
        across.addWidget(asking)
        across.addWidget(scroll, 1)

    def begin(self, edges: Sequence[tuple[int, int]]) -> None:
        """Try all models on a part of the masks layer, as of `visible_edges`."""
        self._say("")
        axis_mapping = self._label_layers.axis_mapping
        try:
            self._session.try_models(box=None if axis_mapping is None else axis_mapping.box(list(edges)))
        except UserError as error:
            self._say(str(error))
        else:
            self.job.start("Starting...")

    def _on_try(self) -> None:
        try:
            edges = visible_edges(self._label_layers, whole_plane=False)
        except UserError as error:
            self._say(str(error))
        else:
            self.begin(edges)

    def refresh(self) -> None:
        """Show what was tried so far."""
        trying = self._session.verbs.try_models
        trials, field = trying.trials, trying.field
        for card in self.cards:
            self._row.removeWidget(card)
            card.deleteLater()
        self.cards = [self._card(trial) for trial in trials]
        for place, card in enumerate(self.cards):
            self._row.insertWidget(place, card)
        if self._shown is not None and self._shown not in trials:
            self._show(None)
        self.words.setText(_NOTHING if field is None else f"Tried on {field.words}.")
        is_done = field is not None and not self._session.busy("try")
        if is_done:
            failed = "".join(f" {name}: {why}" for name, why in trying.failed.items())
            unsure = trials and max(one.sure for one in trials) < UNSURE
            self._say((_NONE_IS_SURE if unsure else "") + failed)
        if field is None:
            self.job.stop("")
        self._allow()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme: a dock does not have the style of the panel."""
        self.setStyleSheet(stylesheet(colours))

    def end(self) -> None:
        """Let go of session and canvas."""
        self._connections.close()
        self.outlines.close()

    def hideEvent(self, event: Any) -> None:
        """The canvas is as before."""
        super().hideEvent(event)
        self._show(None)

    def _card(self, trial: Trial) -> TrialCard:
        field, kind = self._session.verbs.try_models.field, self._session.kind
        if field is None:
            raise RuntimeError("a trial has a field")
        colors = {one.value: one.color for one in self._session.classes} if kind == "classes" else None
        lines = [f"{count_words(trial.objects, kind)}, {trial.seconds:.1f} s", sure_words(trial.sure, kind)]
        if trial.score is not None:
            what = "objects" if kind == "instances" else "pixels"
            lines.append(f"score {trial.score:.2f} on {trial.judged:,} corrected {what}")
        if trial.knows:
            lines.append("It learned from these: expect less elsewhere.")
        key = trial.choice.key
        picture = field.picture(trial, EDGE, colors)
        title = trial.choice.title.partition(" (")[0]
        card = TrialCard(title, tuple(lines), picture, lambda: self._on_picture(trial), lambda: self._on_take(key))
        card.title.setToolTip(trial.purpose)
        return card

    def _on_picture(self, trial: Trial) -> None:
        self._show(None if trial is self._shown and self.outlines.layer is not None else trial)

    def _show(self, trial: Trial | None) -> None:
        if trial is not self._shown or self.outlines.layer is None:  # the user may have deleted it
            self._shown = trial
            self.outlines.show(trial)

    def _on_take(self, key: str) -> None:
        self._show(None)
        try:
            self._session.take_trial(key, masks=self.masks.isChecked())
        except UserError as error:
            self._say(str(error))

    def _on_event(self, verb: str, event: Event) -> None:
        if verb == "try" and isinstance(event, Progress):
            trying = self._session.verbs.try_models
            done = len(trying.trials) + len(trying.failed)
            name = "" if trying.running is None else trying.running.title.partition(" (")[0]
            share = event.done / event.total if event.total else 0.0
            what = f"{name}, {done + 1} of {trying.count}"
            self.job.show_progress(Progress(done=done + share, total=trying.count, what=what))

    def _on_ended(self, verb: str, event: Event) -> None:
        if verb == "try" and not self._session.busy("try"):
            self.job.stop("Cancelled." if isinstance(event, WasCancelled) else "")

    def _allow(self, *_: object) -> None:
        trying = self._session.verbs.try_models
        if not self._session.busy("try"):
            self.job.verb.allow(trying.why_not())
        used = self._session.model.title
        for trial, card in zip(trying.trials, self.cards, strict=False):
            is_used = trial.choice.key == self._session.model.key
            card.take.setText("In use: take its masks" if is_used else "Use this model")
            card.take.setEnabled(not is_used or self.masks.isChecked())
            card.take.setToolTip(f"In place of {used}" if not is_used else "")

    def _say(self, sentence: str) -> None:
        self.notes.setText(sentence.strip())
        self.notes.setVisible(bool(sentence.strip()))
