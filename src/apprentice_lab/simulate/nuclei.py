"""Fluorescent nuclei: a culture in 2D and a crowded, anisotropic confocal stack in 3D."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.simulate.optics import Field, blur, camera, illumination, texture
from apprentice_lab.simulate.shapes import crowded_places
from napari_apprentice.data.geometry.blobs import Blob, blob

Sample = tuple[NDArray[np.uint16], NDArray[np.uint16]]


def nuclei_2d(seed: int, size: int = 512) -> Sample:
    """Image and truth (Y, X) of a DAPI-stained culture at 0.325 um: clusters, mitoses, debris."""
    rng = np.random.default_rng(seed)
    shape = (size, size)
    light, nearest, truth = np.zeros(shape), np.full(shape, np.inf), np.zeros(shape, np.uint16)
    grain = texture(shape, rng, 2.2)
    for number, place in enumerate(crowded_places(shape, size * size // 1900, 22.0, rng, cluster=0.55), start=1):
        radius = rng.normal(13.0, 1.6)
        stretch = np.exp(abs(rng.normal(0, 0.16)))
        mitotic = rng.random() < 0.05
        radii = (radius * 0.95, radius * 0.42) if mitotic else (radius * stretch, radius / stretch)
        one = blob(shape, place, radii, rng.uniform(0, np.pi), rng, wobble=0.15 if mitotic else 0.05)
        brightness = rng.lognormal(0, 0.38) * (1.9 if mitotic else 1.0)
        light[one.box] += brightness * _chromatin(one, grain[one.box], rng, mitotic)
        _claim(truth[one.box], nearest[one.box], one, number)
    light += _debris(shape, rng)
    photons = (4.0 + 90.0 * blur(light, (1.3, 1.3))) * illumination(shape, rng, 0.35)
    return camera(photons, rng), renumber(truth)


def nuclei_3d(seed: int, shape: tuple[int, int, int] = (32, 160, 160)) -> Sample:
    """Image and truth (Z, Y, X) of a cell cluster at 1.0 x 0.25 x 0.25 um, dimmer and hazier with depth."""
    rng = np.random.default_rng(seed)
    spacing = np.array([1.0, 0.25, 0.25])
    light, nearest, truth = np.zeros(shape), np.full(shape, np.inf), np.zeros(shape, np.uint16)
    grain = texture(shape, rng, (0.7, 2.0, 2.0))
    places = crowded_places(np.array(shape) * spacing, 90, 6.6, rng, cluster=0.75, border=1.0)
    for number, place in enumerate(places, start=1):
        box, depth = _ellipsoid(shape, spacing, place, rng)
        inside = depth < 1
        body = np.clip(1 + 0.28 * grain[box] - 0.2 * (depth > 0.9), 0.1, None)
        light[box] += rng.lognormal(0, 0.3) * inside * body
        closer = inside & (depth < nearest[box])
        truth[box][closer], nearest[box][closer] = number, depth[closer]
    dimming = np.exp(-np.arange(shape[0]) / 60.0)[:, None, None]
    photons = (1.5 + 26.0 * blur(light, (1.1, 1.2, 1.2), haze=0.2, spread=4.0)) * dimming
    return camera(photons * illumination(shape, rng, 0.2), rng, gain=8.0, read_noise=5.0, offset=60.0), renumber(truth)


def _chromatin(one: Blob, grain: Field, rng: np.random.Generator, mitotic: bool) -> Field:
    """Light of one nucleus: flat with a soft edge, grainy, with dark nucleoli; condensed when it divides."""
    body = np.clip((1 - one.depth) * 6, 0, 1) * np.sqrt(np.clip(1.15 - one.depth**2, 0, None))
    if mitotic:
        return np.asarray(body * (1 + 0.1 * grain))
    light = body * np.clip(1 + 0.2 * grain, 0.2, None)
    rows, columns = np.nonzero(one.depth < 0.6)
    for _ in range(rng.integers(0, 4) if len(rows) else 0):
        pick = rng.integers(len(rows))
        yy, xx = np.ogrid[: light.shape[0], : light.shape[1]]
        away = ((yy - rows[pick]) ** 2 + (xx - columns[pick]) ** 2) / rng.uniform(1.5, 3.0) ** 2
        light *= 1 - 0.45 * np.exp(-away / 2)
    return np.asarray(light)


def _claim(truth: NDArray[np.uint16], nearest: Field, one: Blob, number: int) -> None:
    """Give the pixels of a blob its number, where it overlaps another by who is nearer to its own centre."""
    mine = one.inside & (one.depth < nearest)
    truth[mine], nearest[mine] = number, one.depth[mine]


def _debris(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Bright specks far smaller than a nucleus; they are not in the truth."""
    light = np.zeros(shape)
    for _ in range(shape[0] // 40):
        light[tuple(rng.integers(2, np.array(shape) - 2))] = rng.uniform(4, 25)
    return light


def _ellipsoid(
    shape: tuple[int, int, int], spacing: Field, place: Field, rng: np.random.Generator
) -> tuple[tuple[slice, ...], Field]:
    """A box and how far out each voxel of it lies (0 centre, 1 surface) of a bumpy ellipsoid at ``place`` (um)."""
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    radii = rng.normal(3.9, 0.4) * np.exp(rng.normal(0, 0.1, 3))
    first = np.maximum(0, (place - 8.0) // spacing).astype(int)
    last = np.minimum(shape, (place + 8.0) // spacing + 1).astype(int)
    axes = [(np.arange(a, b) + 0.5) * s - p for a, b, s, p in zip(first, last, spacing, place, strict=True)]
    away = np.tensordot(turned, np.stack(np.meshgrid(*axes, indexing="ij")), 1) / radii[:, None, None, None]
    bumps = sum(rng.normal(0, 0.05) * np.cos(2.5 * away[axis] + rng.uniform(0, 6.3)) for axis in range(3))
    box = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return box, np.asarray(np.sqrt((away**2).sum(axis=0)) * (1 + bumps))


def renumber(truth: NDArray[np.uint16], smallest: int = 30) -> NDArray[np.uint16]:
    """Without fragments: of each object the largest connected piece, numbered from 1 without gaps."""
    out = np.zeros_like(truth)
    number = 0
    for value, box in enumerate(ndimage.find_objects(truth), start=1):
        if box is None:
            continue
        pieces, _ = ndimage.label(truth[box] == value)
        sizes = np.bincount(pieces.ravel())[1:]
        if sizes.max() >= smallest:
            number += 1
            out[box][pieces == sizes.argmax() + 1] = number
    return out
