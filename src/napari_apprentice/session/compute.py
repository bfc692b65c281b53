"""Where jobs run: processes of this computer, or also the workers of a scheduler."""

from __future__ import annotations

from napari_apprentice.runners import FoundDevice, ProcessRunners, Runners
from napari_apprentice.runners.cluster.remote import ClusterRunners
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import ClusterSettings, SegmentSettings


class Compute:
    """Runners, made when they are first needed unless they were given; only those made here are closed here."""

    def __init__(self, signals: Signals, choices: Choices, runners: Runners | None) -> None:
        self._signals = signals
        self._choices = choices
        self._owns_runners = runners is None
        self._runners = runners
        self._device_words = ""
        signals.settings_changed.connect(self._on_settings_changed)

    @property
    def runners(self) -> Runners:
        """Where jobs run; processes of their own unless others were given."""
        if self._runners is None:
            self._runners = ProcessRunners()
        return self._runners

    @property
    def place(self) -> ClusterSettings:
        """Where jobs that travel run: with a scheduler there, else on this computer."""
        return self._runners.settings if isinstance(self._runners, ClusterRunners) else ClusterSettings()

    def run_on(self, place: ClusterSettings) -> None:
        """Let *Segment* and *Teach* run with a scheduler's workers, or (without one) on this computer again.

        Clicks and looks inside stay on this computer. A job under way at another place is cancelled.
        """
        if place == self.place:
            return
        here = self.runners
        if isinstance(here, ClusterRunners):
            here.hang_up()
            here = here.here
        self._runners = ClusterRunners(place, here) if place.scheduler else here
        self._signals.settings_changed.emit()

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on, the best first; None until a process has looked: ask again later."""
        return self.runners.devices()

    @property
    def device_words(self) -> str:
        """The device the last job found, or the one the next would take, in words; "" while that is not known."""
        if self._device_words:
            return self._device_words
        found = self.devices() or ()
        wanted = self._choices.segment.device
        return next((device.words for device in found if wanted in ("auto", device.name)), "")

    def found_device(self, words: str) -> None:
        """A job began, on this device."""
        self._device_words = words

    @property
    def settings_here(self) -> SegmentSettings:
        """Settings of what runs on this computer in any case, whose devices are others than those of a worker."""
        settings = self._choices.segment
        return settings.model_copy(update={"device": "auto"}) if self.place.scheduler else settings

    def close(self) -> None:
        """End processes that were started here."""
        if self._owns_runners and self._runners is not None:
            self._runners.close()
            self._runners = None

    def _on_settings_changed(self) -> None:
        self._device_words = ""  # another device or place may have been chosen
