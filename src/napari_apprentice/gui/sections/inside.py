"""*Look inside*: choose a level of the network and see what it makes of the view."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QWidget

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.layers import Stage
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.session import Session

_HELP = "Show what this level of the network makes of what you see now, as a layer with its channels on a slider"
_LEVELS = "Encoders go from fine to coarse, decoders back; gates weigh what an encoder hands over"
_FIRST = "encoder 0"


class InsideControls(QWidget):
    """The levels of the network in use, and the button; ``look`` is called with the chosen one."""

    def __init__(self, session: Session, look: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self.level = QComboBox()
        self.level.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.level.setToolTip(_LEVELS)
        self.button = button("Look inside", lambda: look(self.chosen))
        layout = row(self.level, self.button)
        layout.setStretch(0, 1)
        self.setLayout(layout)

    @property
    def chosen(self) -> str:
        """The name of the chosen level."""
        return str(self.level.currentData() or "")

    def refresh(self) -> None:
        """Offer the levels of the network in use; the one chosen stays where there is one of its name."""
        header, chosen = self._session.model.header, self.chosen or _FIRST
        self.level.clear()
        if header is not None:
            for label_layers in header.net.maps:
                self.level.addItem(words(label_layers, header.net), label_layers.name)
        self.level.setCurrentIndex(max(0, self.level.findData(chosen)))
        # A fresh network has nothing to see; that there is no image, or that the model does not fit it, is said nearby.
        self.setVisible(header is not None)
        why_not = self._session.verbs.look_inside.why_not()
        self.button.setEnabled(not why_not)
        self.button.setToolTip(why_not or _HELP)


def words(label_layers: Stage, net: NetSettings) -> str:
    """A level with how many maps it has and how fine they are: "Encoder 2: 64 maps, 1/4"."""
    maps = "1 map" if label_layers.channels == 1 else f"{label_layers.channels} maps"
    stride = net.strides[label_layers.level][2]
    return f"{label_layers.name.capitalize()}: {maps}, {'full size' if stride == 1 else f'1/{stride}'}"
