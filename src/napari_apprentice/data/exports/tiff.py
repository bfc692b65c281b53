"""OME-TIFF of uint32 with the pixel size, and where it comes from as an annotation."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.files import tiff_writing


def write(path: Path, export: ExportRequest) -> None:
    """Write compressed OME-TIFF."""
    tiff_writing.write_labels(path, export.labels, export.image.spacing, export.image.unit, export.provenance.text())
