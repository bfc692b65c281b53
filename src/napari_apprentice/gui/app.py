"""napari with an image and the panel open, ready to work."""

from __future__ import annotations

import napari

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.gui.opening import layer_data
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.gui.samples import sample
from napari_apprentice.session import Session

DEMO = "nuclei_2d"
_SIZE = (1440, 940)


def open_window(
    volume: Volume | None = None, session: Session | None = None, *, show: bool = True
) -> tuple[napari.Viewer, ApprenticePanel]:
    """A viewer with the panel beside it, and ``volume`` as its image."""
    viewer = napari.Viewer(title="Apprentice", show=show)
    if volume is not None:
        pixels, options, _ = layer_data(volume)
        viewer.add_image(pixels, **options)
    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    return viewer, panel


def run_demo() -> None:
    """The window of ``apprentice demo``: a sample is open, *Segment* is the next thing to press."""
    viewer, panel = open_window()
    viewer.window.resize(*_SIZE)
    data, options, _ = sample(DEMO)[0]
    viewer.add_image(data, **options)
    panel.image.open(panel.images.layers[0])
    napari.run()
