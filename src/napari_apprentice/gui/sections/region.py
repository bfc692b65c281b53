"""Of a large image: which part of it is open, and how another one is opened."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session.large_project_image import LargeProjectImage


class RegionWords:
    """A line below the image's; hidden while the image is open as a whole."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self.label = muted("")
        self.label.hide()

    def refresh(self) -> None:
        """Say what is open."""
        entry = self._label_layers.session.current
        self.label.setVisible(isinstance(entry, LargeProjectImage))
        if isinstance(entry, LargeProjectImage):
            self.label.setText(words(entry))


def words(entry: LargeProjectImage) -> str:
    """Such as "Larger than memory: x 0 to 2048, y 512 to 2560 is open (framed). Zoom in and move on ..."."""
    edges = [
        f"{axis} {part.start} to {part.stop}"
        for axis, part, n in zip("xyz", entry.region[:0:-1], entry.shape[:0:-1], strict=True)
        if part.stop - part.start < n
    ]
    if entry.shape[0] > 1:
        edges.append(f"frame {entry.region[0].start}")
    return f"Very large: {', '.join(edges)} can be corrected now (framed). Zoom in anywhere to go on there."
