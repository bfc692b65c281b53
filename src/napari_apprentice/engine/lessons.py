"""From corrected images to what teaches: parts of images at network resolution, with targets and weights.

A lesson is resampled to the resolution the network looks at, shared out into what teaches and what judges
(`data/holdout`), and cut into windows where something is vouched for, so that a few corrections in a very large
image cost little. A voxel that is not vouched for has weight 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from napari_apprentice.data import scratch
from napari_apprentice.data.corrections import (
    AS_LABELLED,
    BACKGROUND,
    UNKNOWN,
    Corrections,
    ranked,
    rim,
    whole_sections,
)
from napari_apprentice.data.holdout import Holdout, Side, split_blocks
from napari_apprentice.data.representations import Representation
from napari_apprentice.data.zoom import median_diameter
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import Scaling, fit
from napari_apprentice.engine.resample import covers_any, resize, resize_labels
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import LessonRef, TeachJob
from napari_apprentice.settings import Kind, NormalizeSettings

_EDGE = 768  # network pixels of a window without its context
_CONTEXT = 96  # network pixels around it
_DEPTH = 16  # slices around what is vouched for
_PLACES = 6  # per object, at which patches are drawn
# The rim of a corrected object, which nobody vouched for, is background as well as where its distance is 0: else the
# foreground need not end with the object. It counts half, for a neighbour may begin at once.
_RIM_BACKGROUND = 0.5


@dataclass(frozen=True)
class Frame:
    """One corrected frame of one image: pixels (C, Z, Y, X), the rest (Z, Y, X), at the image's resolution.

    ``fitted_on`` are the pixels (C, Z, Y, X) that say what intensities mean: the frame's own, or those of the whole
    image that it is a part of.
    """

    name: str
    pixels: np.ndarray
    fitted_on: np.ndarray
    labels: np.ndarray
    vouched: np.ndarray
    side: Side
    zoom: float
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Window:
    """A part of a frame at network resolution; arrays are (Z, Y, X) or (K, Z, Y, X).

    ``vouched`` is everything the user said there, ``validation`` the part of it that judges. ``source.weight`` is what
    teaches, ``judging`` the weight of the validation loss.
    """

    name: str
    source: Source
    labels: np.ndarray
    vouched: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    judging: torch.Tensor
    teaches: np.ndarray


@dataclass(frozen=True)
class Corrected:
    """The corrections of a job: references and arrays of the frames that have any, and how they are shared out."""

    refs: tuple[LessonRef, ...]
    frames: tuple[np.ndarray, ...]
    corrections: tuple[Corrections, ...]
    holdout: Holdout
    diameter: float | None


def read_corrections(job: TeachJob) -> Corrected:
    """Read what is vouched for; `UserError` when nothing is."""
    refs, frames, corrections, keys = [], [], [], []
    for ref in job.lessons:
        vouched = scratch.read(ref.vouched)
        used = np.flatnonzero([bool(frame.any()) for frame in vouched])
        if len(used) == 0:
            continue
        refs.append(ref)
        frames.append(used)
        corrections.append(Corrections(np.asarray(scratch.read(ref.labels)[used]), np.asarray(vouched[used])))
        keys.append(ref.key or ref.image.name)
    if not refs:
        raise UserError("Nothing is vouched for yet: correct or approve a few objects, then teach.")
    holdout = split_blocks(list(zip(keys, corrections, strict=True)), job.kind)
    diameters = [median_diameter(c.labels, c.vouched) for c in corrections] if job.kind == "instances" else []
    known = [d for d in diameters if d is not None]
    return Corrected(
        tuple(refs), tuple(frames), tuple(corrections), holdout, float(np.median(known)) if known else None
    )


def frames_of(corrected: Corrected, zooms: list[float]) -> Iterator[Frame]:
    """Every frame with corrections, its pixels read; ``zooms`` are those of the images."""
    for ref, used, c, side, zoom in zip(
        corrected.refs, corrected.frames, corrected.corrections, corrected.holdout.sides, zooms, strict=True
    ):
        pixels = scratch.read(ref.image.pixels)
        for i, t in enumerate(used):
            own = Side(side.training[i], side.validation[i])
            frame = np.asarray(pixels[t])
            fitted_on = frame if ref.image.fitted_on is None else np.asarray(scratch.read(ref.image.fitted_on)[0])
            yield Frame(ref.image.name, frame, fitted_on, c.labels[i], c.vouched[i], own, zoom, ref.image.spacing)


def windows_of(
    frame: Frame, representation: Representation, normalize: NormalizeSettings, rng: np.random.Generator
) -> Iterator[Window]:
    """The windows of a frame in which something is vouched for."""
    scaling = fit(frame.fitted_on, normalize)
    for core, around in _boxes(frame.vouched, frame.zoom):
        yield _window(frame, core, around, representation, scaling, rng)


def _boxes(vouched: np.ndarray, zoom: float) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Cores that share the frame out, and each with its context; (z, y, x) slices at the image's resolution."""
    edge, context = math.ceil(_EDGE / zoom), math.ceil(_CONTEXT / zoom)
    depth, height, width = vouched.shape
    for y, x in itertools.product(_parts(height, edge), _parts(width, edge)):
        planes = np.flatnonzero(vouched[:, y, x].any(axis=(1, 2)))
        if len(planes) == 0:
            continue
        z = slice(max(0, int(planes[0]) - _DEPTH), min(depth, int(planes[-1]) + 1 + _DEPTH))
        around = (
            slice(max(0, y.start - context), min(height, y.stop + context)),
            slice(max(0, x.start - context), min(width, x.stop + context)),
        )
        yield (z, y, x), (z, *around)


def _parts(length: int, edge: int) -> list[slice]:
    count = max(1, round(length / edge))
    cuts = [length * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(cuts)]


def _window(
    frame: Frame,
    core: tuple[slice, ...],
    around: tuple[slice, ...],
    representation: Representation,
    scaling: Scaling,
    rng: np.random.Generator,
) -> Window:
    labels, vouched = frame.labels[around], frame.vouched[around]
    plane = (max(1, round(labels.shape[1] * frame.zoom)), max(1, round(labels.shape[2] * frame.zoom)))
    image = resize(torch.from_numpy(scaling.linear(frame.pixels[(slice(None), *around)])), plane)
    small = resize_labels(labels, plane)
    known, whole = _known(labels, vouched, plane)
    spacing = (frame.spacing[0], frame.spacing[1] / frame.zoom, frame.spacing[2] / frame.zoom)
    target, weight = representation.encode(small, known, spacing, whole)
    if representation.kind == "instances":
        weight[0][rim(small, known)] = _RIM_BACKGROUND
    own = np.zeros(labels.shape, bool)  # each voxel teaches in one window only
    own[tuple(slice(c.start - a.start, c.stop - a.start) for c, a in zip(core, around, strict=True))] = True
    teaches = ~covers_any(~(frame.side.training[around] & own), plane)
    validation = np.where(resize_labels(own, plane), resize_labels(frame.side.validation[around], plane), 0)
    validation = np.where(known > 0, validation, UNKNOWN).astype(np.uint8)
    training = np.where(teaches, known, UNKNOWN).astype(np.uint8)
    shown = np.where(known == AS_LABELLED, small, 0)
    source = Source(
        image,
        torch.from_numpy(target),
        torch.from_numpy(weight * teaches),
        torch.from_numpy(shown.astype(np.float32)),
        places(small, training, representation.kind, rng),
        representation.kind,
        representation,
        torch.from_numpy(np.stack([known, whole]).astype(np.float32)) if representation.encoded_again else None,
        spacing,
    )
    judging = torch.from_numpy(weight * (validation > 0))
    return Window(frame.name, source, small, known, training, validation, judging, teaches)


def _known(labels: np.ndarray, vouched: np.ndarray, plane: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What is vouched for at network resolution, and which voxels belong to whole sections.

    A pixel that covers anything unknown is unknown, except on a section that is whole: its outline would be lost.
    """
    whole = whole_sections(labels, vouched)
    small_whole = resize_labels(whole, plane)
    known = resize_labels(vouched, plane)
    known[covers_any(vouched == UNKNOWN, plane) & ~small_whole] = UNKNOWN
    return known, small_whole


def places(labels: np.ndarray, training: np.ndarray, kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Where patches are drawn, (n, 3) z, y, x: as many in every object however large it is.

    Background, and each class, counts as as many objects as its area would make, but at most as half of them (or as
    12 for classes).
    """
    found: list[np.ndarray] = []
    groups = labels if kind == "classes" else np.zeros_like(labels)
    if kind == "instances":
        found += _per_object(labels, training, rng)
    count = max(1, len(found) // 2)
    for value in np.unique(groups[training == AS_LABELLED]) if kind == "classes" else ():
        found.append(_some(np.argwhere((labels == value) & (training == AS_LABELLED)), 12 * _PLACES, rng))
    background = np.argwhere(training == BACKGROUND)
    if len(background):
        area = sum(map(len, found)) if kind == "classes" else _typical(labels, training)
        equal = 12 if kind == "classes" else int(np.clip(round(len(background) / max(1, area)), 1, count))
        found.append(_some(background, equal * _PLACES, rng))
    return np.concatenate(found).astype(np.float32) if found else np.zeros((0, 3), np.float32)


def _per_object(labels: np.ndarray, training: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    _, ranks = ranked(labels)
    where = np.argwhere((training == AS_LABELLED) & (labels > 0))
    ids = ranks[tuple(where.T)]
    order = np.argsort(ids, kind="stable")
    cuts = np.flatnonzero(np.diff(ids[order])) + 1
    return [_some(where[part], _PLACES, rng) for part in np.split(order, cuts)] if len(where) else []


def _some(where: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return where[rng.integers(len(where), size=count)]


def _typical(labels: np.ndarray, training: np.ndarray) -> float:
    sizes = np.bincount(ranked(labels)[1][(training == AS_LABELLED) & (labels > 0)])
    return float(np.median(sizes[sizes > 0])) if sizes.any() else 400.0
