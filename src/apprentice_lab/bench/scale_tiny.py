"""A tiny network for slides too large for a real one: it tells bright from dark at a quarter of the resolution."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.settings import ClassName, NormalizeSettings

NAME = "tiny-classes"
_SEED = 0


def tiny(path: Path) -> Path:
    """Write the network, untrained: what it costs does not depend on what it learned."""
    from apprentice_lab.training.untrained import write_untrained  # here: it loads torch

    inputs = NormalizeSettings().inputs_per_channel
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=inputs, out_channels=2, norm="none")
    classes = (ClassName(value=1, name="bright"),)
    header = ModelHeader(id=NAME, name=NAME, kind="classes", net=net, classes=classes, zoom=0.25)
    write_untrained(path, header, _SEED)
    return path
