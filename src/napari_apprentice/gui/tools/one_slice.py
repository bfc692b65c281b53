"""The switch of tools that treat an object of a volume as a whole, or what lies in the slice that is shown."""

from __future__ import annotations

from collections.abc import Callable

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Switch


def one_slice(
    label_layers: LabelLayers, about: str, is_on: bool, turn: Callable[[bool], None]
) -> tuple[()] | tuple[Switch]:
    """The check box; none where an image is flat."""
    entry = label_layers.session.current
    if entry is None or not entry.volume.is_3d:
        return ()
    return (Switch("This slice only", about, is_on, turn),)
