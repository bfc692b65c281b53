"""Classical baselines a learned model has to beat: Otsu threshold and distance watershed; a ridge filter for lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import sato, threshold_otsu
from skimage.segmentation import watershed

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import Labels

_SMOOTHING = 1.0  # pixels
_SEED_DISTANCE = 5  # pixels between the centres of two objects
_SMALLEST = 20  # voxels
_LINE_WIDTHS = (1.0, 2.0)  # standard deviations in pixels


def segment(volume: Volume) -> Labels:
    """Objects (T, Z, Y, X) that are brighter than the rest, or darker where the bright part is the larger one.

    The mean of the channels is smoothed (sigma 1 pixel), thresholded (Otsu 1979), and touching objects are cut by a
    watershed from the peaks of the distance to the background (spacing is honoured).
    """
    t, _, z, y, x = volume.pixels.shape
    labels = np.zeros((t, z, y, x), np.uint32)
    for frame in range(t):
        found = _segment(np.asarray(volume.pixels[frame]), volume.spacing)
        labels[frame] = np.where(found > 0, found + int(labels.max()), 0)
    return labels


def dark_lines(volume: Volume) -> Labels:
    """Dark lines such as stained membranes, (T, Z, Y, X) of 0 and 1: ridges (Sato et al. 1998) above Otsu's threshold.

    Section by section, on the mean of the channels; the threshold is that of a whole frame.
    """
    t, _, z, y, x = volume.pixels.shape
    found = np.zeros((t, z, y, x), np.uint32)
    for frame in range(t):
        planes = np.asarray(volume.pixels[frame]).mean(axis=0, dtype=np.float32)
        ridges = np.stack([sato(plane, sigmas=_LINE_WIDTHS, black_ridges=True) for plane in planes])
        found[frame] = ridges > threshold_otsu(ridges) if ridges.min() < ridges.max() else 0
    return found


def _segment(pixels: NDArray[Any], spacing: tuple[float, float, float]) -> NDArray[Any]:
    image = np.nan_to_num(pixels.mean(axis=0, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    smooth = ndimage.gaussian_filter(image, (0, _SMOOTHING, _SMOOTHING) if len(image) == 1 else _SMOOTHING)
    if smooth.min() == smooth.max():
        return np.zeros(image.shape, np.int32)
    foreground = smooth > threshold_otsu(smooth)
    if foreground.mean() > 0.5:
        foreground = ~foreground
    foreground = ndimage.binary_fill_holes(foreground, np.ones((1, 3, 3)) if len(image) == 1 else None)
    return _cut(foreground, spacing)


def _cut(foreground: NDArray[np.bool_], spacing: tuple[float, float, float]) -> NDArray[Any]:
    """Objects of a mask (Z, Y, X), cut where they touch."""
    steps = np.asarray(spacing) / spacing[2]
    distance = ndimage.distance_transform_edt(np.pad(foreground, ((1, 1), (0, 0), (0, 0))), steps)[1:-1]
    if len(foreground) == 1:
        distance = ndimage.distance_transform_edt(foreground[0])[None]
    distance = ndimage.gaussian_filter(distance, _SMOOTHING)
    regions, _ = ndimage.label(foreground)
    peaks = peak_local_max(distance, min_distance=_SEED_DISTANCE, labels=regions, exclude_border=False)
    seeds = np.zeros(foreground.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, seeds, mask=foreground)
    small = np.bincount(labels.ravel()) < _SMALLEST
    small[0] = False
    result: NDArray[Any] = np.where(small[labels], 0, labels)
    return result
