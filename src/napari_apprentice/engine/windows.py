"""From corrected frames to what teaches: parts of them at network resolution, with targets and weights.

A frame is resampled to the resolution the network looks at, and cut into windows where something is confirmed, so
that a few corrections in a very large image cost little. A voxel that is not confirmed has weight 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN, rim, whole_sections
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import Scaling, fit
from napari_apprentice.engine.places import places
from napari_apprentice.engine.resample import covers_any, resize, resize_labels
from napari_apprentice.engine.training_data import CorrectedFrame
from napari_apprentice.settings import NormalizeSettings

_EDGE = 768  # network pixels of a window without its context
_CONTEXT = 96  # network pixels around it
_DEPTH = 16  # slices around what is confirmed
# The rim of a corrected object, which nobody confirmed, is background as well as where its distance is 0: else the
# foreground need not end with the object. It counts half, for a neighbour may begin at once.
_RIM_BACKGROUND = 0.5


@dataclass(frozen=True)
class TrainingWindow:
    """A part of a frame at network resolution; arrays are (Z, Y, X) or (K, Z, Y, X).

    ``confirmed`` is everything the user said there, ``validation`` the part of it that judges and ``choosing`` the part
    that chooses a state of the network. ``source.weight`` is what teaches, ``judging`` the weight of the loss of both.
    ``box`` is where it lies in the frame, at the image's resolution.
    """

    name: str
    box: tuple[slice, ...]
    source: Source
    labels: np.ndarray
    confirmed: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    choosing: np.ndarray
    judging: torch.Tensor
    teaches: np.ndarray


def windows_of(
    frame: CorrectedFrame, representation: Representation, normalize: NormalizeSettings, rng: np.random.Generator
) -> Iterator[TrainingWindow]:
    """The windows of a frame in which something is confirmed."""
    scaling = fit(frame.fitted_on, normalize)
    for core, around in _boxes(frame.confirmed, frame.zoom):
        yield _window(frame, core, around, representation, scaling, rng)


def _boxes(confirmed: np.ndarray, zoom: float) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Cores that share the frame out, and each with its context; (z, y, x) slices at the image's resolution."""
    edge, context = math.ceil(_EDGE / zoom), math.ceil(_CONTEXT / zoom)
    depth, height, width = confirmed.shape
    for y, x in itertools.product(_parts(height, edge), _parts(width, edge)):
        planes = np.flatnonzero(confirmed[:, y, x].any(axis=(1, 2)))
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
    frame: CorrectedFrame,
    core: tuple[slice, ...],
    around: tuple[slice, ...],
    representation: Representation,
    scaling: Scaling,
    rng: np.random.Generator,
) -> TrainingWindow:
    labels, confirmed = frame.labels[around], frame.confirmed[around]
    plane = (max(1, round(labels.shape[1] * frame.zoom)), max(1, round(labels.shape[2] * frame.zoom)))
    image = resize(torch.from_numpy(scaling.linear_part(frame.pixels, around)), plane)
    small = resize_labels(labels, plane)
    known, whole = _known(labels, confirmed, plane)
    spacing = (frame.spacing[0], frame.spacing[1] / frame.zoom, frame.spacing[2] / frame.zoom)
    target, weight = representation.encode(small, known, spacing, whole)
    if representation.kind == "instances":
        weight[0][rim(small, known)] = _RIM_BACKGROUND
    own = np.zeros(labels.shape, bool)  # each voxel teaches in one window only
    own[tuple(slice(c.start - a.start, c.stop - a.start) for c, a in zip(core, around, strict=True))] = True
    teaches = ~covers_any(~(frame.side.training[around] & own), plane)
    in_window = resize_labels(own, plane) & (known > 0)
    validation, choosing = (
        np.where(in_window, resize_labels(part[around], plane), UNKNOWN).astype(np.uint8)
        for part in (frame.side.validation, frame.side.choosing)
    )
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
    judging = torch.from_numpy(weight * ((validation > 0) | (choosing > 0)))
    return TrainingWindow(frame.name, around, source, small, known, training, validation, choosing, judging, teaches)


def _known(labels: np.ndarray, confirmed: np.ndarray, plane: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What is confirmed at network resolution, and which voxels belong to whole sections.

    A pixel that covers anything unknown is unknown, except on a section that is whole: its outline would be lost.
    """
    whole = whole_sections(labels, confirmed)
    small_whole = resize_labels(whole, plane)
    known = resize_labels(confirmed, plane)
    known[covers_any(confirmed == UNKNOWN, plane) & ~small_whole] = UNKNOWN
    return known, small_whole
