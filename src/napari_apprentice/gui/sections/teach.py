"""5 Teach: the network learns from the corrections while the user goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox
from superqt.utils import qthrottled, signals_blocked

from napari_apprentice.events import Event, Failed, Finished, Progress, Validated, WasCancelled
from napari_apprentice.gui.comparison import ComparisonView
from napari_apprentice.gui.sections.versions import VersionPane
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.buttons import Fold, link
from napari_apprentice.gui.widgets.forms import Form
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.jobs import TeachResult
from napari_apprentice.session import Session
from napari_apprentice.settings import TeachSettings

if TYPE_CHECKING:
    from napari_apprentice.gui.sections.curves import Curves

_COUNT_AFTER_MS = 400  # without a stroke
_MORE = (
    "max_steps",
    "learning_rate",
    "batch_size",
    "patch",
    "augmentation",
    "replay",
    "patience",
    "loss",
    "distance_loss",
    "optimizer",
    "schedule",
    "weight_decay",
    "seed",
)
_LABELS = {
    "replay": "Remember old",
    "patch": "Patch (px)",
    "batch_size": "Patches a step",
    "max_steps": "Most steps",
    "augmentation": "Vary patches",
    "distance_loss": "Distances",
    "optimizer": "Optimiser",
}


class TeachSection(Section):
    """Time to teach, how much is confirmed, *Teach* and *Cancel*, curves, and what became of the version."""

    def __init__(self, session: Session, comparison: ComparisonView, from_folder: Callable[[], None]) -> None:
        super().__init__("5  Teach")
        self._session = session
        self._palette: Palette | None = None
        self.curves: Curves | None = None
        self._told_of = session.project
        self.minutes = QDoubleSpinBox()
        self.minutes.setDecimals(1)
        self.minutes.setRange(0.1, 600)
        self.minutes.setSingleStep(1)
        self.minutes.setSuffix(" min at most")
        self.minutes.valueChanged.connect(self._on_minutes)
        self.more: Form[TeachSettings] = Form(session.teach_settings, self._on_changed, _MORE, _LABELS)
        self._fold = Fold(self.more, "More settings")
        self.job = JobControl("Teach", self._on_teach, lambda: session.cancel("teach"), self._fold)
        self.job.verb.set_help("Learn from what you confirmed, in the background; you can paint on meanwhile.")
        self.confirmed = muted("")
        self.from_folder = link(
            "From images and masks you have...", from_folder, "Teach from a folder of images that are annotated already"
        )
        self._count_soon = qthrottled(self._show_confirmed, timeout=_COUNT_AFTER_MS, leading=False)
        self.versions = VersionPane(session, comparison, self.said)
        self._build()
        self._listen()
        self.refresh()

    def _build(self) -> None:
        self.minutes.setToolTip("Longest time to teach; it stops earlier when nothing gets better")
        self.put_beside_title(self.minutes)
        self.rows.addWidget(self.more)
        self.rows.addWidget(self.confirmed)
        self.rows.addWidget(self.job)
        self.rows.addWidget(self.from_folder)
        self.rows.addWidget(self.versions)
        self.legend = muted("")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.hide()
        self.rows.addWidget(self.legend)

    def _listen(self) -> None:
        session = self._session
        self.connections.add(session.image_changed, self._on_image_changed)
        for signal in (session.model_changed, session.settings_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(session.confirmed_changed, self._on_confirmed)
        self.connections.at_close(self._count_soon.cancel)
        self.versions.listen(self.connections)
        self.connections.add(session.job_started, self._on_started)
        self.connections.add(session.job_event, self._on_event)
        self.connections.add(session.job_ended, self._on_ended)

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self._palette = colours
        self._fold.set_palette(colours)
        training, validation, score = colours.series
        self.legend.setText(
            f'<span style="color:{training}">&#9644;</span> training loss &nbsp; '
            f'<span style="color:{validation}">&#9644;</span> validation loss &nbsp; '
            f'<span style="color:{score}">&#9644;</span> score'
        )
        if self.curves is not None:
            self.curves.set_palette(colours)

    def _on_image_changed(self) -> None:
        """What was said of a project goes with it."""
        if self._session.project is not self._told_of and not self._session.busy("teach"):
            self._told_of = self._session.project
            self.say("")
            self.job.stop("")
            self.legend.hide()
            if self.curves is not None:
                self.curves.hide()
        self.refresh()

    def refresh(self) -> None:
        """Show settings, what is missing and the versions."""
        settings = self._session.teach_settings
        with signals_blocked(self.minutes):
            self.minutes.setValue(settings.max_seconds / 60)
        self.more.show_settings(settings)
        self._show_missing()
        self._count_soon()
        self.versions.refresh()

    def _on_confirmed(self, entry: object) -> None:
        self._show_missing()
        self._count_soon()

    def _show_confirmed(self) -> None:
        words = self._session.confirmed_so_far.words
        self.confirmed.setText(words)
        self.confirmed.setVisible(bool(words))

    def _show_missing(self) -> None:
        if not self._session.busy("teach"):
            self.job.verb.allow(self._session.verbs.teach.why_not())

    # what the user does

    def _on_minutes(self, minutes: float) -> None:
        self._session.teach_settings = self._session.teach_settings.model_copy(update={"max_seconds": minutes * 60})

    def _on_changed(self, settings: TeachSettings) -> None:
        changed = {name: getattr(settings, name) for name in _MORE}
        self._session.teach_settings = self._session.teach_settings.model_copy(update=changed)

    def _on_teach(self) -> None:
        with self.said():
            self._session.verbs.teach()

    # what the job does

    def _on_started(self, kind: str) -> None:
        if kind == "teach-clicks":
            self._show_missing()
        if kind != "teach":
            return
        self.say("")
        self.job.start("Starting...")
        self.versions.hide()
        self._shown_curves().clear()
        self.legend.show()

    def _on_event(self, kind: str, event: Event) -> None:
        if kind != "teach":
            return
        if isinstance(event, Progress):
            self.job.show_progress(event)
        elif isinstance(event, Validated):
            self._shown_curves().add(event)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "keep-live":
            self.refresh()
        if kind == "teach-clicks":
            self._show_missing()
        if kind != "teach":
            return
        self.job.stop(ending(event))
        if isinstance(event, Failed):
            self.say(event.message, event.details)
        self.refresh()

    def _shown_curves(self) -> Curves:
        """The plot, made when it is first needed: its library takes a third of a second to load."""
        if self.curves is None:
            from napari_apprentice.gui.sections.curves import Curves

            self.curves = Curves()
            if self._palette is not None:
                self.curves.set_palette(self._palette)
            self.rows.insertWidget(self.rows.indexOf(self.legend), self.curves)
        self.curves.show()
        return self.curves


def ending(event: Event) -> str:
    """What is said when *Teach* ended."""
    if isinstance(event, Finished) and isinstance(event.result, TeachResult):
        return f"{event.result.steps} steps in {event.result.seconds:.0f} s"
    return "Cancelled; the model is as before." if isinstance(event, WasCancelled) else ""
