"""How the parts of a network are put together, one module for each kind of decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_apprentice.architecture.designs.coarse import Coarse
from napari_apprentice.architecture.designs.design import Design
from napari_apprentice.architecture.designs.elsewhere import Elsewhere
from napari_apprentice.architecture.designs.nested import Nested
from napari_apprentice.architecture.designs.ushape import UShape

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings

__all__ = ["Coarse", "Design", "Elsewhere", "Nested", "UShape", "design"]


def design(net: NetSettings) -> Design:
    """Every convolution of a net, and where it stands."""
    if net.decoder == "elsewhere":
        return Elsewhere.of(net)
    if net.decoder != "levels":
        return Coarse.of(net)
    return Nested.of(net) if net.skip == "nested" else UShape.of(net)
