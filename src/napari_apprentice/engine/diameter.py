"""How large the objects of an image are, from a first look at a few places.

A model that learned objects at one size (`ModelHeader.measures`) needs to know it before it can begin. The first look
is at the image's own resolution; the next ones at the resolution that the last one asks for, until both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.data.image.zoom import circle_diameter, zoom_to_see
from napari_apprentice.data.models import representation_of
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling, fit
from napari_apprentice.engine.predict import predict_steps, wait_for
from napari_apprentice.settings import SegmentSettings

_WINDOW = {2: 320, 3: 128}  # network pixels along y and x, by the network's dims: a deep window costs more
_DEPTH = {2: 1, 3: 16}  # slices
_WINDOWS = 3  # at most, for each look
_ENOUGH = 12  # objects
_FEWEST = 3
_LOOKS = 3
_AGREE = 1.25  # factor between two looks
_FIRST = (1.0, 0.5, 2.0)  # where nothing is seen, nearer and farther


@dataclass(frozen=True)
class Look:
    """Something to look at: a frame (C, Z, Y, X), the network that looks, and how it is asked to."""

    network: Network
    pixels: np.ndarray
    scaling: Scaling
    settings: SegmentSettings
    background: BackgroundThreads
    cancelled: Callable[[], bool] = lambda: False


def measure(look: Look) -> float | None:
    """Median diameter in image pixels, in the plane; None where too few objects are seen to tell."""
    known = look.network.header.object_diameter
    if known is None:
        return None
    best: float | None = None
    for first in _FIRST:
        zoom = first
        for _ in range(_LOOKS):
            found = _seen(look, zoom)
            if len(found) < _FEWEST:
                break
            best = float(np.median(found))
            wanted = zoom_to_see(best, known)
            if 1 / _AGREE <= wanted / zoom <= _AGREE:
                return best
            zoom = wanted
        if best is not None:
            return best
    return None


def measured_in(network: Network, pixels: np.ndarray) -> float | None:
    """`measure` for one frame (C, Z, Y, X), waited for."""
    return measure(Look(network, pixels, fit(pixels, network.header.normalize), SegmentSettings(), BackgroundThreads()))


def _seen(look: Look, zoom: float) -> np.ndarray:
    """Diameters in image pixels of the objects in some windows."""
    found = np.zeros(0)
    for box in windows(look, zoom):
        found = np.concatenate([found, _diameters(look, box, zoom)])
        if len(found) >= _ENOUGH:
            break
    return found


def _diameters(look: Look, box: Slices, zoom: float) -> np.ndarray:
    """Of the objects in a window that its edge does not cut, if there are any."""
    pixels = np.asarray(look.pixels[(slice(None), *box)])
    steps = predict_steps(look.network, pixels, zoom, look.settings, look.scaling, look.background, look.cancelled)
    values = np.asarray(wait_for(steps).values, np.float32)
    labels = representation_of(look.network.header).decode(values, look.network.header.decode)
    sections = [np.bincount(plane.ravel(), minlength=int(labels.max()) + 1) for plane in labels]
    area = np.max(sections, axis=0)  # of each object the largest section, as the model learned it
    area[0] = 0
    cut = np.unique(
        np.concatenate([labels[:, at].ravel() for at in (0, -1)] + [labels[..., at].ravel() for at in (0, -1)])
    )
    whole = area.copy()
    whole[cut] = 0
    area = whole if np.count_nonzero(whole) >= _FEWEST else area
    return circle_diameter(area[area > 0]) / zoom


def windows(look: Look, zoom: float) -> Iterator[Slices]:
    """Windows of the middle slice or slices, those with the strongest contrast first."""
    _, depth, height, width = look.pixels.shape
    dims = look.network.header.net.dims
    z = _around(depth // 2, _DEPTH[dims], depth)
    edge = round(_WINDOW[dims] / zoom)
    if height <= 1.5 * edge and width <= 1.5 * edge:
        yield z, slice(0, height), slice(0, width)
        return
    step = max(1, edge // 64)
    coarse = look.scaling.linear(np.asarray(look.pixels[:, z, ::step, ::step])).mean(axis=(0, 1))
    side = max(1, edge // step)
    mean = ndimage.uniform_filter(coarse, side, mode="nearest")
    contrast = ndimage.uniform_filter(coarse**2, side, mode="nearest") - mean**2
    for _ in range(_WINDOWS):
        y, x = divmod(int(contrast.argmax()), contrast.shape[1])
        if not np.isfinite(contrast[y, x]):
            return
        contrast[max(0, y - side) : y + side, max(0, x - side) : x + side] = -np.inf
        yield z, _around(y * step, edge, height), _around(x * step, edge, width)


def _around(middle: int, edge: int, length: int) -> slice:
    start = min(max(0, middle - edge // 2), max(0, length - edge))
    return slice(start, min(length, start + edge))
