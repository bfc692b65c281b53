"""Of a large image: which part of it is open, and how another one is opened."""

from __future__ import annotations

from napari_apprentice.gui.stage import Stage
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session.large_entry import LargeEntry


class RegionWords:
    """A line below the image's; hidden while the image is open as a whole."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.label = muted("")
        self.label.hide()

    def refresh(self) -> None:
        """Say what is open."""
        entry = self._stage.session.current
        self.label.setVisible(isinstance(entry, LargeEntry))
        if isinstance(entry, LargeEntry):
            self.label.setText(words(entry))


def words(entry: LargeEntry) -> str:
    """Such as "Larger than memory: x 0 to 2048, y 512 to 2560 is open (framed). Zoom in and move on ..."."""
    edges = [
        f"{axis} {part.start} to {part.stop}"
        for axis, part, n in zip("xyz", entry.region[:0:-1], entry.shape[:0:-1], strict=True)
        if part.stop - part.start < n
    ]
    if entry.shape[0] > 1:
        edges.append(f"frame {entry.region[0].start}")
    return f"Very large: {', '.join(edges)} can be corrected now (framed). Zoom in anywhere to go on there."
