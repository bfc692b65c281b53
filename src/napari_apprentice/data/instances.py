"""Instances as two channels a network can learn: foreground, and log-distance to the own outline in the plane.

The distance is taken slice by slice, so that one corrected slice of a 3D object teaches it fully; sections shrink
towards an object's poles, so stacked objects have a valley between them. The logarithm makes one prominence fit
small and big objects.
"""

from __future__ import annotations

import edt
import numpy as np
from scipy import ndimage

from napari_apprentice.data.basins import basins
from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, UNKNOWN, ranked, rim, whole_sections
from napari_apprentice.settings import DecodeSettings

_SMOOTH = 0.7  # voxels; takes single-voxel peaks away without moving outlines


def encode(labels: np.ndarray, vouched: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (Z, Y, X) and what is vouched for (0 unknown, 1 background, 2 as labelled) to what teaches.

    Returns target and weight, (2, Z, Y, X) float32. A section of an object counts for the distance channel only
    when all its voxels are vouched for; around it the unknown rim of 2 voxels has distance 0.
    """
    target = np.zeros((2, *labels.shape), np.float32)
    weight = np.zeros((2, *labels.shape), np.float32)
    target[0] = (labels > 0) & (vouched == AS_LABELLED)
    weight[0] = vouched != UNKNOWN
    whole = whole_sections(labels, vouched)
    weight[1] = (vouched == BACKGROUND) | whole | rim(labels, vouched)
    _, ids = ranked(labels)
    for z in np.flatnonzero(whole.any(axis=(1, 2))):
        distance = edt.edt(np.ascontiguousarray(ids[z], dtype=np.uint32), black_border=False, parallel=1)
        target[1, z][whole[z]] = np.log1p(_finite(distance))[whole[z]]
    return target, weight


def decode(
    prediction: np.ndarray, settings: DecodeSettings, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """Probability of foreground and log-distance, (2, Z, Y, X), to instances (Z, Y, X) uint32, numbered from 1.

    `spacing` (z, y, x) may be anisotropic: the distance is learned in the plane, so nothing depends on it but how far
    the prediction is smoothed, which is never along z.
    """
    probability = np.asarray(prediction[0], np.float32)
    height = ndimage.gaussian_filter(np.asarray(prediction[1], np.float32), (0.0, _SMOOTH, _SMOOTH), truncate=2.5)
    inside = (probability >= settings.foreground) & ((height >= settings.edge) | (settings.edge == 0))
    return without_weak(basins(height, inside, settings.prominence), probability, settings)


def without_weak(labels: np.ndarray, probability: np.ndarray, settings: DecodeSettings) -> np.ndarray:
    """Drop objects that are too small or too doubtful, and number the others from 1."""
    size = np.bincount(labels.ravel())
    keep = size >= max(1, settings.min_size)
    if settings.confidence > settings.foreground:
        keep &= np.bincount(labels.ravel(), probability.ravel()) >= settings.confidence * size
    keep[0] = False
    table = np.where(keep, np.cumsum(keep), 0).astype(np.uint32)
    return np.asarray(table[labels])


def _finite(distance: np.ndarray) -> np.ndarray:
    """An object that fills the slice has no outline: half the slice stands in for infinity."""
    return np.asarray(np.minimum(distance, max(distance.shape) / 2))


def emphasis(labels: np.ndarray) -> np.ndarray:
    """Factors for the weight, (Z, Y, X) float32: contacts between objects and small objects count more."""
    factor = np.ones(labels.shape, np.float32)
    _, ids = ranked(labels)
    for z, plane in enumerate(ids):
        if not plane.any():
            continue
        area = np.bincount(plane.ravel()).astype(np.float64)
        area[0] = 0
        typical = np.median(area[area > 0])
        table = np.clip(np.sqrt(typical / np.maximum(area, 1)), 0.7, 2.5)
        table[0] = 1.0
        factor[z] = table[plane]
        filled = np.where(plane == 0, np.iinfo(np.int32).max, plane).astype(np.int32)
        highest = ndimage.maximum_filter(plane.astype(np.int32), 5)
        lowest = ndimage.minimum_filter(filled, 5)
        factor[z][(lowest < highest) & (lowest > 0) & (highest > 0)] *= 3.0
    return factor
