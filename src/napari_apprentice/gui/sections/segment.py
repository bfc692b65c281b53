"""3 Segment: propose masks for the whole image."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.events import Event, Failed, Finished, Progress, WasCancelled
from napari_apprentice.gui.batch import ManyFiles
from napari_apprentice.gui.sections.run_on import RunOn
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.buttons import Fold, button, link
from napari_apprentice.gui.widgets.forms import Form
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.jobs import SegmentLargeResult, SegmentResult
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.result_words import describe_large_result, describe_result
from napari_apprentice.settings import Kind, SegmentSettings

_SHOWN = ("diameter",)
_MORE = ("diameter_unit", "device", "engine", "tile", "blend")
_HELP = "Propose masks for the whole image; what you corrected stays as it is."
_HELP_PART = "Propose masks for the part that is open, the framed one; what you corrected stays as it is."
_HELP_ALL = "Propose masks everywhere, in the background; goes on where it was stopped"
_LABELS = {"diameter_unit": "Diameter in", "tile": "Tile (px)", "blend": "Blend tiles"}


class SegmentSection(Section):
    """Device, diameter, *Segment* and *Cancel*, progress and time left; many files at once."""

    def __init__(self, session: Session, check_computer: Callable[[], None], show_hints: Callable[[], None]) -> None:
        super().__init__("3  Segment")
        self._session = session
        self.knows_device = False
        self._told_of: ProjectImage | None = None  # the image that was segmented last
        self.form: Form[SegmentSettings] = Form(session.segment_settings, self._on_changed, _SHOWN, _LABELS)
        self.more: Form[SegmentSettings] = Form(session.segment_settings, self._on_changed, _MORE, _LABELS)
        self.place = RunOn(session, self._on_place, self.say)
        self.link = QCheckBox("Keep ids through time")
        self.link.setToolTip(SegmentSettings.model_fields["link"].description or "")
        self.link.toggled.connect(self._on_link)
        self.many = ManyFiles(session, lambda: self)
        rarely = QWidget()
        inner = QVBoxLayout(rarely)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.place)
        inner.addWidget(self.more)
        self.check = link(
            "Check this computer", check_computer, "Whether each device computes what it should, how fast"
        )
        self.hints = link("Show hints again", show_hints, "The next step for one who is new, beside the panel")
        inner.addLayout(row(self.check, None, self.hints))
        self._fold = Fold(rarely, "Device, where it runs, more settings, hints")
        beside = QWidget()
        beside.setLayout(
            row(
                button("Many files...", self.many.show, tip="Files, folders and plates, segmented in the background"),
                self._fold,
                spacing=4,
            )
        )
        self.job = JobControl("Segment", self._on_segment, lambda: session.cancel("segment"), beside)
        self.all = button("Segment all of the image", self._on_all)
        for widget in (self.form, self.link, rarely, self.job, self.all):
            self.rows.addWidget(widget)
        self.connections.add(session.image_changed, self._on_image_changed)
        for signal in (session.image_changed, session.model_changed, session.settings_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(session.job_started, self._on_started)
        self.connections.add(session.job_event, self._on_event)
        self.connections.add(session.job_ended, self._on_ended)
        self.refresh()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self._fold.set_palette(colours)

    def refresh(self) -> None:
        """Show settings, the device found and what is missing."""
        for form in (self.form, self.more):
            form.show_settings(self._session.segment_settings)
        self.form.show_unit("diameter", self._session.segment_settings.diameter_unit)
        current = self._session.current
        self.link.setChecked(self._session.segment_settings.link)
        self.link.setVisible(current is not None and current.shape[0] > 1)
        self.show_device()
        is_large = isinstance(self._session.current, LargeProjectImage)
        self.job.verb.set_help(_HELP_PART if is_large else _HELP)
        if not self._session.busy("segment"):
            self.job.verb.allow(self._session.verbs.segment.why_not())
        self.all.setVisible(is_large)
        why_not = self._session.verbs.segment_all.why_not()
        self.all.setEnabled(not why_not)
        self.all.setToolTip(why_not or _HELP_ALL)

    def show_device(self) -> None:
        """Show the device in words, and offer only devices there are, once a process has looked."""
        if self.knows_device:
            return
        self.aside.setText(self._session.compute.device_words)
        found = self._session.compute.devices()
        if found is None:
            return
        self.knows_device = True
        self.more.offer("device", ["auto", *(device.name for device in found)])

    def _on_changed(self, settings: SegmentSettings) -> None:
        # each of the forms knows its own fields; the device is one choice for all jobs
        changed = {name: value for name, value in settings if value != getattr(self._session.segment_settings, name)}
        self._session.segment_settings = self._session.segment_settings.model_copy(update=changed)
        if "device" in changed:
            self._session.teach_settings = self._session.teach_settings.model_copy(update={"device": changed["device"]})

    def _on_link(self, on: bool) -> None:
        self._session.segment_settings = self._session.segment_settings.model_copy(update={"link": on})

    def _on_place(self) -> None:
        self.say("")
        self.knows_device = False  # those of the other place
        self.refresh()

    def _on_segment(self) -> None:
        with self.said():
            self._session.verbs.segment()

    def _on_all(self) -> None:
        with self.said():
            self._session.verbs.segment_all()

    def _on_image_changed(self) -> None:
        """What was said of an image goes with it."""
        if self._session.current is not self._told_of and not self._session.busy("segment"):
            self._told_of = None
            self.say("")
            self.job.stop("")

    def _on_started(self, kind: str) -> None:
        if kind == "segment":
            self._told_of = self._session.current
            self.aside.setText(self._session.compute.device_words)
            self.say("")
            self.job.start("Starting...")
            self.all.setEnabled(False)

    def _on_event(self, kind: str, event: Event) -> None:
        if kind == "segment" and isinstance(event, Progress):
            self.job.show_progress(event)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind != "segment":
            return
        entry = self._told_of
        words = ending(event, self._session.kind, entry.volume if entry else None)
        is_elsewhere = entry is not None and entry is not self._session.current
        self.job.stop(f"{entry.name}: {words}" if words and entry is not None and is_elsewhere else words)
        self.aside.setText(self._session.compute.device_words)
        if isinstance(event, Failed):
            self.say(event.message, event.details)
        self.refresh()


def ending(event: Event, kind: Kind = "instances", volume: Volume | None = None) -> str:
    """What is said when *Segment* ended."""
    if isinstance(event, Finished) and isinstance(event.result, SegmentResult):
        return describe_result(event.result, kind, volume)
    if isinstance(event, Finished) and isinstance(event.result, SegmentLargeResult):
        return describe_large_result(event.result, kind)
    return "Cancelled; the masks are as before." if isinstance(event, WasCancelled) else ""
