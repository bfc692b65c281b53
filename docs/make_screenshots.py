"""Make the pictures in docs/images: the loop in a real window, on the samples, with corrections from their known truth.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image

from napari_apprentice import Session
from napari_apprentice.data import samples
from napari_apprentice.demo import correct
from napari_apprentice.gui.app import open_window
from napari_apprentice.gui.measure import wait, wait_until

IMAGES = Path(__file__).parent / "images"
SIZE = (1360, 900)
TEACH_S = 75.0


def main() -> None:
    """The loop on 2D nuclei, picture by picture, then the 3D sample and the classes."""
    IMAGES.mkdir(exist_ok=True)
    _loop()
    _opened("nuclei_3d", "open-3d", ndisplay=2)
    _opened("tissue_2d", "classes", ndisplay=2)


def _loop() -> None:
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("nuclei-2d")
        _picture(viewer, "open")
        session.segment()
        wait_until(lambda: not session.busy())
        _picture(viewer, "segment")
        correct(session, truth, 25)
        panel.stage.show_vouched(True)
        _picture(viewer, "correct")
        panel.stage.show_vouched(False)
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": TEACH_S})
        session.teach()
        wait(0.6 * TEACH_S)
        _show(panel, panel.teach)
        _picture(viewer, "teach")
        wait_until(lambda: not session.busy())
        _show(panel, panel.teach)
        _picture(viewer, "better")
        _show(panel, panel.image)
        _picture(viewer, "panel")
        _close(viewer, panel)


def _opened(sample: str, name: str, ndisplay: int) -> None:
    with Session.temporary() as session:
        viewer, panel = _window(session, samples.load(sample)[0])
        viewer.dims.ndisplay = ndisplay
        _picture(viewer, name)
        _close(viewer, panel)


def _window(session: Session, volume: Any) -> tuple[napari.Viewer, Any]:
    viewer, panel = open_window(volume, session)
    viewer.window.resize(*SIZE)
    wait(1.0)
    if session.current is None:
        panel.image.open(panel.images.layers[0])
    wait(1.0)
    viewer.reset_view()
    return viewer, panel


def _close(viewer: napari.Viewer, panel: Any) -> None:
    panel.desk.close()
    viewer.close()
    wait(0.5)


def _show(panel: Any, section: Any) -> None:
    """Scroll the panel to a section."""
    from qtpy.QtWidgets import QScrollArea

    panel.findChild(QScrollArea).ensureWidgetVisible(section, 0, 0)
    wait(0.3)


def _picture(viewer: napari.Viewer, name: str) -> None:
    """What is on the screen, in 256 colours to stay small."""
    wait(1.0)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3])).quantize(256, dither=Image.Dither.NONE)
    picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
