"""A network that was made elsewhere: nothing is known of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_apprentice.architecture.layers import Stage
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings


@dataclass(frozen=True)
class Elsewhere:
    """No parts, and how far it is said to see."""

    receptive_radius: Triple
    stages: tuple[Stage, ...] = ()
    lost_margin: Triple = (0, 0, 0)

    @classmethod
    def of(cls, net: NetSettings) -> Elsewhere:
        """As its settings tell."""
        z, y, x = net.reach
        return cls((z, y, x))
