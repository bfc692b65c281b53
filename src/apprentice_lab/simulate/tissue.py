"""Stained tissue with three classes: glands of epithelium around a lumen, in fibrous stroma."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.simulate.optics import Field, illumination, texture
from apprentice_lab.simulate.shapes import crowded_places
from napari_apprentice.data.geometry.blobs import Blob, blob

EPITHELIUM, STROMA, LUMEN = 1, 2, 3

# Optical density of the two stains in red, green and blue (Ruifrok and Johnston 2001)
_HEMATOXYLIN = np.array([0.650, 0.704, 0.286])
_EOSIN = np.array([0.072, 0.990, 0.105])


def tissue_2d(seed: int, size: int = 512) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """RGB image (Y, X, 3) and classes (Y, X; 0 is bare glass) of an H&E section at 0.5 um."""
    rng = np.random.default_rng(seed)
    shape = (size, size)
    truth = np.where(_on_the_slide(shape, rng), STROMA, 0).astype(np.uint8)
    hematoxylin, eosin = _stroma(shape, rng)
    for place in crowded_places(shape, size * size // 18000, 118.0, rng, cluster=0.6, border=20.0):
        _gland(place, truth, hematoxylin, eosin, rng)
    tissue = truth > 0
    hematoxylin, eosin = hematoxylin * tissue, eosin * tissue
    return _stained(hematoxylin, eosin, rng), truth


def _on_the_slide(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    yy, xx = np.indices(shape) / shape[0]
    edge = xx + 0.75 * yy + 0.05 * texture(shape, rng, 18.0) + 0.015 * texture(shape, rng, 4.0)
    return np.asarray(edge > 0.33)


def _stroma(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Field, Field]:
    """Eosin in wavy fibres with gaps between, and the thin nuclei of fibroblasts along them."""
    yy, xx = np.indices(shape).astype(float)
    turn = rng.uniform(0, np.pi)
    across = np.cos(turn) * yy - np.sin(turn) * xx + 30 * texture(shape, rng, 40.0) + 3 * texture(shape, rng, 9.0)
    along = np.sin(turn) * yy + np.cos(turn) * xx
    fibres = ndimage.map_coordinates(texture(shape, rng, 1.5), [across, along * 0.1], order=1, mode="grid-wrap")
    down, right = np.gradient(ndimage.gaussian_filter(across, 4))
    direction = np.arctan2(-right, down)  # along a fibre nothing changes across
    eosin = np.clip(0.36 + 0.13 * fibres + 0.1 * texture(shape, rng, 14.0), 0.05, None)
    hematoxylin = np.full(shape, 0.04)
    for place in crowded_places(shape, shape[0] * shape[1] // 1500, 13.0, rng, cluster=0.2):
        angle = float(direction[tuple(place.astype(int))]) + rng.normal(0, 0.2)
        radii = (rng.normal(8.5, 1.2), rng.normal(2.7, 0.4)) if rng.random() < 0.8 else (4.2, 3.8)
        _stain(hematoxylin, blob(shape, place, radii, angle, rng, 0.04), rng.uniform(0.6, 1.0), rng)
    return hematoxylin, eosin


def _gland(place: Field, truth: NDArray[np.uint8], hematoxylin: Field, eosin: Field, rng: np.random.Generator) -> None:
    """A ring of tall cells, their nuclei at the outside, around a lumen with a little mucus."""
    radius, stretch = rng.uniform(42, 56), np.exp(rng.uniform(0, 0.25))
    whole = blob(truth.shape, place, (radius * stretch, radius / stretch), rng.uniform(0, np.pi), rng, wobble=0.06)
    wall = rng.uniform(20, 24) / radius
    region = whole.inside & (truth[whole.box] > 0)
    ragged = whole.depth + 0.025 * texture(whole.depth.shape, rng, 2.5)
    hollow = region & (ragged < 1 - wall)
    truth[whole.box][region] = EPITHELIUM
    truth[whole.box][hollow] = LUMEN
    cytoplasm = np.clip(0.3 + 0.05 * texture(whole.depth.shape, rng, 2.5), 0.1, None)
    eosin[whole.box][region] = cytoplasm[region]
    hematoxylin[whole.box][region] = 0.2
    gap = region & (np.abs(whole.depth - 1.0) < 0.035)
    eosin[whole.box][gap] = 0.12
    mucus = np.clip(0.02 + 0.03 * texture(whole.depth.shape, rng, 6.0), 0, None)
    eosin[whole.box][hollow], hematoxylin[whole.box][hollow] = mucus[hollow], 0.01
    _wall_nuclei(whole, wall, place, hematoxylin, rng)


def _wall_nuclei(whole: Blob, wall: float, place: Field, hematoxylin: Field, rng: np.random.Generator) -> None:
    """Nuclei side by side along the outside of the wall, pointing to the centre."""
    yy, xx = np.nonzero(np.abs(whole.depth - (1 - 0.38 * wall)) < 0.16 * wall)
    points = np.stack([yy + whole.box[0].start, xx + whole.box[1].start], axis=1).astype(float)
    taken: list[Field] = []
    for point in rng.permutation(points)[:600]:
        if all(np.hypot(*(point - other)) > 8.2 for other in taken):
            taken.append(point)
            outwards = np.arctan2(*(point - place)) + rng.normal(0, 0.15)
            one = blob(hematoxylin.shape, point, (rng.normal(7.2, 0.8), rng.normal(4.3, 0.4)), outwards, rng, 0.04)
            _stain(hematoxylin, one, rng.uniform(0.65, 1.0), rng)


def _stain(hematoxylin: Field, one: Blob, amount: float, rng: np.random.Generator) -> None:
    """Add a nucleus: darker at its envelope, with clumps of chromatin."""
    body = np.clip((1 - one.depth) * 3.5, 0, 1)
    inner = 0.75 + 0.35 * np.clip(one.depth, 0, 1) ** 4
    clumps = texture(one.depth.shape, rng, 1.3) if min(one.depth.shape) > 3 else np.zeros(one.depth.shape)
    now = hematoxylin[one.box]
    np.maximum(now, amount * body * np.clip(inner + 0.14 * clumps, 0.2, None), out=now)


def _stained(hematoxylin: Field, eosin: Field, rng: np.random.Generator) -> NDArray[np.uint8]:
    """White light through both stains, slightly out of focus, onto a colour camera."""
    density = hematoxylin[..., None] * _HEMATOXYLIN * 1.25 + eosin[..., None] * _EOSIN * 0.7 + eosin[..., None] * 0.03
    light = ndimage.gaussian_filter(np.exp(-density * np.log(10) * 0.62), (0.8, 0.8, 0))
    light *= illumination(hematoxylin.shape, rng, 0.06)[..., None] * np.array([0.955, 0.945, 0.95])
    noisy = rng.poisson(light * 4000) / 4000 + rng.normal(0, 0.003, light.shape)
    image: NDArray[np.uint8] = np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8)
    return image
