"""Which part of a large image is open for editing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_apprentice.data.geometry.regions import Region, region_at
from napari_apprentice.data.objects.marks import MarkEdit
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.history import UndoStep
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.queue import Queue
from napari_apprentice.session.signals import Signals


class Regions:
    """Opens another region of a large image; ``region_changed`` tells of it."""

    def __init__(self, signals: Signals, choices: Choices, queue: Queue, images: Images) -> None:
        self._signals = signals
        self._choices = choices
        self._queue = queue
        self._images = images
        self._holds = 0

    @property
    def is_held(self) -> bool:
        """Whether something is being painted, so that what is open must stay."""
        return self._holds > 0

    @contextmanager
    def holding(self) -> Iterator[None]:
        """What is open stays: something is being painted."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def why_not_open(self, entry: ProjectImage | None = None) -> str:
        """One sentence when no other part of an image, by default the current one, can be opened now."""
        entry = entry or self._images.current
        if not isinstance(entry, LargeProjectImage):
            return "This image is open as a whole."
        if self._queue.holds_region(entry):
            return "The open part is being segmented: wait until it is done, or cancel it."
        if self.is_held:
            return "An object is being painted: finish it first."
        return ""

    def open(self, point: Sequence[float]) -> bool:
        """Open the part of a large image around ``point`` (t, z, y, x) for editing; whether it is another one.

        What was corrected before is kept. Raises `UserError` when `why_not_open` says why not, or when the disk
        refuses; then nothing changes.
        """
        entry = self._current()
        return self._leave_for(entry, region_at(entry.shape, point), point)

    def open_part(self, region: Region, spot: Sequence[float]) -> bool:
        """The same with a part that was open before; ``spot`` in it is to be seen."""
        return self._leave_for(self._current(), region, spot)

    def open_for(self, entry: ProjectImage, step: UndoStep) -> bool:
        """Open the region in which something was done; False, and a sentence, when that cannot be now."""
        if step.region is not None and step.changes and step.region != entry.region:
            why_not = self.why_not_open()
            if why_not:
                self._signals.message.emit(why_not)
                return False
            edit = step.changes[-1].edit
            if isinstance(edit, MarkEdit):  # of the whole image
                return True
            box = edit.box
            middle = [part.start + (a + b) / 2 for part, (a, b) in zip(step.region, box, strict=True)]
            self._go_to(entry, step.region, middle)
        return True

    def exchange_back(self, entry: ProjectImage, step: UndoStep, *, again: bool) -> bool:
        """Undo or redo that all labels of a large image were exchanged, if that is what a step is."""
        if step.exchange is None or not isinstance(entry, LargeProjectImage):
            return False
        entry.exchange_back(step, again=again)
        self.tell_exchanged(entry)
        return True

    def tell_exchanged(self, entry: LargeProjectImage) -> None:
        """All labels of a large image are others."""
        self._signals.region_changed.emit(entry, ())  # the same part, other labels
        self._signals.overview_changed.emit(entry)
        self._signals.labels_changed.emit(entry)

    def _current(self) -> ProjectImage:
        refuse(self.why_not_open())
        return self._images.open_entry

    def _leave_for(self, entry: ProjectImage, region: Region, spot: Sequence[float]) -> bool:
        if region != entry.region:
            self._signals.leaving_region.emit()
        return self._go_to(entry, region, spot)

    def _go_to(self, entry: ProjectImage, region: Region, spot: Sequence[float]) -> bool:
        if not isinstance(entry, LargeProjectImage) or region == entry.region:
            return False
        written = [Path(image.pixels.path) for image in entry.pixels.values()]
        written = [path for path in written if path not in self._queue.files]
        entry.open_region(region)
        for path in written:
            if self._choices.project is not None and path.parent == self._choices.project.scratch:
                with suppress(OSError):  # who has it mapped may read on, but not on Windows
                    path.unlink(missing_ok=True)
        self._signals.region_changed.emit(entry, tuple(spot))
        return True
