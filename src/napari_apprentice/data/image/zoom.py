"""At which resolution a network looks at an image: the one rule, and how to measure what it needs.

Zoom is network pixels per image pixel along y and x. In order:

1. the user gave a typical diameter: the model's object diameter divided by it;
2. the model measures (`engine.diameter`): its object diameter divided by what was measured;
3. image and model both have a physical pixel size: the model's zoom, corrected by the ratio of the pixel sizes;
4. otherwise the model's zoom.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.units import micrometers
from napari_apprentice.data.labels.corrections import Confirmed, Labels, rank_ids, whole_sections
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings

Spacing = tuple[float, float, float]

TARGET_DIAMETER = 24.0  # network pixels; a U-Net of a few levels sees such an object and its neighbours
LARGEST_FRESH_ZOOM = 2.0  # finer than this only blurs, and costs four times as much for each factor of two
_MEASURED = (0.4, 2.5)  # coarser, neighbours melt together
_AS_IT_IS = 1.15  # a zoom this near to 1 is not worth resampling for
_KEEP_WITHIN = (0.5, 2.0)  # a taught model keeps its parent's zoom while objects are about the size it knows
_SENSIBLE = (1 / 32, 32.0)


def zoom_for(
    header: ModelHeader,
    volume_spacing: Spacing,
    unit: str,
    settings: SegmentSettings | None = None,
    measured: float | None = None,
) -> float:
    """Network pixels per image pixel for this model on this image.

    Parameters
    ----------
    header
        The model's.
    volume_spacing, unit
        The image's (z, y, x) spacing.
    settings
        ``diameter`` (image pixels) overrides.
    measured
        Diameter of the image's objects in image pixels, for a model that ``measures``.

    Raises
    ------
    UserError
        When the model does not know its object diameter but one was given, or the pixel sizes cannot be right.
    """
    zoom, _ = _zoom(header, volume_spacing, unit, settings, measured)
    if not _SENSIBLE[0] <= zoom <= _SENSIBLE[1]:
        raise UserError(
            f"The image would be scaled by {zoom:.3g} for the model {header.name} ({_pixel(volume_spacing, unit)}): "
            "correct the layer's scale and unit, or give the typical diameter."
        )
    return zoom if header.live is None else min(1.0, zoom)  # what Live learned is never looked at finer than it is


def why(
    header: ModelHeader,
    volume_spacing: Spacing,
    unit: str,
    settings: SegmentSettings | None = None,
    measured: float | None = None,
) -> str:
    """How the zoom came about, in one sentence."""
    zoom, reason = _zoom(header, volume_spacing, unit, settings, measured)
    return f"scaled by {zoom:.3g}: {reason}"


def zoom_to_see(diameter: float, known: float) -> float:
    """The zoom at which objects of a diameter in image pixels have about the diameter `known` in network pixels."""
    zoom = min(max(known / diameter, _MEASURED[0]), _MEASURED[1])
    return 1.0 if 1 / _AS_IT_IS < zoom < _AS_IT_IS else zoom


def zoom_to_teach(diameter: float | None, parent: ModelHeader | None = None, parent_zoom: float = 1.0) -> float:
    """The zoom of a new model version.

    Parameters
    ----------
    diameter
        Of typical objects in image pixels; None when it is not known.
    parent
        The model that is taught further; None for a fresh network, which looks at objects at `TARGET_DIAMETER`.
    parent_zoom
        Its zoom on these images (`zoom_for`); kept while objects are within a factor of two of what it knows.
    """
    if diameter is None or diameter <= 0:
        return parent_zoom if parent is not None else 1.0
    if parent is None or parent.object_diameter is None:
        return min(TARGET_DIAMETER / diameter, LARGEST_FRESH_ZOOM) if parent is None else parent_zoom
    if parent.measures:
        return zoom_to_see(diameter, parent.object_diameter)
    wanted = parent.object_diameter / diameter
    return parent_zoom if _KEEP_WITHIN[0] <= wanted / parent_zoom <= _KEEP_WITHIN[1] else wanted


def median_diameter(labels: Labels, confirmed: Confirmed) -> float | None:
    """Median equivalent diameter of the whole objects, in the plane, in image pixels; None when there is none.

    Arrays are (T, Z, Y, X). Of an object confirmed on several slices the largest section counts: sections
    shrink towards an object's poles.
    """
    largest: list[NDArray[Any]] = []
    for ids, sure in zip(labels, whole_sections(labels, confirmed), strict=True):
        areas = _largest_areas(ids, sure)
        largest.append(areas[areas > 0])
    areas = np.concatenate(largest) if largest else np.zeros(0)
    return float(circle_diameter(np.median(areas))) if len(areas) else None


def typical_diameter(labels: NDArray[Any]) -> float | None:
    """Median diameter in pixels of circles of the objects' areas; None without objects.

    Labels (Y, X) or (Z, Y, X) are numbered without large gaps; of an object in 3D the largest section counts.
    """
    count = int(labels.max(initial=0)) + 1
    areas = np.zeros(count, np.int64)
    for plane in labels.reshape(-1, *labels.shape[-2:]):
        areas = np.maximum(areas, np.bincount(plane.ravel(), minlength=count))
    areas = areas[1:][areas[1:] > 0]
    return float(circle_diameter(np.median(areas))) if len(areas) else None


def circle_diameter(area: Any) -> NDArray[Any]:
    """Of circles with these areas."""
    return np.asarray(2 * np.sqrt(np.asarray(area) / math.pi))


def _largest_areas(labels: Labels, sure: NDArray[np.bool_]) -> NDArray[Any]:
    """For each object of one frame (Z, Y, X), voxels of its largest whole section."""
    names, ranks = rank_ids(labels)
    areas = np.zeros(len(names), np.int64)
    for plane, whole in zip(ranks, sure, strict=True):
        if whole.any():
            areas = np.maximum(areas, np.bincount(plane[whole], minlength=len(names)))
    return areas


def _zoom(
    header: ModelHeader, spacing: Spacing, unit: str, settings: SegmentSettings | None, measured: float | None
) -> tuple[float, str]:
    diameter = None if settings is None else _given(settings, spacing, unit)
    if diameter is not None:
        if header.object_diameter is None:
            raise UserError(f"The model {header.name} has no typical diameter: leave the diameter empty.")
        return header.object_diameter / diameter, f"objects of {diameter:g} pixels look as the model knows them"
    if measured is not None and header.object_diameter is not None:
        return zoom_to_see(measured, header.object_diameter), f"objects seem to be {measured:.0f} pixels wide"
    image = pixel_micrometers(spacing, unit)
    learned = None if header.spacing is None else pixel_micrometers(header.spacing, header.unit)
    if image is None or learned is None or header.spacing is None:
        return header.zoom, "as the model was taught"
    ratio = image / learned
    return (
        header.zoom * ratio,
        f"the image has {_pixel(spacing, unit)}, the model {_pixel(header.spacing, header.unit)}",
    )


def _given(settings: SegmentSettings, spacing: Spacing, unit: str) -> float | None:
    """The diameter that was given, in image pixels."""
    if settings.diameter is None or settings.diameter_unit == "px":
        return settings.diameter
    size = pixel_micrometers(spacing, unit)
    if size is None:
        raise UserError(
            "A diameter in um needs an image with a pixel size: give it in px, or set the layer's scale and unit."
        )
    return settings.diameter / size


def pixel_micrometers(spacing: Spacing, unit: str) -> float | None:
    """Edge of a pixel of the plane in micrometers; None for an image without a physical pixel size."""
    known = micrometers(unit)
    return None if known is None else _edge(spacing) * known


def _edge(spacing: Spacing) -> float:
    return math.sqrt(spacing[1] * spacing[2])


def _pixel(spacing: Spacing, unit: str) -> str:
    return f"pixels of {_edge(spacing):.3g} {unit}"
