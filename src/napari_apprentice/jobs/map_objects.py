"""Map: objects as points in a plane, those that look alike to the network near each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import WRITTEN, ArrayRef, Job, Process, Result, ResultClass

MapMethod = Literal["pca", "tsne"]


class MapResult(Result):
    """Rows (n, 3): where each object lies, and how far it is from those most like it (1: as far as is usual)."""

    type: Literal["map"] = "map"
    placed: Annotated[ArrayRef, WRITTEN]
    method: MapMethod
    seconds: float


class MapJob(Job):
    """Lay out objects by even numbers (n, F) in ``values``, by the two axes in which they differ most."""

    verb: ClassVar[str] = "map"
    result: ClassVar[ResultClass] = MapResult
    when_out_of_memory: ClassVar[str] = "The memory is not enough for the map: close other programs and try again."

    type: Literal["map"] = "map"
    method: ClassVar[MapMethod] = "pca"
    values: ArrayRef
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """Both files: what it found is taken from them."""
        return Path(self.values.path), Path(self.out.path)


class TsneJob(MapJob):
    """The same by t-SNE, which takes up to a minute."""

    process: ClassVar[Process] = "own"
    method: ClassVar[MapMethod] = "tsne"

    type: Literal["map-tsne"] = "map-tsne"  # type: ignore[assignment]
