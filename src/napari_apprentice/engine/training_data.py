"""What a job of teaching was given: the corrected frames, and which of their corrections teach and which judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.image.channels import luminance
from napari_apprentice.data.image.zoom import median_diameter
from napari_apprentice.data.labels.corrections import Corrections
from napari_apprentice.data.labels.halves import Halves, in_halves
from napari_apprentice.data.labels.holdout import Holdout, Side, split_blocks
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TeachJob, TrainingImageRef


@dataclass(frozen=True)
class CorrectedFrame:
    """One corrected frame of one image: pixels (C, Z, Y, X), the rest (Z, Y, X), at the image's resolution.

    ``fitted_on`` are the pixels (C, Z, Y, X) that say what intensities mean: the frame's own, or those of the whole
    image that it is a part of.
    """

    name: str
    pixels: np.ndarray
    fitted_on: np.ndarray
    labels: np.ndarray
    confirmed: np.ndarray
    side: Side
    zoom: float
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class CorrectedImages:
    """The corrections of a job: references and arrays of the frames that have any, and how they are shared out.

    ``keys`` are what they are shared out by (`holdout.split_blocks`).
    """

    refs: tuple[TrainingImageRef, ...]
    frames: tuple[np.ndarray, ...]
    corrections: tuple[Corrections, ...]
    holdout: Holdout
    diameter: float | None
    keys: tuple[str, ...]

    @property
    def halves(self) -> Halves | None:
        """Objects in halves, where too few are set aside; takes seconds for a large image."""
        return in_halves(list(zip(self.keys, self.corrections, strict=True)), self.holdout)


def read_corrections(job: TeachJob) -> CorrectedImages:
    """Read what is confirmed; `UserError` when nothing is."""
    refs, frames, corrections, keys = [], [], [], []
    for ref in job.training_data:
        confirmed = scratch.read(ref.confirmed)
        used = np.flatnonzero([bool(frame.any()) for frame in confirmed])
        if len(used) == 0:
            continue
        refs.append(ref)
        frames.append(used)
        corrections.append(Corrections(np.asarray(scratch.read(ref.labels)[used]), np.asarray(confirmed[used])))
        keys.append(ref.key or ref.image.name)
    if not refs:
        raise UserError("Nothing is confirmed yet: correct or approve a few objects, then teach.")
    training_data = list(zip(keys, corrections, strict=True))
    holdout = split_blocks(training_data, job.kind)
    diameters = [median_diameter(c.labels, c.confirmed) for c in corrections] if job.kind == "instances" else []
    known = [d for d in diameters if d is not None]
    return CorrectedImages(
        tuple(refs),
        tuple(frames),
        tuple(corrections),
        holdout,
        float(np.median(known)) if known else None,
        tuple(keys),
    )


def seen_in(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Of a frame (C, Z, Y, X) the channels that a network takes: of colours, their luminance."""
    return pixels if pixels.shape[0] == channels else np.asarray(luminance(pixels[None])[0])


def frames_of(
    corrected: CorrectedImages, zooms: list[float], sides: Sequence[Side] | None = None
) -> Iterator[CorrectedFrame]:
    """Every frame with corrections, its pixels read; ``zooms``, and ``sides`` if they are others, are of the images."""
    shared = corrected.holdout.sides if sides is None else sides
    for ref, used, c, side, zoom in zip(
        corrected.refs, corrected.frames, corrected.corrections, shared, zooms, strict=True
    ):
        pixels = scratch.read(ref.image.pixels)
        for i, t in enumerate(used):
            own = Side(side.training[i], side.validation[i], side.choosing[i])
            frame = np.asarray(pixels[t])
            fitted_on = frame if ref.image.fitted_on is None else np.asarray(scratch.read(ref.image.fitted_on)[0])
            yield CorrectedFrame(
                ref.image.name, frame, fitted_on, c.labels[i], c.confirmed[i], own, zoom, ref.image.spacing
            )
