"""Patches in batches, drawn at random places of sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from napari_apprentice.engine.augment import Augmentation, change_light, draw_view, rescale_distance, sample
from napari_apprentice.engine.normalize import with_logarithm


class Batch(NamedTuple):
    """Inputs (B, C * inputs, Z, Y, X), target and weight (B, K, Z, Y, X)."""

    inputs: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor


@dataclass(frozen=True)
class Source:
    """What patches are cut from.

    ``image`` (C, Z, Y, X) float32 is normalised and linear; ``target`` and ``weight`` are (K, Z, Y, X) float32;
    ``labels`` (Z, Y, X) float32 ids, for augmentation of single objects; ``centres`` (n, 3) z, y, x are places
    worth looking at.
    """

    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    labels: torch.Tensor | None = None
    centres: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    kind: str = "instances"


def draw_patch(
    source: Source, size: tuple[int, int, int], how: Augmentation, rng: np.random.Generator, *, anywhere: float = 0.25
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One random patch: image, target, weight, each (C or K, *size); `size` is (z, y, x).

    With probability `anywhere` the place is uniform, else near one of the source's centres. Where the source is
    thinner than the patch, weight is 0 and image 0.
    """
    z, place = _draw_place(source, size, rng, anywhere)
    view = draw_view(place, how, rng)
    plane = size[1], size[2]
    slices = slice(z, z + size[0])
    image = sample(source.image[:, slices], view, plane, interpolate=True)
    together = [source.target[:, slices], source.weight[:, slices]]
    if source.labels is not None:
        together.append(source.labels[None, slices])
    exact = sample(torch.cat(together), view, plane, interpolate=False)
    k = source.target.shape[0]
    target, weight = exact[:k], exact[k : 2 * k]
    labels = exact[2 * k] if source.labels is not None else None
    if source.kind == "instances" and k == 2:
        target = torch.stack([target[0], rescale_distance(target[1], view.scale)])
    image = change_light(image, labels, how, rng)
    return _pad_z(image, size[0]), _pad_z(target, size[0]), _pad_z(weight, size[0])


def draw_batch(
    sources: list[Source],
    shares: np.ndarray,
    count: int,
    size: tuple[int, int, int],
    how: Augmentation,
    rng: np.random.Generator,
    gain: float,
    anywhere: float = 0.25,
) -> Batch:
    """`count` patches of `size` (z, y, x) from sources drawn by their `shares` (which sum to 1)."""
    chosen = rng.choice(len(sources), size=count, p=shares)
    patches = [draw_patch(sources[i], size, how, rng, anywhere=anywhere) for i in chosen]
    image, target, weight = (torch.stack(part) for part in zip(*patches, strict=True))
    return Batch(with_logarithm(image, gain), target, weight)


def _draw_place(
    source: Source, size: tuple[int, int, int], rng: np.random.Generator, anywhere: float
) -> tuple[int, tuple[float, float]]:
    _, depth, height, width = source.image.shape
    highest = max(0, depth - size[0])
    if len(source.centres) == 0 or rng.random() < anywhere:
        return int(rng.integers(highest + 1)), (rng.uniform(0, height - 1), rng.uniform(0, width - 1))
    z, y, x = source.centres[rng.integers(len(source.centres))]
    start = int(np.clip(z - rng.integers(size[0]), 0, highest))
    away = rng.uniform(-0.35, 0.35, 2) * size[1:]
    return start, (float(np.clip(y + away[0], 0, height - 1)), float(np.clip(x + away[1], 0, width - 1)))


def _pad_z(stack: torch.Tensor, depth: int) -> torch.Tensor:
    missing = depth - stack.shape[1]
    return stack if missing <= 0 else torch.nn.functional.pad(stack, (0, 0, 0, 0, 0, missing))
