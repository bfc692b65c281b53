"""Whole cells of odd shapes in a cytoplasm stain: spread, touching, with dim nuclei and bright edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.simulate.nuclei import Sample, renumber
from apprentice_lab.simulate.optics import Field, blur, camera, illumination, texture
from apprentice_lab.simulate.shapes import crowded_places
from napari_apprentice.data.geometry.blobs import blob


def cells_2d(seed: int, size: int = 512) -> Sample:
    """Image and truth (Y, X) of an adherent culture at 0.65 um."""
    rng = np.random.default_rng(seed)
    shape = (size, size)
    places = crowded_places(shape, size * size // 3400, 36.0, rng, cluster=0.5)
    truth, depth = _territories(shape, places, rng)
    light = _cytoplasm(truth, depth, rng)
    light += 0.5 * _edges(truth)
    for place in places:
        nucleus = blob(shape, place, (rng.normal(9, 1), rng.normal(7, 0.7)), rng.uniform(0, np.pi), rng)
        light[nucleus.box] *= 1 - 0.5 * np.clip((1 - nucleus.depth) * 4, 0, 1)
    photons = (5.0 + 55.0 * blur(light, (1.1, 1.1), haze=0.12)) * illumination(shape, rng, 0.3)
    return camera(photons, rng), truth


def _territories(shape: tuple[int, int], places: Field, rng: np.random.Generator) -> tuple[NDArray[np.uint16], Field]:
    """Which cell each pixel belongs to and how far out it is: elongated cells in a warped plane, the nearest wins."""
    warped = np.indices(shape).astype(float)
    for scale, strength in ((18.0, 9.0), (6.0, 2.2)):
        warped += strength * np.stack([texture(shape, rng, scale) for _ in range(2)])
    nearest, truth = np.full(shape, np.inf), np.zeros(shape, np.uint16)
    for number, place in enumerate(places, start=1):
        angle, stretch = rng.uniform(0, np.pi), np.exp(abs(rng.normal(0, 0.35)))
        radius = rng.normal(27.0, 3.5)
        dy, dx = warped[0] - place[0], warped[1] - place[1]
        along, across = np.cos(angle) * dx + np.sin(angle) * dy, -np.sin(angle) * dx + np.cos(angle) * dy
        depth = np.hypot(along / (radius * stretch), across / (radius / stretch))
        mine = (depth < 1) & (depth < nearest)
        truth[mine], nearest[mine] = number, depth[mine]
    truth = renumber(truth, smallest=150)
    return truth, np.where(truth > 0, nearest, 1.0)


def _cytoplasm(truth: NDArray[np.uint16], depth: Field, rng: np.random.Generator) -> Field:
    """Thicker towards the nucleus, each cell stained differently, with fibres and vesicles."""
    stain = np.concatenate([[0.0], rng.lognormal(0, 0.33, int(truth.max()))])
    fibres = 1.5 * (0.8 - np.abs(texture(truth.shape, rng, 2.6))) + 0.5 * texture(truth.shape, rng, 1.2)
    vesicles = np.clip(texture(truth.shape, rng, 1.3) - 1.6, 0, None)
    thickness = 0.35 + 0.75 * np.clip(1 - depth, 0, 1) ** 0.8
    light = thickness * np.clip(1 + 0.16 * fibres + 0.3 * texture(truth.shape, rng, 7.0), 0.1, None) + 0.35 * vesicles
    return np.asarray(stain[truth] * light)


def _edges(truth: NDArray[np.uint16]) -> Field:
    """Light from the membrane, which stands upright at the edge of a cell."""
    inner = ndimage.minimum_filter(truth, 3) == ndimage.maximum_filter(truth, 3)
    return np.asarray(((truth > 0) & ~inner).astype(float))
