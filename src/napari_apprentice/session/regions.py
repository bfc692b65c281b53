"""Which part of a large image is open for editing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.regions import Region, region_at
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.history import Step
from napari_apprentice.session.large_entry import LargeEntry
from napari_apprentice.session.models import Models
from napari_apprentice.session.state import refuse


class Regions(Models):
    """Adds opening regions of the current image to the session."""

    _strokes = 0  # how many are under way

    def why_not_open_region(self) -> str:
        """One sentence when no other part of the current image can be opened now."""
        if not isinstance(self.current, LargeEntry):
            return "This image is open as a whole."
        if self._strokes:
            return "An object is being painted: finish it first."
        return ""

    def open_region(self, point: Sequence[float]) -> bool:
        """Open the part of a large image around ``point`` (t, z, y, x) for editing; whether it is another one.

        What was corrected before is kept. Raises `UserError` when `why_not_open_region` says why not, or when the disk
        refuses; then nothing changes.
        """
        refuse(self.why_not_open_region())
        entry = self.current
        return entry is not None and self._go_to(entry, region_at(entry.shape, point), point)

    def _go_to_step(self, entry: Entry, step: Step) -> bool:
        """Open the region in which something was done; False, and a sentence, when that cannot be now."""
        if step.region is not None and step.changes and step.region != entry.region:
            why_not = self.why_not_open_region()
            if why_not:
                self.said.emit(why_not)
                return False
            box = step.changes[-1].delta.box
            middle = [part.start + (a + b) / 2 for part, (a, b) in zip(step.region, box, strict=True)]
            self._go_to(entry, step.region, middle)
        return True

    def _exchange_back(self, entry: Entry, step: Step, *, again: bool) -> bool:
        """Undo or redo that all labels of a large image were exchanged, if that is what a step is."""
        if step.exchange is None or not isinstance(entry, LargeEntry):
            return False
        entry.exchange_back(step, again=again)
        self._tell_exchanged(entry)
        return True

    def _tell_exchanged(self, entry: LargeEntry) -> None:
        self.discard_click()
        self.region_changed.emit(entry, ())  # the same part, other labels
        self.overview_changed.emit(entry)
        self.labels_changed.emit(entry)

    def _go_to(self, entry: Entry, region: Region, spot: Sequence[float]) -> bool:
        if not isinstance(entry, LargeEntry) or region == entry.region:
            return False
        self.discard_click()
        written = [Path(image.pixels.path) for image in entry.pixels.values()]
        written = [path for path in written if path not in self._in_use()]
        entry.open_region(region)
        for path in written:
            if self.project is not None and path.parent == self.project.scratch:
                with suppress(OSError):  # who has it mapped may read on, but not on Windows
                    path.unlink(missing_ok=True)
        self.region_changed.emit(entry, tuple(spot))
        return True

    def _in_use(self) -> set[Path]:
        """Files that jobs under way read."""
        raise NotImplementedError  # `jobs`

    def discard_click(self) -> None:
        """Forget what was proposed for the old region."""
        raise NotImplementedError  # `jobs`
