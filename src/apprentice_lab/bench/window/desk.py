"""An image open in a real window with the panel, worked on by mouse and key events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import napari
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from apprentice_lab.bench.window.canvas import PLAIN, Canvas, Took
from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui.app import open_window
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.session import Session

SIZE = (1300, 860)  # of the window, as in the pictures of the pages


class Desk(Canvas):
    """A window with one image and the panel; places are (y, x) in pixels of the image."""

    def __init__(self, viewer: napari.Viewer, panel: ApprenticePanel) -> None:
        super().__init__(viewer, lambda: self.masks)
        self.panel, self.session = panel, panel.session
        for signal in (self.session.click_proposed, self.session.click_cleared, self.session.message):
            signal.connect(self.answered)
        panel.label_layers.troubled.connect(self.answered)

    @property
    def masks(self) -> ApprenticeLabels:
        """The masks layer."""
        layer = self.panel.label_layers.labels
        if layer is None:
            raise UserError("The window shows no masks: is the image open in the panel?")
        return layer

    @property
    def labels(self) -> NDArray[np.uint32]:
        """The labels (Y, X) so far, in the slice that is shown."""
        entry = self.session.current
        if entry is None:
            raise UserError("The image is not open any more.")
        labels: NDArray[np.uint32] = entry.labels[0, self.slice]
        return labels

    @property
    def slice(self) -> int:
        """The slice that is shown; 0 of a flat image."""
        shown = self.masks.world_to_data(self.viewer.dims.point)
        return round(float(shown[-3])) if self._is_stack else 0

    def go_to(self, z: int) -> None:
        """Show a slice, and wait until it is drawn."""
        if self._is_stack and z != self.slice:
            self.viewer.dims.set_current_step(0, z)
            self.redraw()

    @property
    def _is_stack(self) -> bool:
        return self.session.current is not None and self.session.current.volume.is_3d

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """The mask (Y, X) that waits, in the slice that is shown; nothing in it when none does."""
        mask = np.zeros(self.labels.shape, bool)
        proposal = self.session.verbs.click.proposal
        if proposal is not None and proposal.box[1][0] <= self.slice < proposal.box[1][1]:
            part = tuple(slice(*side) for side in proposal.box[2:])
            mask[part] = proposal.mask[0, self.slice - proposal.box[1][0]]
        return mask

    def ask(self, at: tuple[float, float], modifiers: Qt.KeyboardModifier = PLAIN) -> Took:
        """Click, and wait until the answer is shown."""
        self.point_at(at)
        return self.timed(lambda: self.hand.click(self.place(at), modifiers), waits=True)

    def take(self, tool: str, key: Qt.Key) -> float:
        """Take a tool by its key."""
        took = self.key(key)
        if self.panel.tools.current != tool:
            raise UserError(f"The key does not take the tool {tool}: reset napari's shortcuts.")
        return took


@contextmanager
def opened(volume: Volume, session: Session, model: str | None = None) -> Iterator[Desk]:
    """A window with an image and the panel, the engine ready; closed in the end."""
    viewer, panel = open_window(volume, session)
    try:
        viewer.window.resize(*SIZE)
        wait(1.0)
        if session.current is None:
            panel.image.open(panel.images.layers[0])
        if model is not None:
            session.choose_model(model)
        viewer.reset_view()
        wait_until(lambda: session.compute.devices() is not None)
        wait(0.5)
        yield Desk(viewer, panel)
    finally:
        panel.runtime.close()
        viewer.close()
        wait(0.2)
