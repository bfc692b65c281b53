"""A small menu of windows for images from scanners of patients: which grey values are black and white."""

from __future__ import annotations

from napari.layers import Image

from napari_apprentice.data.image.display_windows import DisplayWindow, is_medical, windows_of
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.widgets.buttons import LinkMenu


class ContrastMenu(LinkMenu):
    """Sets the contrast limits of the layer that shows the image; there for medical images only."""

    def __init__(self) -> None:
        super().__init__("Window", "Which grey values are black and white: level and width")
        self._shown: ShownImage | None = None
        self.choices.aboutToShow.connect(self._fill)

    def show_image(self, shown: ShownImage | None) -> None:
        """Be there for an image from a scanner."""
        if shown is None or self._shown is None or shown.entry is not self._shown.entry:
            self.setText("Window ▾")
        self._shown = shown
        self.setVisible(shown is not None and shown.layer is not None and is_medical(shown.entry.volume))

    def _fill(self) -> None:
        """Looks at the image, so not before it is asked for."""
        self.choices.clear()
        shown = self._shown
        if shown is None or shown.layer is None:
            return
        layer = shown.layer
        for window in windows_of(shown.entry.volume):
            low, high = window.limits
            words = f"{window.name}  ({low:.4g} to {high:.4g})"
            self.choices.addAction(words, lambda window=window: self._on_chosen(layer, window))

    def _on_chosen(self, layer: Image, window: DisplayWindow) -> None:
        low, high = window.limits
        known = layer.contrast_limits_range
        layer.contrast_limits_range = (min(low, known[0]), max(high, known[1]))  # limits outside it would be cut
        layer.contrast_limits = (low, high)
        self.setText(f"Window: {window.name} ▾")
