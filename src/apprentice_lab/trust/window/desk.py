"""The window in which steps are done: viewer, panel, and what the steps remember of each other."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.layers import Image, Layer
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QEventLoop, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QFileDialog, QPushButton

from apprentice_lab.trust.window.hand import Hand
from napari_apprentice.events import Event, Failed
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.session import ProjectImage, Session

_SIZE = (1200, 760)
_LOOKS = 0.8  # of the gestures begin with a look at the masks,
_PX = 400  # which are so large then
_SHAPES = {
    "cells": (96, 120),
    "large cells": (256, 256),
    "frames": (3, 64, 64),
    "volume": (8, 64, 80),
    "pair": (2, 64, 96),
}
KINDS = tuple(_SHAPES)


class Wrong(Exception):
    """Something is not as it must be."""


class Desk:
    """A viewer with the panel beside it; ``panel`` is None while it is closed.

    Parameters
    ----------
    folder
        Where files are written that are opened or exported.
    has_panel
        Whether the panel is opened; else there is napari alone, to see what it does by itself.
    """

    def __init__(self, folder: Path, *, has_panel: bool = True) -> None:
        self.folder = folder
        self.has_panel = has_panel
        self.viewer = napari.Viewer(title="Apprentice")
        self.viewer.window.resize(*_SIZE)
        self.hand = Hand(self.viewer)
        self.panel: ApprenticePanel | None = None
        self.masks_deleted = False  # by the user, and not shown again
        self.bugs: list[str] = []  # of jobs
        self.did: Counter[str] = Counter()  # edits, and jobs by how they ended
        self.asked = ""  # what the next dialog for a file answers
        self.states: dict[tuple[str, str, tuple[int, ...]], tuple[int, int]] = {}  # by project, image and steps done
        self._answer_dialogs()
        self.open_panel()

    @property
    def session(self) -> Session | None:
        """That of the panel, while there is one."""
        return None if self.panel is None else self.panel.session

    def open_panel(self) -> None:
        """As from the menu; what comes of it comes with the event loop."""
        if self.panel is None and self.has_panel:
            self.panel = ApprenticePanel(self.viewer)
            self.panel.session.job_ended.connect(self._on_ended)
            self.panel.session.confirmed_changed.connect(self._on_confirmed_changed)
            self.viewer.window.add_dock_widget(self.panel, name="Apprentice", area="right")

    def close_panel(self) -> None:
        """Press the cross of its dock."""
        panel, self.panel = self.panel, None
        frame = None if panel is None else panel.parent()
        if isinstance(frame, QDockWidget):
            cross = frame.findChild(QPushButton, "QTitleBarCloseButton")
            if cross is None:
                raise Wrong("the dock of the panel has no cross")
            cross.click()

    def close(self) -> None:
        """Close the window."""
        self.panel = None
        self.viewer.close()
        wait(0.2)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def pixels(self, kind: str, draw: random.Random) -> NDArray[np.uint16]:
        """One of three images of a kind: bright squares on dark ground."""
        noise = np.random.default_rng(draw.randrange(3))
        made = noise.integers(0, 200, _SHAPES[kind]).astype(np.uint16)
        height, width = made.shape[-2:]
        for y in range(6, height - 12, 24):
            for x in range(6, width - 12, 24):
                made[..., y : y + 12, x : x + 12] += np.uint16(noise.integers(500, 900))
        return made

    def a_layer(self, draw: random.Random, kind: type[Layer] = Layer) -> Any:
        """One of the layers; None where there is none."""
        found = [layer for layer in self.viewer.layers if isinstance(layer, kind)]
        return draw.choice(found) if found else None

    def look_at_masks(self, draw: random.Random) -> bool:
        """Mostly bring the masks into the middle of the view, in 2D; whether there are any, which are active then."""
        masks = None if self.panel is None else self.panel.label_layers.activate()
        if masks is None:
            return False
        if draw.random() < _LOOKS:
            dims, camera = self.viewer.dims, self.viewer.scene.camera
            dims.ndisplay = 2
            dims.order = tuple(range(dims.ndim))
            low, high = masks.extent.world
            offset = dims.ndim - masks.ndim
            for axis in range(masks.ndim - 2):
                if not low[axis] <= dims.point[offset + axis] <= high[axis]:
                    dims.set_point(offset + axis, low[axis])
            camera.center = (0.0, *((low + high) / 2)[-2:])
            camera.zoom = _PX / max(high[-2:] - low[-2:])
            wait(0.0)
        return True

    def masks_lie_above(self, layer: Image) -> None:
        """What was opened must not cover its masks."""
        masks = None if self.panel is None else self.panel.label_layers.labels
        layers = self.viewer.layers
        if masks is None or masks not in layers or layer not in layers:
            return
        if layers.index(masks) < layers.index(layer):
            raise Wrong(f"the image {layer.name} covers its masks: {[one.name for one in layers]}")

    def _on_ended(self, verb: str, event: Event) -> None:
        self.did[f"{verb} {type(event).__name__}"] += 1
        if isinstance(event, Failed) and not event.user_error:
            self.bugs.append(f"{verb} failed: {event.message}\n{event.details}")

    def _on_confirmed_changed(self, entry: ProjectImage) -> None:
        self.did["edits"] += 1

    def _answer_dialogs(self) -> None:
        answers = {
            "getSaveFileName": lambda *_, **__: (self.asked, ""),
            "getOpenFileName": lambda *_, **__: (self.asked, ""),
            "getOpenFileNames": lambda *_, **__: ([self.asked] if self.asked else [], ""),
            "getExistingDirectory": lambda *_, **__: self.asked,
        }
        for name, answer in answers.items():
            setattr(QFileDialog, name, staticmethod(answer))


def wait(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()
