"""Click a cell: one object around a point."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, Job, Result, ResultClass
from napari_apprentice.jobs.refs import Point, VolumeRef
from napari_apprentice.settings import SegmentSettings


class ClickResult(Result):
    """The proposed mask: a box ((start, stop) for t, z, y, x) and its voxels, row-major packed bits in hex.

    ``bits`` is empty when nothing is there; ``np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))``.
    """

    type: Literal["click"] = "click"
    generation: int
    box: tuple[tuple[int, int], ...]
    bits: str = ""
    class_value: int | None = None


class ClickJob(Job):
    """Propose one object around ``point``; answered by the warm engine at once.

    ``labels`` and ``confirmed`` are not needed: the session cuts the proposal where voxels are confirmed.
    """

    verb: ClassVar[str] = "click"
    goes_first: ClassVar[bool] = True
    result: ClassVar[ResultClass] = ClickResult

    type: Literal["click"] = "click"
    image: VolumeRef
    model: Annotated[str, READ]
    point: Point
    generation: int
    settings: SegmentSettings = SegmentSettings()
