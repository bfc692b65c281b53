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
from napari_apprentice.settings import DecodeSettings

_SMOOTH = 0.7  # voxels; takes single-voxel peaks away without moving outlines
RIM = 2  # voxels around a whole section that are known not to be deep inside another object
_DISK = np.hypot(*np.mgrid[-RIM : RIM + 1, -RIM : RIM + 1]) <= RIM + 0.5


def encode(labels: np.ndarray, vouched: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (Z, Y, X) and what is vouched for (0 unknown, 1 background, 2 as labelled) to what teaches.

    Returns target and weight, (2, Z, Y, X) float32. A section of an object counts for the distance channel only
    when all its voxels are vouched for; around it the unknown rim of 2 voxels has distance 0.
    """
    target = np.zeros((2, *labels.shape), np.float32)
    weight = np.zeros((2, *labels.shape), np.float32)
    target[0] = (labels > 0) & (vouched == 2)
    weight[0] = vouched > 0
    weight[1] = vouched == 1
    for z in range(labels.shape[0]):
        if not labels[z].any():
            continue
        whole = whole_sections(labels[z], vouched[z])
        inside = whole[labels[z]]
        distance = edt.edt(np.ascontiguousarray(labels[z], dtype=np.uint32), black_border=False, parallel=1)
        target[1, z][inside] = np.log1p(_finite(distance))[inside]
        weight[1, z][inside] = 1.0
        if (vouched[z] == 0).any():
            rim = ndimage.binary_dilation(inside, _DISK) & (vouched[z] == 0) & ~inside
            weight[1, z][rim] = 1.0
    return target, weight


def decode(
    prediction: np.ndarray, settings: DecodeSettings, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """Probability of foreground and log-distance, (2, Z, Y, X), to instances (Z, Y, X) uint32, numbered from 1.

    `spacing` (z, y, x) may be anisotropic: the distance is learned in the plane, so nothing depends on it but how far
    the prediction is smoothed, which is never along z.
    """
    probability = np.asarray(prediction[0], np.float32)
    inside = probability >= settings.foreground
    height = ndimage.gaussian_filter(np.asarray(prediction[1], np.float32), (0.0, _SMOOTH, _SMOOTH), truncate=2.5)
    labels = basins(height, inside, settings.prominence)
    return _drop_small(labels, settings.min_size)


def _drop_small(labels: np.ndarray, smallest: int) -> np.ndarray:
    size = np.bincount(labels.ravel())
    keep = size >= max(1, smallest)
    keep[0] = False
    table = np.where(keep, np.cumsum(keep), 0).astype(np.uint32)
    return np.asarray(table[labels])


def whole_sections(labels: np.ndarray, vouched: np.ndarray) -> np.ndarray:
    """For one slice (Y, X), a table (largest id + 1,) bool: ids all of whose voxels here are vouched for."""
    count = int(labels.max()) + 1
    seen = np.bincount(labels.ravel(), minlength=count)
    known = np.bincount(labels[vouched == 2].ravel(), minlength=count)
    whole = (seen > 0) & (seen == known)
    whole[0] = False
    return np.asarray(whole)


def _finite(distance: np.ndarray) -> np.ndarray:
    """An object that fills the slice has no outline: half the slice stands in for infinity."""
    return np.asarray(np.minimum(distance, max(distance.shape) / 2))


def emphasis(labels: np.ndarray) -> np.ndarray:
    """Factors for the weight, (Z, Y, X) float32: contacts between objects and small objects count more."""
    factor = np.ones(labels.shape, np.float32)
    for z, plane in enumerate(labels):
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
