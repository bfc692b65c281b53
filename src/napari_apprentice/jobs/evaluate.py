"""Evaluate: how well a model does on an image that is annotated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, ArrayRef, Job, Result, ResultClass
from napari_apprentice.jobs.refs import Point, VolumeRef
from napari_apprentice.settings import SegmentSettings, Settings


class WrongRef(Settings):
    """An object that is wrong: how ("missed", "false", "merged", "cut"), where, and how many voxels it has."""

    kind: str
    point: Point
    voxels: int


class EvaluateResult(Result):
    """Scores as of `data.labels.evaluation.ImageScore`; ``marks`` are outlines of the ``wrong`` objects (T, Z, Y, X).

    ``by_slice``: slices were judged one by one. ``background``: whether any is known, so that objects can be false.
    """

    type: Literal["evaluate"] = "evaluate"
    annotated: int
    found: int
    dice: dict[str, float | None]
    precision: tuple[float, ...] | None = None
    panoptic_quality: float | None = None
    pixel_accuracy: float | None = None
    wrong: tuple[WrongRef, ...] = ()
    by_slice: bool = False
    background: bool = True
    marks: Annotated[ArrayRef, WRITTEN]
    seconds: float = 0.0
    device: str = ""


class EvaluateJob(Job):
    """Propose labels for one image and compare them with an annotation.

    ``labels`` and ``confirmed`` (None: all is known) are (T, Z, Y, X) and lie at ``inner`` ((start, stop) for t, z, y,
    x) in the image. The proposal is only on the way, in ``proposal``; outlines of wrong objects are written to ``out``.
    """

    verb: ClassVar[str] = "evaluate"
    holds_region: ClassVar[bool] = True
    result: ClassVar[ResultClass] = EvaluateResult

    type: Literal["evaluate"] = "evaluate"
    image: VolumeRef
    labels: ArrayRef
    confirmed: ArrayRef | None = None
    inner: tuple[tuple[int, int], ...]
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    proposal: str
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the annotation's copy, in which the rest is written, too."""
        return (Path(self.labels.path).parent,)
