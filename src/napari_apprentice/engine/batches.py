"""Patches in batches, drawn at random places of sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.data.representations import Representation
from napari_apprentice.data.representations.patch import Patch
from napari_apprentice.engine.augment import Augmentation, PatchView, draw_view, sample, sample_tilted
from napari_apprentice.engine.light import change_light
from napari_apprentice.engine.normalize import with_logarithm
from napari_apprentice.settings import ModelKind

Size = tuple[int, int, int]


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
    worth looking at. Of ``kind`` "values" the target is real numbers, interpolated like the image and not touched by
    light: with the image itself as target, a network learns to give it back (auto-encoder), or to take noise away.

    ``representation`` made the target; None: nothing in it changes with the view. If it is encoded again in patches,
    ``known`` (2, Z, Y, X) float32 is what is confirmed (0, 1, 2) and whether in a whole section; without it
    foreground says what is known. ``spacing`` is (z, y, x).
    """

    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    labels: torch.Tensor | None = None
    centres: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    kind: ModelKind = "instances"
    representation: Representation | None = None
    known: torch.Tensor | None = None
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


class _Seen(NamedTuple):
    """What a view shows: image and targets (C or K, Z, Y, X), labels (Z, Y, X), what is known (2, Z, Y, X)."""

    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    labels: torch.Tensor | None
    known: torch.Tensor | None


def draw_patch(
    source: Source, size: Size, how: Augmentation, rng: np.random.Generator, *, anywhere: float = 0.25
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One random patch: image, target, weight, each (C or K, *size); `size` is (z, y, x).

    With probability `anywhere` the place is uniform, else near one of the source's centres. Where the source is
    thinner than the patch, weight is 0 and image 0.
    """
    z, place = _draw_place(source, size, how.shift, rng, anywhere)
    view = draw_view(place, how, rng, size[1:])
    seen = _look(source, view, size, z)
    target, weight = seen.target, seen.weight
    if source.representation is not None:
        target, weight = _in_patch(source, source.representation, seen, view)
    image = change_light(seen.image, seen.labels, how, rng)
    return _pad_z(image, size[0]), _pad_z(target, size[0]), _pad_z(weight, size[0])


def _look(source: Source, view: PatchView, size: Size, z: int) -> _Seen:
    """Everything through the same view; only real numbers are interpolated."""
    if view.lean is None or source.image.shape[1] == 1:
        slices = slice(z, z + size[0])

        def look(stack: torch.Tensor, interpolate: bool) -> torch.Tensor:
            return sample(stack[:, slices], view, size[1:], interpolate=interpolate)
    else:

        def look(stack: torch.Tensor, interpolate: bool) -> torch.Tensor:
            seen, inside = sample_tilted(stack, view, size, z, interpolate=interpolate)
            return seen * inside if stack is source.weight or stack is source.known else seen

    image, weight = look(source.image, True), look(source.weight, False)
    labels = None if source.labels is None else look(source.labels[None], False)[0]
    known = None if source.known is None else look(source.known, False)
    if source.kind != "values":
        return _Seen(image, look(source.target, False), weight, labels, known)
    there = source.weight > 0  # a number that was interpolated with an unknown one is unknown, too
    weight = weight * (look(there.float(), True) > 0.999)
    return _Seen(image, look(torch.where(there, source.target, 0.0), True), weight, labels, known)


def _in_patch(
    source: Source, representation: Representation, seen: _Seen, view: PatchView
) -> tuple[torch.Tensor, torch.Tensor]:
    """Target and weight as they are in what is seen."""
    height, width = source.image.shape[2:]
    patch = Patch(
        seen.target.numpy(),
        seen.weight.numpy(),
        None if seen.labels is None else seen.labels.numpy(),
        None if seen.known is None else seen.known.numpy(),
        matrix=view.matrix,
        scale=view.scale,
        flip_z=view.flip_z,
        bent=not view.keeps_distances,
        centre=view.centre,
        plane=(height, width),
        spacing=source.spacing,
    )
    target, weight = representation.in_patch(patch)
    return torch.from_numpy(target), torch.from_numpy(weight)


def draw_batch(
    sources: list[Source],
    shares: np.ndarray,
    count: int,
    size: Size,
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
    source: Source, size: Size, shift: float, rng: np.random.Generator, anywhere: float
) -> tuple[int, tuple[float, float]]:
    _, depth, height, width = source.image.shape
    highest = max(0, depth - size[0])
    if len(source.centres) == 0 or rng.random() < anywhere:
        return int(rng.integers(highest + 1)), (rng.uniform(0, height - 1), rng.uniform(0, width - 1))
    z, y, x = source.centres[rng.integers(len(source.centres))]
    start = int(np.clip(z - rng.integers(size[0]), 0, highest))
    away = rng.uniform(-shift, shift, 2) * size[1:]
    return start, (float(np.clip(y + away[0], 0, height - 1)), float(np.clip(x + away[1], 0, width - 1)))


def _pad_z(stack: torch.Tensor, depth: int) -> torch.Tensor:
    missing = depth - stack.shape[1]
    return stack if missing <= 0 else functional.pad(stack, (0, 0, 0, 0, 0, missing))
