"""Segment an image too large for memory, from file to file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from napari_apprentice.jobs.base import READ, WRITTEN, Job, Result, ResultClass
from napari_apprentice.jobs.refs import StoreRef
from napari_apprentice.settings import Kind, ReadAs, SegmentSettings


class SegmentLargeResult(Result):
    """``labels`` is what was written; ``objects`` counts instances (or classes).

    ``doubts`` is the text of a `data.labels.doubts.Doubts` with the most doubtful places, where there is a store.
    """

    type: Literal["segment-large"] = "segment-large"
    labels: Annotated[str, WRITTEN]
    objects: int
    seconds: float
    device: str = ""
    doubts: str = ""


class SegmentLargeJob(Job):
    """Propose labels for an image that memory cannot hold; writes them to ``out`` and in other formats ``also``.

    ``image`` is what `read_image` takes, ``read_as`` what is said about it; a block may take about ``memory_mb``.
    With a ``store`` the proposal is merged into the labels there, which mean ``labels_kind``, and ``out`` is only on
    the way.
    """

    verb: ClassVar[str] = "segment"
    result: ClassVar[ResultClass] = SegmentLargeResult

    type: Literal["segment-large"] = "segment-large"
    image: str
    read_as: ReadAs = ReadAs()
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    memory_mb: Annotated[float, Field(gt=0)] = 1000.0
    out: Annotated[str, WRITTEN]
    also: tuple[str, ...] = ()
    store: StoreRef | None = None
    labels_kind: Kind = "instances"

    @property
    def all_out(self) -> tuple[str, ...]:
        """All that is written."""
        return self.out, *self.also
