"""Decoding to instances against scikit-image: the same perfect-but-noisy prediction, times and average precision.

The peer is what its users write: distance transform of the foreground, `peak_local_max`, `watershed`; of three
distances between peaks the one with the best average precision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from apprentice_lab.bench import report
from napari_apprentice.data.labels import instances
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.data.labels.scores import average_precision
from napari_apprentice.settings import DecodeSettings, Triple

_FIELDS: dict[str, tuple[Triple, Triple, int]] = {  # size, objects along each axis, objects
    "2D": ((1, 4096, 4096), (1, 71, 71), 5000),
    "3D": ((64, 512, 512), (5, 17, 18), 1500),
}
_APART = (5, 8, 12)
_IOU = 0.5


def measure(repeats: int, shrink: int = 1) -> dict[str, Any]:
    """Seconds and AP .50 of both, in 2D and 3D; ``shrink`` makes the fields smaller by that factor in y and x."""
    return {name: _compared(*_shrunk(*field, shrink), repeats) for name, field in _FIELDS.items()}


def _shrunk(size: Triple, count: Triple, objects: int, by: int) -> tuple[Triple, Triple, int]:
    smaller = (size[0], size[1] // by, size[2] // by), (count[0], count[1] // by, count[2] // by)
    return *smaller, min(objects, int(np.prod(smaller[1])))


def _compared(size: Triple, count: Triple, objects: int, repeats: int) -> dict[str, Any]:
    truth = field(size, count, objects)
    prediction = predict_truth(truth)
    apart = max(_APART, key=lambda n: average_precision(truth, peer(prediction, n), _IOU))
    ways: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: instances.decode(prediction, DecodeSettings()),
        "scikit-image": lambda: peer(prediction, apart),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    scores = {}
    for _ in range(repeats):
        for name, way in ways.items():
            began = time.perf_counter()
            labels = way()
            seconds[name].append(time.perf_counter() - began)
            scores[name] = average_precision(truth, labels, _IOU)
    spread = {name: report.spread(taken) for name, taken in seconds.items()}
    ratio = spread["scikit-image"]["median"] / spread["ours"]["median"]
    found = {"objects": int(truth.max()), "min_distance": apart, "ratio": ratio}
    return {**found, "seconds": spread, "ap50": scores}


def field(size: Triple, count: Triple, objects: int, seed: int = 0) -> np.ndarray:
    """Labels (Z, Y, X) of ellipsoids on a jittered grid, many of them touching."""
    rng = np.random.default_rng(seed)
    step = np.array(size) / count
    truth = np.zeros(size, np.uint32)
    nearest = np.full(size, np.inf, np.float32)
    places = np.stack(np.meshgrid(*(np.arange(n) for n in count), indexing="ij"), -1).reshape(-1, 3)[:objects]
    for number, place in enumerate(places, start=1):
        centre = (place + 0.5 + rng.uniform(-0.15, 0.15, 3)) * step
        radii = step * rng.uniform(0.38, 0.6, 3)
        if size[0] == 1:
            centre[0], radii[0] = 0, 1
        low = np.maximum(0, np.floor(centre - radii)).astype(int)
        high = np.minimum(size, np.ceil(centre + radii) + 1).astype(int)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        grid = np.ogrid[box]
        depth = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True))
        closer = (depth < 1) & (depth < nearest[box])
        truth[box][closer], nearest[box][closer] = number, depth[closer]
    return truth


def predict_truth(truth: np.ndarray, seed: int = 0) -> np.ndarray:
    """What a good network would say of these labels: the encoded truth, a little noisy; (2, Z, Y, X) float32."""
    target, _ = instances.encode(truth, np.where(truth > 0, AS_LABELLED, BACKGROUND).astype(np.uint8))
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 0.5, target.shape), (0, 0, 2, 2))
    target += noise.astype(np.float32)
    target[0] = np.clip(target[0], 0, 1)
    return target


def peer(prediction: np.ndarray, apart: int) -> np.ndarray:
    """Labels (Z, Y, X) by scikit-image."""
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    mask = prediction[0] >= 0.5
    mask, flat = (mask[0], True) if mask.shape[0] == 1 else (mask, False)
    distance = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(distance, min_distance=apart, labels=ndimage.label(mask)[0])
    marks = np.zeros(mask.shape, np.int32)
    marks[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = np.asarray(watershed(-distance, marks, mask=mask))
    return labels[None] if flat else labels
