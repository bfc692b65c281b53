"""A real window of a size, and what is on its screen, for the pictures of the documentation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from qtpy.QtWidgets import QScrollArea

from apprentice_lab.bench.window.waiting import wait
from napari_apprentice import Session
from napari_apprentice.data.storage import put_away
from napari_apprentice.gui.app import open_window
from napari_apprentice.session.next_step import NAMES

IMAGES = Path(__file__).parent / "images"
_COLOURS = 256


@contextmanager
def new_home() -> Iterator[None]:
    """No project of the user is seen or changed, and hints, which would lie on the pictures, are put away."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as home:
        os.environ["APPRENTICE_HOME"] = home
        put_away.write(NAMES)
        yield


def window(session: Session, volume: Any, size: tuple[int, int]) -> tuple[napari.Viewer, Any]:
    """A viewer of a size with an image in it, and the panel."""
    viewer, panel = open_window(volume, session)
    viewer.window.resize(*size)
    wait(1.0)
    if session.current is None:
        panel.image.open(panel.images.layers[0])
    wait(1.0)
    viewer.reset_view()
    return viewer, panel


def close(viewer: napari.Viewer, panel: Any) -> None:
    """End the panel and the window."""
    panel.runtime.close()
    viewer.close()
    wait(0.5)


def scroll_to(panel: Any, section: Any) -> None:
    """Scroll the panel to a section."""
    panel.findChild(QScrollArea).ensureWidgetVisible(section, 0, 0)
    wait(0.3)


def picture(viewer: napari.Viewer, name: str) -> None:
    """What is on the screen, in few colours to stay small."""
    wait(1.0)
    save(viewer.screenshot(canvas_only=False, flash=False), name)


def save(pixels: NDArray[Any], name: str) -> None:
    """Write a picture (Y, X, RGB or RGBA) in few colours."""
    shown = Image.fromarray(np.ascontiguousarray(pixels[..., :3])).quantize(
        _COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    path = IMAGES / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    shown.save(path, optimize=True)
