"""Drawn objects, so that a network does not believe in round ones: bent, branched, hollow, textured, faint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.geometry.blobs import blob
from napari_apprentice.engine.practice.scenes import Scene, scene

_SIZE = 256
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


def rendered(rng: np.random.Generator) -> tuple[Field, NDArray[np.int32]]:
    """An image of drawn objects and its labels, both (256, 256). All objects of an image are of one sort."""
    labels = np.zeros((_SIZE, _SIZE), np.int32)
    image = _texture(rng, rng.uniform(2, 40)) * np.float32(rng.uniform(0, 0.3))
    radius = float(np.exp(rng.uniform(np.log(4), np.log(60))))
    make = (_round, _bent, _branched)[rng.integers(3)]
    look = (_filled, _hollow, _textured)[rng.integers(3)]
    strength = np.float32(rng.choice((-1, 1)) * np.exp(rng.uniform(np.log(0.12), np.log(1.0))))
    touching = rng.random() < 0.5
    for _ in range(int(rng.integers(1, max(2, min(24, int(8000 / radius**2)))))):
        mask = make(radius * float(rng.uniform(0.7, 1.4)), rng)
        if not touching:
            mask &= ~ndimage.binary_dilation(labels > 0, iterations=2)
        mask &= labels == 0
        parts, count = ndimage.label(mask)
        if count == 0:
            continue
        mask = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
        labels[mask] = labels.max() + 1
        image += strength * look(mask, radius, rng)
    image = ndimage.gaussian_filter(image, rng.uniform(0.3, 1.8))
    image += rng.normal(0, rng.uniform(0, 0.12) * abs(strength), image.shape).astype(np.float32)
    return image.astype(np.float32), labels


def rendered_scenes(count: int, seed: int) -> list[Scene]:
    """Scenes of drawn objects."""
    return [scene(f"rendered {i}", "rendered", *rendered(np.random.default_rng((seed, i)))) for i in range(count)]


def _round(radius: float, rng: np.random.Generator) -> Mask:
    """A blob, up to three times as long as wide."""
    across = radius / rng.uniform(1, 3)
    made = blob((_SIZE, _SIZE), rng.uniform(0, _SIZE, 2), (radius, across), rng.uniform(0, np.pi), rng, 0.1)
    mask = np.zeros((_SIZE, _SIZE), bool)
    mask[made.box] = made.inside
    return mask


def _bent(radius: float, rng: np.random.Generator) -> Mask:
    """A thick curve of changing width."""
    return _thick([_walk(rng.uniform(0, _SIZE, 2), rng.uniform(2, 6) * radius, rng)], radius / rng.uniform(2, 4), rng)


def _branched(radius: float, rng: np.random.Generator) -> Mask:
    """A body with thin arms."""
    centre = rng.uniform(0, _SIZE, 2)
    arms = [_walk(centre, rng.uniform(1, 4) * radius, rng) for _ in range(int(rng.integers(2, 7)))]
    body = np.hypot(*(np.mgrid[:_SIZE, :_SIZE] - centre[:, None, None])) < radius * rng.uniform(0.3, 0.9)
    return np.asarray(_thick(arms, max(1.2, radius / rng.uniform(6, 14)), rng) | body)


def _walk(start: NDArray[np.float64], length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points a pixel apart along a curve that turns slowly."""
    turns = np.cumsum(rng.normal(0, rng.uniform(0.01, 0.12), max(3, int(length))))
    angle = rng.uniform(0, 2 * np.pi) + turns
    return np.asarray(start + np.cumsum(np.stack([np.sin(angle), np.cos(angle)], axis=1), axis=0))


def _thick(curves: list[NDArray[np.float64]], width: float, rng: np.random.Generator) -> Mask:
    away = np.ones((_SIZE, _SIZE), bool)
    for curve in curves:
        y, x = np.rint(curve).astype(int).T
        there = (y >= 0) & (y < _SIZE) & (x >= 0) & (x < _SIZE)
        away[y[there], x[there]] = False
    if away.all():
        return np.zeros((_SIZE, _SIZE), bool)
    uneven = 1 + 0.6 * (_texture(rng, 12) - 0.5)
    return np.asarray(ndimage.distance_transform_edt(away) < width * uneven)


def _filled(mask: Mask, radius: float, rng: np.random.Generator) -> Field:
    return np.asarray(mask * np.float32(rng.uniform(0.6, 1.0)))


def _hollow(mask: Mask, radius: float, rng: np.random.Generator) -> Field:
    """A bright rim around what is as dark as the background, or nearly."""
    rim = mask & ~ndimage.binary_erosion(mask, iterations=max(1, round(radius * rng.uniform(0.08, 0.25))))
    return np.asarray(rim + mask * np.float32(rng.uniform(0, 0.3)), np.float32)


def _textured(mask: Mask, radius: float, rng: np.random.Generator) -> Field:
    """As bright as the background on the mean, grainier."""
    grain = _texture(rng, max(0.8, radius * rng.uniform(0.05, 0.2)))
    return np.asarray(mask * (grain - np.float32(rng.uniform(0.2, 0.6))))


def _texture(rng: np.random.Generator, grain: float) -> Field:
    """Smooth noise from 0 to 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal((_SIZE, _SIZE)).astype(np.float32), grain, mode="wrap")
    return np.asarray((noise - noise.min()) / max(float(np.ptp(noise)), 1e-9), np.float32)
