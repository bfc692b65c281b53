"""At which resolution a network looks at an image: the one rule, and how to measure what it needs.

Zoom is network pixels per image pixel along y and x. In order:

1. the user gave a typical diameter: the model's object diameter divided by it;
2. image and model both have a physical pixel size: the model's zoom, corrected by the ratio of the pixel sizes;
3. otherwise the model's zoom.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.corrections import Labels, Vouched, ranked, whole_sections
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.units import micrometers
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings

Spacing = tuple[float, float, float]

TARGET_DIAMETER = 24.0  # network pixels; a U-Net of a few levels sees such an object and its neighbours
LARGEST_FRESH_ZOOM = 2.0  # finer than this only blurs, and costs four times as much for each factor of two
_KEEP_WITHIN = (0.5, 2.0)  # a taught model keeps its parent's zoom while objects are about the size it knows
_SENSIBLE = (1 / 32, 32.0)


def zoom_for(header: ModelHeader, volume_spacing: Spacing, unit: str, settings: SegmentSettings | None = None) -> float:
    """Network pixels per image pixel for this model on this image.

    Parameters
    ----------
    header
        The model's.
    volume_spacing, unit
        The image's (z, y, x) spacing.
    settings
        ``diameter`` (image pixels) overrides.

    Raises
    ------
    UserError
        When the model does not know its object diameter but one was given, or the pixel sizes cannot be right.
    """
    zoom, _ = _zoom(header, volume_spacing, unit, settings)
    if not _SENSIBLE[0] <= zoom <= _SENSIBLE[1]:
        raise UserError(
            f"The image would be scaled by {zoom:.3g} for the model {header.name} ({_pixel(volume_spacing, unit)}): "
            "correct the layer's scale and unit, or give the typical diameter."
        )
    return zoom


def why(header: ModelHeader, volume_spacing: Spacing, unit: str, settings: SegmentSettings | None = None) -> str:
    """How the zoom came about, in one sentence."""
    zoom, reason = _zoom(header, volume_spacing, unit, settings)
    return f"scaled by {zoom:.3g}: {reason}"


def zoom_to_teach(diameter: float | None, parent: ModelHeader | None = None, parent_zoom: float = 1.0) -> float:
    """The zoom of a new model version.

    Parameters
    ----------
    diameter
        Median diameter of the corrected objects in image pixels; None when it could not be measured.
    parent
        The model that is taught further; None for a fresh network, which looks at objects at `TARGET_DIAMETER`.
    parent_zoom
        Its zoom on these images (`zoom_for`); kept while objects are within a factor of two of what it knows.
    """
    if diameter is None or diameter <= 0:
        return parent_zoom if parent is not None else 1.0
    if parent is None or parent.object_diameter is None:
        return min(TARGET_DIAMETER / diameter, LARGEST_FRESH_ZOOM) if parent is None else parent_zoom
    wanted = parent.object_diameter / diameter
    return parent_zoom if _KEEP_WITHIN[0] <= wanted / parent_zoom <= _KEEP_WITHIN[1] else wanted


def median_diameter(labels: Labels, vouched: Vouched) -> float | None:
    """Median equivalent diameter of the whole objects, in the plane, in image pixels; None when there is none.

    Arrays are (T, Z, Y, X). Of an object vouched for on several slices the largest section counts: sections
    shrink towards an object's poles.
    """
    largest: list[NDArray[Any]] = []
    for ids, sure in zip(labels, whole_sections(labels, vouched), strict=True):
        areas = _largest_areas(ids, sure)
        largest.append(areas[areas > 0])
    areas = np.concatenate(largest) if largest else np.zeros(0)
    return float(2 * math.sqrt(float(np.median(areas)) / math.pi)) if len(areas) else None


def _largest_areas(labels: Labels, sure: NDArray[np.bool_]) -> NDArray[Any]:
    """For each object of one frame (Z, Y, X), voxels of its largest whole section."""
    names, ranks = ranked(labels)
    areas = np.zeros(len(names), np.int64)
    for plane, whole in zip(ranks, sure, strict=True):
        if whole.any():
            areas = np.maximum(areas, np.bincount(plane[whole], minlength=len(names)))
    return areas


def _zoom(header: ModelHeader, spacing: Spacing, unit: str, settings: SegmentSettings | None) -> tuple[float, str]:
    diameter = settings.diameter if settings is not None else None
    if diameter is not None:
        if header.object_diameter is None:
            raise UserError(f"The model {header.name} has no typical diameter: leave the diameter empty.")
        return header.object_diameter / diameter, f"objects of {diameter:g} pixels look as the model knows them"
    image, known = micrometers(unit), micrometers(header.unit)
    if image is None or known is None or header.spacing is None:
        return header.zoom, "as the model was taught"
    ratio = _edge(spacing) * image / (_edge(header.spacing) * known)
    return (
        header.zoom * ratio,
        f"the image has {_pixel(spacing, unit)}, the model {_pixel(header.spacing, header.unit)}",
    )


def _edge(spacing: Spacing) -> float:
    return math.sqrt(spacing[1] * spacing[2])


def _pixel(spacing: Spacing, unit: str) -> str:
    return f"pixels of {_edge(spacing):.3g} {unit}"
