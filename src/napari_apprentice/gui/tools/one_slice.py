"""The switch of tools that treat an object of a volume as a whole, or what lies in the slice that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Switch


class OneSlice:
    """Off until it is switched on; nothing to switch where an image is flat."""

    def __init__(self, label_layers: LabelLayers, about: str) -> None:
        self._label_layers = label_layers
        self._about = about
        self._chosen = False

    @property
    def switches(self) -> Sequence[Switch]:
        """The check box, if there is a choice."""
        entry = self._label_layers.session.current
        if entry is None or not entry.volume.is_3d:
            return ()
        return (Switch("This slice only", self._about, self._chosen, self._choose),)

    @property
    def is_on(self) -> bool:
        """Whether only the slice is meant."""
        return self._chosen and bool(self.switches)

    def _choose(self, on: bool) -> None:
        self._chosen = on
