"""Look inside: what the network has of a part of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, ArrayRef, Job, Result, ResultClass
from napari_apprentice.jobs.refs import VolumeRef
from napari_apprentice.settings import SegmentSettings


class InsideResult(Result):
    """A map (channels, z, y, x), the channels that vary most first; ``channels`` are their places in the network.

    Of the level `OUTPUT` these are probabilities in the order of the classes, with their ``names``. A voxel of the map
    is ``scale`` (z, y, x) voxels of the image large, and the centre of the first one lies at ``origin``, both in image
    voxels: voxel i of the image is centred on i.
    """

    type: Literal["inside"] = "inside"
    generation: int
    level: str
    map: Annotated[ArrayRef, WRITTEN]
    channels: tuple[int, ...]
    frame: int
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]
    names: tuple[str, ...] = ()


OUTPUT = "output"  # the level of what the model says: the probability of foreground, or of each class


class InsideJob(Job):
    """Show what the network has at ``level`` (`NetSettings.maps`) of the part of the image in ``box``.

    Of the level `OUTPUT` all of the frame is shown, tile by tile as *Segment* sees it.

    ``box`` is (start, stop) for t, z, y, x, one frame. A view that is too large for one pass is cut to its middle, and
    a 3D network sees some slices above and below. The map is written to ``out``.
    """

    verb: ClassVar[str] = "inside"
    goes_first: ClassVar[bool] = True
    result: ClassVar[ResultClass] = InsideResult

    type: Literal["inside"] = "inside"
    image: VolumeRef
    model: Annotated[str, READ]
    level: str
    box: tuple[tuple[int, int], ...]
    generation: int
    settings: SegmentSettings = SegmentSettings()
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The file of the map: it is taken from it."""
        return (Path(self.out.path),)
