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
    `data.labels.doubts.Doubts`, in the pixels of the job; "" when they were not asked for. ``sure`` is what the network
    itself expects of its masks, from 0 to 1 (`engine.doubting.sureness`); None when it was not asked for.
    """

    type: Literal["segment"] = "segment"
    labels: Annotated[ArrayRef, WRITTEN]
    objects: int
    diameter: float | None = None
    seconds: float
    device: str = ""
    doubts: str = ""
    sure: float | None = None


class ProposingJob(Job):
    """Propose labels for one image; writes uint32 labels (T, Z, Y, X) to ``out``.

    With ``doubts`` it also says which objects are doubtful, and how sure the network is of all.
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


class TryJob(ProposingJob):
    """Labels of a part of an image by one of several models that are looked at side by side.

    ``own`` are files that were written for it: its part of the image, and what its intensities are fitted on.
    """

    verb: ClassVar[str] = "try"

    type: Literal["try"] = "try"
    own: tuple[str, ...] = ()

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The files written for it, too."""
        return (*super().temporary, *map(Path, self.own))
