"""Describe: what a network sees in each object, and how large, what shape and how bright it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import WRITTEN, ArrayRef, Result, ResultClass
from napari_apprentice.jobs.live import LearningJob


class DescribeResult(Result):
    """Numbers (n, F) of the objects that were asked for; those from ``own`` on are what the network and filters saw."""

    type: Literal["describe"] = "describe"
    described: Annotated[ArrayRef, WRITTEN]
    own: int
    seconds: float


class DescribeJob(LearningJob):
    """Look at all objects of ``objects`` (n, 2), frames and ids in ``labels`` (T, Z, Y, X); numbers go to ``out``."""

    verb: ClassVar[str] = "describe"
    result: ClassVar[ResultClass] = DescribeResult

    type: Literal["describe"] = "describe"
    labels: ArrayRef
    objects: ArrayRef
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """All of its files: what it found is taken from them."""
        return Path(self.labels.path), Path(self.objects.path), Path(self.out.path)
