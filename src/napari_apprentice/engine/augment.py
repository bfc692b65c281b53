"""Random views of an image: position, size, orientation and light.

Image, target, weight and labels share one transform; only the image is interpolated. Transforms act in the
plane (and flip z), so that 2D and anisotropic 3D take the same way. Distances in the target change with size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

Generator = np.random.Generator


@dataclass(frozen=True)
class Augmentation:
    """How far patches may differ from the image; the identity when everything is 0 and scales are 1."""

    scale: tuple[float, float] = (0.6, 1.7)
    stretch: float = 0.1
    rotate: bool = True
    flip: bool = True
    contrast: float = 0.35
    gamma: float = 0.35
    noise: float = 0.06
    blur: float = 0.25
    invert: float = 0.05
    dim_objects: float = 0.3


NO_AUGMENTATION = Augmentation((1.0, 1.0), 0.0, False, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class View:
    """One place in an image: centre (y, x) in pixels and the 2x2 matrix from patch to image offsets (x, y)."""

    centre: tuple[float, float]
    matrix: tuple[tuple[float, float], tuple[float, float]]
    scale: float
    flip_z: bool = False


def draw_view(centre: tuple[float, float], how: Augmentation, rng: Generator) -> View:
    """A random view around `centre`."""
    scale = float(np.exp(rng.uniform(np.log(how.scale[0]), np.log(how.scale[1]))))
    angle = rng.uniform(0, 2 * np.pi) if how.rotate else 0.0
    stretch = np.exp(rng.uniform(-how.stretch, how.stretch))
    c, s = np.cos(angle), np.sin(angle)
    sizes = np.diag([stretch / scale, 1.0 / (scale * stretch)])
    if how.flip and rng.random() < 0.5:
        sizes[0] *= -1
    m = np.array([[c, -s], [s, c]]) @ sizes
    flip_z = bool(how.flip and rng.random() < 0.5)
    return View(centre, ((m[0, 0], m[0, 1]), (m[1, 0], m[1, 1])), scale, flip_z)


def sample(stack: torch.Tensor, view: View, size: tuple[int, int], *, interpolate: bool) -> torch.Tensor:
    """Look at a stack (C, Z, Y, X) through a view, (C, Z, *size); beyond its border it is mirrored."""
    channels, z, height, width = stack.shape
    y, x = torch.meshgrid(
        torch.arange(size[0]) - (size[0] - 1) / 2, torch.arange(size[1]) - (size[1] - 1) / 2, indexing="ij"
    )
    (a, b), (c, d) = view.matrix
    at_x = view.centre[1] + a * x + b * y
    at_y = view.centre[0] + c * x + d * y
    grid = torch.stack([(2 * at_x + 1) / width - 1, (2 * at_y + 1) / height - 1], dim=-1)
    mode = "bilinear" if interpolate else "nearest"
    flat = stack.reshape(1, channels * z, height, width)
    out = functional.grid_sample(flat, grid[None].to(stack), mode=mode, padding_mode="reflection", align_corners=False)
    out = out.reshape(channels, z, *size)
    return out.flip(1) if view.flip_z else out


def rescale_distance(log_distance: torch.Tensor, scale: float) -> torch.Tensor:
    """Log-distance after magnifying the image by `scale`; the outline is half a voxel from a border voxel's centre."""
    distance = torch.expm1(log_distance)
    return torch.log1p(torch.where(distance > 0, ((distance - 0.5) * scale + 0.5).clamp_min(0.25), distance))


def change_light(image: torch.Tensor, labels: torch.Tensor | None, how: Augmentation, rng: Generator) -> torch.Tensor:
    """Random light on linear values (C, Z, Y, X), roughly in [0, 1]; labels are (Z, Y, X) or None."""
    if labels is not None and rng.random() < how.dim_objects:
        image = _dim_objects(image, labels, rng)
    if rng.random() < 0.5 and how.gamma > 0:
        image = image.clamp_min(1e-4) ** float(np.exp(rng.normal(0, how.gamma)))
    if how.contrast > 0:
        image = image * float(np.exp(rng.normal(0, how.contrast))) + float(rng.normal(0, 0.05))
    if rng.random() < how.blur:
        image = _blur(image, float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.5 and how.noise > 0:
        image = image + _noise(image, how.noise * rng.random(), rng)
    if rng.random() < how.invert:
        image = 1.0 - image
    return image.clamp(0.0, 4.0)


def _noise(image: torch.Tensor, sigma: float, rng: Generator) -> torch.Tensor:
    noise = torch.from_numpy(rng.standard_normal(tuple(image.shape), dtype=np.float32)) * sigma
    if rng.random() < 0.5:  # shot noise grows with the root of the light
        noise = noise * (image.clamp_min(0.0) + 0.05).sqrt() * 1.5
    return noise


def _blur(image: torch.Tensor, sigma: float) -> torch.Tensor:
    radius = int(np.ceil(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2).to(image)
    kernel = kernel / kernel.sum()
    channels, z, height, width = image.shape
    flat = image.reshape(channels * z, 1, height, width)
    flat = functional.pad(flat, (radius, radius, radius, radius), mode="replicate")
    flat = functional.conv2d(flat, kernel.view(1, 1, -1, 1))
    flat = functional.conv2d(flat, kernel.view(1, 1, 1, -1))
    return flat.reshape(channels, z, height, width)


def _dim_objects(image: torch.Tensor, labels: torch.Tensor, rng: Generator) -> torch.Tensor:
    """Make some objects dimmer: dim ones beside bright ones are what networks miss."""
    ids, index = torch.unique(labels, return_inverse=True)
    if len(ids) < 2 or not bool((labels == 0).any()):
        return image
    factor = np.where(rng.random(len(ids)) < rng.uniform(0.1, 0.6), np.exp(-rng.uniform(0.2, 1.8, len(ids))), 1.0)
    factor[0] = 1.0 if int(ids[0]) == 0 else factor[0]
    factors = _blur(torch.from_numpy(factor.astype(np.float32))[index][None], 0.8)
    ground = torch.stack([channel[labels == 0].median() for channel in image]).view(-1, 1, 1, 1)
    return ground + (image - ground) * factors
