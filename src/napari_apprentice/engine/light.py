"""Random light on an image: contrast, gamma, blur, noise, saturation, objects that are dimmer than others."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.engine.augment import Augmentation, Generator

_SATURATES = (0.15, 0.8)  # of what is bright


def change_light(image: torch.Tensor, labels: torch.Tensor | None, how: Augmentation, rng: Generator) -> torch.Tensor:
    """Random light on linear values (C, Z, Y, X), roughly in [0, 1]; labels are (Z, Y, X) or None."""
    if labels is not None and rng.random() < how.dim_objects:
        image = _dim_objects(image, labels, rng)
    if how.saturate > 0 and rng.random() < how.saturate:
        image = _saturate(image, float(np.exp(rng.uniform(*np.log(_SATURATES)))))
    if rng.random() < 0.5 and how.gamma > 0:
        image = image.clamp_min(1e-4) ** float(np.exp(rng.normal(0, how.gamma)))
    if how.contrast > 0:
        image = image * float(np.exp(rng.normal(0, how.contrast))) + float(rng.normal(0, 0.05))
    if rng.random() < how.blur:
        image = _blur(image, float(rng.uniform(0.4, how.widest)))
    if rng.random() < 0.5 and how.noise > 0:
        image = image + _noise(image, how.noise * rng.random(), rng)
    if rng.random() < how.invert:
        image = 1.0 - image
    return image.clamp(0.0, 4.0)


def _saturate(image: torch.Tensor, at: float) -> torch.Tensor:
    """What a camera or a file of few bits shows of an image that is too bright for it: everything above is white."""
    return image.clamp_max(at) / at


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
