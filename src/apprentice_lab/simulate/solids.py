"""Solid bodies in 3D: warped ellipsoids as real masks are, and room for them.

Lengths are in pixels of the plane; a slice is ``anisotropy`` pixels from the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.simulate.optics import Field

Shape = tuple[int, int, int]
Labels = NDArray[np.uint16]

_TRIES = 60  # places tried for one body
_GRID = 6  # places along each axis at which a warp is drawn


@dataclass(frozen=True)
class Forms:
    """What bodies look like, as `measure` finds it in masks.

    ``diameter`` is that of a ball of the median volume, in pixels; ``spread`` the standard deviation of the
    logarithm of diameters, ``stretch`` of half axes; ``tall`` how much longer bodies are along z than wide (annotators
    follow the blur); ``roughness`` the standard deviation of the surface about the ellipsoid, as a share of its
    radius.
    """

    diameter: float = 20.0
    spread: float = 0.1
    stretch: float = 0.13
    tall: float = 1.0
    roughness: float = 0.05


def measure(labels: NDArray[np.integer], anisotropy: float = 1.0) -> Forms:
    """The forms of the whole objects in labels (Z, Y, X); those cut by the border do not count.

    Half axes are those of the ellipsoid with the object's second moments.
    """
    steps = np.array([anisotropy, 1.0, 1.0])
    volumes, axes, heights, roughness = [], [], [], []
    for number, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
        if box is None or any(part.start == 0 or part.stop == n for part, n in zip(box, labels.shape, strict=True)):
            continue
        body = np.pad(labels[box] == number, 1)
        if body.sum() < 30:
            continue
        at = np.argwhere(body) * steps
        at -= at.mean(axis=0)
        moments = 5 * np.cov(at.T)
        skin = (body & ~ndimage.binary_erosion(body))[body]
        away = np.linalg.norm(np.linalg.solve(np.linalg.cholesky(moments), at[skin].T), axis=0)
        volumes.append(float(body.sum() * anisotropy))
        axes.append(np.log(np.sqrt(np.linalg.eigvalsh(moments))).std())
        heights.append(np.sqrt(moments[0, 0] / ((moments[1, 1] + moments[2, 2]) / 2)))
        roughness.append(away.std())
    if not volumes:
        return Forms()
    diameters = np.cbrt(6 / np.pi * np.array(volumes))
    return Forms(
        float(np.median(diameters)),
        float(np.log(diameters).std()),
        float(np.median(axes)),
        float(np.median(heights)),
        float(np.median(roughness)),
    )


def warps(shape: Shape, scale: float, anisotropy: float, rng: np.random.Generator) -> Field:
    """Three smooth random fields (3, Z, Y, X), mean 0 and standard deviation 1, with waves of about ``scale`` pixels.

    Drawn on a coarse grid, which is quick however long the waves are.
    """
    extent = np.array(shape) * (anisotropy, 1.0, 1.0)
    coarse = np.maximum(4, np.ceil(_GRID * extent / (3 * scale))).astype(int)
    coarse = np.minimum(coarse, np.maximum(4, shape))
    fields = []
    for _ in range(3):
        noise = ndimage.gaussian_filter(rng.standard_normal(coarse).astype(np.float32), 1.0, mode="wrap")
        fine = _stretched(noise, shape)
        fields.append((fine - fine.mean()) / fine.std())
    return np.asarray(np.stack(fields))


def pack(
    extent: Field, radii: Field, touching: float, rng: np.random.Generator, allowed: Field | None = None
) -> tuple[Field, Field]:
    """Places (n, 3) for balls of ``radii`` in a box of ``extent`` (z, y, x), and the radii of those that found room.

    A share ``touching`` is put against another one, overlapping a little; the others keep a distance. Where
    ``allowed`` (a coarse field over the box) is 0 or less, none begins.
    """
    places, sizes = np.empty((len(radii), 3)), np.empty(len(radii))
    count = 0
    for radius in radii:
        for attempt in range(_TRIES):
            beside = count > 0 and (rng.random() < touching or (attempt > _TRIES // 2 and touching > 0.5))
            if beside:
                anchor = rng.integers(count)
                way = rng.standard_normal(3)
                reach = (radius + sizes[anchor]) * rng.uniform(0.80, 0.92)
                place = places[anchor] + way * reach / np.linalg.norm(way)
            else:
                place = rng.uniform(0, extent)
            if (place < 0).any() or (place >= extent).any() or not _fits(place, extent, allowed):
                continue
            apart = np.linalg.norm(places[:count] - place, axis=1) / (radius + sizes[:count])
            if (apart >= (0.79 if beside else 1.25)).all():
                places[count], sizes[count] = place, radius
                count += 1
                break
    return places[:count], sizes[:count]


def body(
    shape: Shape,
    anisotropy: float,
    place: Field,
    radius: float,
    forms: Forms,
    warp: Field,
    rng: np.random.Generator,
) -> tuple[tuple[slice, ...], Field]:
    """A box and how far out each of its voxels lies (0 middle, 1 surface) of one body at ``place`` (pixels)."""
    axes = np.exp(rng.normal(0, forms.stretch, 3))
    axes *= radius / np.cbrt(axes.prod())
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    steps = np.array([anisotropy, 1.0, 1.0])
    reach = axes.max() * (1 + 4 * forms.roughness) * np.array([forms.tall, 1.0, 1.0]) + 1
    first = np.clip(np.floor((place - reach) / steps), 0, shape).astype(int)
    last = np.clip(np.ceil((place + reach) / steps) + 1, 0, shape).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    z, y, x = (
        ((np.arange(a, b) + 0.5) * step - p).astype(np.float32)
        for a, b, step, p in zip(first, last, steps, place, strict=True)
    )
    form = (turn / axes[:, None]).astype(np.float32)  # rows: unit directions over half axes
    form[:, 0] /= forms.tall
    away = [row[0] * z[:, None, None] + row[1] * y[None, :, None] + row[2] * x[None, None, :] for row in form]
    depth = np.sqrt(sum(one * one for one in away))
    mix = rng.standard_normal(3).astype(np.float32)
    bumps = np.tensordot(mix / np.linalg.norm(mix), warp[(slice(None), *box)], 1)
    return box, np.asarray(depth / np.maximum(1 + forms.roughness * bumps, 0.3))


def _fits(place: Field, extent: Field, allowed: Field | None) -> bool:
    if allowed is None:
        return True
    at = np.minimum(place / extent * allowed.shape, np.array(allowed.shape) - 1).astype(int)
    return bool(allowed[tuple(at)] > 0)


def _stretched(coarse: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    """Linear interpolation of a coarse grid to ``shape``, one axis after the other."""
    out = coarse
    for axis, size in enumerate(shape):
        at = np.linspace(0, out.shape[axis] - 1, size, dtype=np.float32)
        low = np.minimum(at.astype(int), out.shape[axis] - 2)
        part = (at - low).reshape([-1 if i == axis else 1 for i in range(3)])
        out = np.take(out, low, axis=axis) * (1 - part) + np.take(out, low + 1, axis=axis) * part
    return out
