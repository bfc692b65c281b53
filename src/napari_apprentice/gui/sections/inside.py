"""*Look inside*: choose a level of the network and see what it makes of the view."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.layers import Stage
from napari_apprentice.gui.widgets.buttons import button, link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.jobs import OUTPUT
from napari_apprentice.session import Session

_OPEN = "Feature maps: what the network makes of the image on its way to the masks"
_HELP = "Show what this level of the network makes of what you see now, as a layer with its channels on a slider"
_LEVELS = (
    "The output is what the model says before masks are made of it; what it is under the cursor is said below. "
    "The image goes down from fine to coarse features and up again to masks; gates say where the way up looks"
)
_FIRST = OUTPUT
_WORDS = {"encoder": "Down", "bottleneck": "Coarsest", "codes": "Coarsest", "decoder": "Up", "node": "Between"}


class InsideControls(QWidget):
    """The levels of the network in use and the button, once the line ``open`` was clicked, which lies elsewhere.

    ``look`` is called with the chosen level.
    """

    def __init__(self, session: Session, look: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self.level = QComboBox()
        self.level.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.level.setToolTip(_LEVELS)
        self.button = button("Look inside", lambda: look(self.chosen))
        self.part = QWidget()
        inner = row(self.level, self.button)
        inner.setStretch(0, 1)
        self.part.setLayout(inner)
        self.part.hide()
        self.read = muted("")
        self.read.hide()
        self.open = link("What does the network see?", self._on_open, _OPEN)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.part)
        layout.addWidget(self.read)

    def show_read(self, words: str) -> None:
        """What the output is under the cursor; "" when no output is shown."""
        self.read.setText(words)
        self.read.setVisible(bool(words))

    def _on_open(self) -> None:
        self.part.setVisible(self.part.isHidden())

    @property
    def chosen(self) -> str:
        """The name of the chosen level."""
        return str(self.level.currentData() or "")

    def refresh(self) -> None:
        """Offer the levels of the network in use; the one chosen stays where there is one of its name."""
        header, chosen = self._session.model.header, self.chosen or _FIRST
        self.level.clear()
        if header is not None:
            self.level.addItem("Output: probabilities", OUTPUT)
            for stage in header.net.maps:
                self.level.addItem(words(stage, header.net), stage.name)
        self.level.setCurrentIndex(max(0, self.level.findData(chosen)))
        # A fresh network has nothing to see; that there is no image, or that the model does not fit it, is said nearby.
        for widget in (self, self.open):
            widget.setVisible(header is not None)
        why_not = self._session.verbs.look_inside.why_not()
        self.button.setEnabled(not why_not)
        self.button.setToolTip(why_not or _HELP)


def words(stage: Stage, net: NetSettings) -> str:
    """A level with how fine it is, its name and how many maps it has: "Down, 1/4 size (encoder 2, 64 maps)"."""
    maps = "1 map" if stage.channels == 1 else f"{stage.channels} maps"
    part = stage.name.split()[0]
    stride = net.strides[stage.level][2]
    size = "full size" if stride == 1 else f"1/{stride} size"
    return f"{_WORDS.get(part, part.capitalize())}, {size} ({stage.name}, {maps})"
