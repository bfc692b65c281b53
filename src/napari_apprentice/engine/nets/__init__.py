"""Networks, built from their settings; which convolutions they have is said in `architecture`, how data flows here."""

from __future__ import annotations

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.nets.coarse import CoarseNet
from napari_apprentice.engine.nets.nested import NestedNet
from napari_apprentice.engine.nets.net import Net
from napari_apprentice.engine.nets.ushape import UNet

__all__ = ["CoarseNet", "NestedNet", "Net", "UNet", "build"]


def build(settings: NetSettings) -> Net:
    """Build the network that `settings` describe, with fresh weights."""
    if settings.decoder != "levels":
        return CoarseNet(settings)
    return NestedNet(settings) if settings.skip == "nested" else UNet(settings)
