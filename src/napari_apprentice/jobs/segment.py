"""Segment: labels for one image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, ArrayRef, Job, Provisional, Result, ResultClass
from napari_apprentice.jobs.refs import VolumeRef
from napari_apprentice.settings import SegmentSettings


class SegmentResult(Result):
    """``objects`` counts instances (or labelled voxels' classes); ``seconds`` is wall time.

    ``diameter`` is the median diameter of instances in image pixels, in the plane. ``doubts`` is the text of a
    `data.labels.doubts.Doubts`, in the pixels of the job; "" when they were not asked for.
    """

    type: Literal["segment"] = "segment"
    labels: Annotated[ArrayRef, WRITTEN]
    objects: int
    diameter: float | None = None
    seconds: float
    device: str = ""
    doubts: str = ""


class ProposingJob(Job):
    """Propose labels for one image; writes uint32 labels (T, Z, Y, X) to ``out``.

    With ``doubts`` it also says which objects are doubtful.
    """

    travels: ClassVar[bool] = True
    holds_region: ClassVar[bool] = True
    result: ClassVar[ResultClass] = SegmentResult

    image: VolumeRef
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    doubts: bool = False
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The file of labels: they are taken from it."""
        return (Path(self.out.path),)


class SegmentJob(ProposingJob):
    """Labels by the model in use."""

    verb: ClassVar[str] = "segment"

    type: Literal["segment"] = "segment"

    @property
    def provisional(self) -> Provisional:
        """Labels tile by tile."""
        return Provisional(image=self.image.pixels, labels=self.out)


class CompareJob(ProposingJob):
    """Labels by a model that is not in use, for a look at what it would change."""

    verb: ClassVar[str] = "compare"

    type: Literal["compare"] = "compare"
