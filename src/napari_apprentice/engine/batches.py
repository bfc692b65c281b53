"""Patches in batches, drawn at random places of sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import edt
import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.engine.augment import Augmentation, View, draw_view, rescale_distance, sample, sample_tilted
from napari_apprentice.engine.carried import carried
from napari_apprentice.engine.light import change_light
from napari_apprentice.engine.normalize import with_logarithm
from napari_apprentice.settings import ModelKind, RepresentationName

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
    """

    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    labels: torch.Tensor | None = None
    centres: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    kind: ModelKind = "instances"
    representation: RepresentationName = "log-distance"


def draw_patch(
    source: Source, size: Size, how: Augmentation, rng: np.random.Generator, *, anywhere: float = 0.25
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One random patch: image, target, weight, each (C or K, *size); `size` is (z, y, x).

    With probability `anywhere` the place is uniform, else near one of the source's centres. Where the source is
    thinner than the patch, weight is 0 and image 0.
    """
    z, place = _draw_place(source, size, how.shift, rng, anywhere)
    view = draw_view(place, how, rng, size[1:])
    image, target, weight, labels = _look(source, view, size, z)
    if source.kind == "instances" and source.representation != "log-distance":
        plane = (source.image.shape[2], source.image.shape[3])
        target, weight = carried(source.representation, target, weight, labels, view, plane)
    elif source.kind == "instances" and target.shape[0] == 2:
        if view.keeps_distances:
            target = torch.stack([target[0], rescale_distance(target[1], view.scale)])
        else:
            target, weight = measured_again(target, weight, labels, view.scale)
    image = change_light(image, labels, how, rng)
    return _pad_z(image, size[0]), _pad_z(target, size[0]), _pad_z(weight, size[0])


def _look(
    source: Source, view: View, size: Size, z: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Image, target, weight and labels, all through the same view; only real numbers are interpolated."""
    if view.lean is None or source.image.shape[1] == 1:
        slices = slice(z, z + size[0])

        def look(stack: torch.Tensor, interpolate: bool) -> torch.Tensor:
            return sample(stack[:, slices], view, size[1:], interpolate=interpolate)
    else:

        def look(stack: torch.Tensor, interpolate: bool) -> torch.Tensor:
            seen, inside = sample_tilted(stack, view, size, z, interpolate=interpolate)
            return seen if stack is not source.weight else seen * inside

    image, weight = look(source.image, True), look(source.weight, False)
    labels = None if source.labels is None else look(source.labels[None], False)[0]
    if source.kind != "values":
        return image, look(source.target, False), weight, labels
    known = source.weight > 0  # a number that was interpolated with an unknown one is unknown, too
    weight = weight * (look(known.float(), True) > 0.999)
    return image, look(torch.where(known, source.target, 0.0), True), weight, labels


def measured_again(
    target: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distances, and where they count, in a patch that was bent or tilted: no factor turns the old ones into these.

    They are measured in the warped labels, (Z, Y, X). A voxel keeps its weight only when it is nearer to the outline
    it sees than to anything unknown or to the patch's border, behind which a nearer one may lie: then the distance is
    exact. Distances where there is no label (a parent's, which stand in) change with size only; mild bends leave them
    wrong by some percent, which is less than the parent was.
    """
    if labels is None:
        raise ValueError("distances can only be measured again with labels: give the source its labels")
    target, weight = target.clone(), weight.clone()
    target[1] = rescale_distance(target[1], scale)
    known = (weight[1] > 0) | (weight[0] > 0)
    for z in np.flatnonzero(labels.amax(dim=(1, 2)).numpy() > 0):
        ids = labels[z].numpy().astype(np.uint32)
        inside = ids > 0
        own = edt.edt(ids, black_border=False, parallel=1)
        unknown = edt.edt(known[z].numpy(), black_border=True, parallel=1)
        target[1, z][inside] = torch.from_numpy(np.log1p(np.minimum(own, max(ids.shape))))[inside]
        weight[1, z][inside & (own >= unknown)] = 0.0
    return target, weight


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
