"""napari-apprentice: a network that proposes masks, learns from corrections and proposes better ones.

>>> import napari_apprentice as na
>>> with na.Session.temporary() as session:
...     session.add_image(na.read_image("cells.tif"))
...     session.choose_model("nuclei-2d")
...     session.segment()
...     session.run_until_idle()
...     session.export_labels("cells_labels.tif")

Importing this package loads neither torch nor Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_apprentice.architecture import FreshSettings, NetSettings, preset
    from napari_apprentice.data.exports import read_provenance, write_labels
    from napari_apprentice.data.files import read_image, read_labels
    from napari_apprentice.data.image.channels import chosen_channels, one_channel
    from napari_apprentice.data.image.volume import Volume
    from napari_apprentice.data.masks import read_masks
    from napari_apprentice.errors import UserError
    from napari_apprentice.session import Session, SessionOptions
    from napari_apprentice.session.evaluation import evaluate
    from napari_apprentice.session.travel import export_model, import_model, import_torch
    from napari_apprentice.settings import (
        ClassName,
        ClusterSettings,
        FilterSettings,
        MaskSettings,
        SegmentSettings,
        TeachClicksSettings,
        TeachSettings,
    )

__version__ = "0.2.0.dev0"
__all__ = [
    "ClassName",
    "ClusterSettings",
    "FilterSettings",
    "FreshSettings",
    "MaskSettings",
    "NetSettings",
    "SegmentSettings",
    "Session",
    "SessionOptions",
    "TeachClicksSettings",
    "TeachSettings",
    "UserError",
    "Volume",
    "chosen_channels",
    "evaluate",
    "export_model",
    "import_model",
    "import_torch",
    "one_channel",
    "preset",
    "read_image",
    "read_labels",
    "read_masks",
    "read_provenance",
    "write_labels",
]

_HOMES = {
    "FreshSettings": "architecture",
    "NetSettings": "architecture",
    "preset": "architecture",
    "chosen_channels": "data.image.channels",
    "one_channel": "data.image.channels",
    "Volume": "data.image.volume",
    "read_image": "data.files",
    "read_labels": "data.files",
    "read_provenance": "data.exports",
    "write_labels": "data.exports",
    "UserError": "errors",
    "Session": "session",
    "SessionOptions": "session",
    "evaluate": "session.evaluation",
    "export_model": "session.travel",
    "import_model": "session.travel",
    "import_torch": "session.travel",
    "ClassName": "settings",
    "ClusterSettings": "settings",
    "FilterSettings": "settings",
    "MaskSettings": "settings",
    "read_masks": "data.masks",
    "SegmentSettings": "settings",
    "TeachClicksSettings": "settings",
    "TeachSettings": "settings",
}


def __getattr__(name: str) -> Any:
    """Public names are found on first use, so that a worker that needs one module loads one module."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, found or not yet found."""
    return sorted([*globals(), *__all__])
