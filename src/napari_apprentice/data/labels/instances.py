"""Instances as two channels a network can learn: foreground, and log-distance to the own outline in the plane.

The distance is taken slice by slice, so that one corrected slice of a 3D object teaches it fully; sections shrink
towards an object's poles, so stacked objects have a valley between them. The logarithm makes one prominence fit
small and big objects.
"""

from __future__ import annotations

import edt
import numpy as np
from scipy import ndimage

from napari_apprentice.data.geometry.basins import basins, divide
from napari_apprentice.data.geometry.blocks import Block, blocks, each, position_within, widen
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN, rank_ids, rim, whole_sections
from napari_apprentice.settings import DecodeSettings

_SMOOTH = (0.0, 0.7, 0.7)  # voxels; takes single-voxel peaks away without moving outlines
_REACH = (0, 2, 2)  # voxels by which that looks around
_RIM_DISTANCE = 2.0  # what distance 0 in a voxel of the rim counts


def encode(labels: np.ndarray, confirmed: np.ndarray, whole: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Labels (Z, Y, X) and what is confirmed (0 unknown, 1 background, 2 as labelled) to what teaches.

    Returns target and weight, (2, Z, Y, X) float32. A section of an object counts for the distance channel only
    when all its voxels are confirmed, also in `whole` (Z, Y, X), if that is known better from where the labels come.
    The unknown rim of 2 voxels around it has distance 0, which counts twice: of few corrections it is most of what says
    where objects end.
    """
    target = np.zeros((2, *labels.shape), np.float32)
    weight = np.zeros((2, *labels.shape), np.float32)
    target[0] = (labels > 0) & (confirmed == AS_LABELLED)
    weight[0] = confirmed != UNKNOWN
    here = whole_sections(labels, confirmed)
    weight[1] = (confirmed == BACKGROUND) | (here if whole is None else here & whole)
    weight[1][rim(labels, confirmed, whole=here)] = _RIM_DISTANCE
    _, ids = rank_ids(labels)
    for z in np.flatnonzero(here.any(axis=(1, 2))):
        distance = edt.edt(np.ascontiguousarray(ids[z], dtype=np.uint32), black_border=False, parallel=1)
        target[1, z][here[z]] = np.log1p(finite(distance))[here[z]]
    return target, weight


def decode(
    prediction: np.ndarray, settings: DecodeSettings, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """Probability of foreground and log-distance, (2, Z, Y, X), to instances (Z, Y, X) uint32, numbered from 1.

    `spacing` (z, y, x) may be anisotropic: the distance is learned in the plane, so nothing depends on it but how far
    the prediction is smoothed, which is never along z.
    """
    height, inside = _height_inside(np.asarray(prediction), settings)
    found = divide(height, inside, settings.prominence)
    if settings.confidence > settings.foreground:
        labels = found.paint(np.arange(len(found.size), dtype=np.int32))
        return without_weak(labels, np.asarray(prediction[0], np.float32), settings)
    return found.paint(_numbered(found.size >= max(1, settings.min_size)))


def separate(prediction: np.ndarray, inside: np.ndarray, settings: DecodeSettings) -> np.ndarray:
    """The basin of log-distance, from 1, of each voxel `inside` (Z, Y, X); 0 outside. For small parts of an image."""
    return basins(smooth_distance(prediction[1]), inside, settings.prominence)


def smooth_distance(distance: np.ndarray) -> np.ndarray:
    """Log-distance (Z, Y, X) as float32, without peaks of a single voxel."""
    return np.asarray(ndimage.gaussian_filter(np.asarray(distance, np.float32), _SMOOTH, radius=_REACH))


def without_weak(labels: np.ndarray, probability: np.ndarray, settings: DecodeSettings) -> np.ndarray:
    """Drop objects that are too small or too doubtful, and number the others from 1."""
    size = np.bincount(labels.ravel())
    keep = size >= max(1, settings.min_size)
    if settings.confidence > settings.foreground:
        keep &= np.bincount(labels.ravel(), probability.ravel()) >= settings.confidence * size
    return np.asarray(_numbered(keep)[labels])


def _height_inside(prediction: np.ndarray, settings: DecodeSettings) -> tuple[np.ndarray, np.ndarray]:
    """The distance, smoothed, and which voxels belong to objects; the distance stays 0 in blocks without any."""
    shape = prediction.shape[1:]
    height, inside = np.zeros(shape, np.float32), np.zeros(shape, bool)

    def fill(box: Block) -> None:
        np.greater_equal(prediction[0][box], np.float32(settings.foreground), out=inside[box])
        if not inside[box].any():
            return
        wide = widen(box, _REACH, _REACH, shape)
        height[box] = smooth_distance(prediction[1][wide])[position_within(wide, box)]
        if settings.edge != 0:
            inside[box] &= height[box] >= settings.edge

    each(fill, blocks(shape))
    return height, inside


def _numbered(keep: np.ndarray) -> np.ndarray:
    """New numbers of those kept, from 1, the others 0; outside, the first, is never kept."""
    keep[0] = False
    return np.where(keep, np.cumsum(keep), 0).astype(np.uint32)


def finite(distance: np.ndarray) -> np.ndarray:
    """An object that fills the slice has no outline: half the slice stands in for infinity."""
    return np.asarray(np.minimum(distance, max(distance.shape) / 2))


def emphasis(labels: np.ndarray) -> np.ndarray:
    """Factors for the weight, (Z, Y, X) float32: contacts between objects and small objects count more."""
    factor = np.ones(labels.shape, np.float32)
    _, ids = rank_ids(labels)
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
