"""Click a cell: one object, or area of a class, asked for by clicks or a box."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, Job, Result, ResultClass
from napari_apprentice.jobs.masks import PackedMask
from napari_apprentice.jobs.refs import Point, VolumeRef
from napari_apprentice.settings import SegmentSettings, Settings


class Asked(Settings):
    """What was asked of one object so far, and the mask that came of it, where the image is that the job looks at.

    Attributes
    ----------
    add, remove
        Clicks (t, z, y, x) on what belongs to the object, and on what does not.
    drawn
        First and last corner of a box in a slice, both inside it; None: no box was drawn.
    mask
        What came of it, or what there was before.
    smoothing
        How far the slices of a volume were smoothed to see it, in pixels; None: that is not known yet.
    """

    add: tuple[Point, ...] = ()
    remove: tuple[Point, ...] = ()
    drawn: tuple[Point, Point] | None = None
    mask: PackedMask = PackedMask()
    smoothing: float | None = None


class ClickResult(Result):
    """The proposed mask.

    ``is_unsure``: there may as well be nothing. ``smoothing`` as in `Asked`.
    """

    type: Literal["click"] = "click"
    generation: int
    mask: PackedMask = PackedMask()
    is_unsure: bool = False
    smoothing: float | None = None


class ClickJob(Job):
    """Propose what a model for all objects, or classes, finds around ``point``; answered by the warm engine at once.

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


class AskingJob(Job):
    """Propose the one object that is asked for, with a network for that (``click_model``), whatever it is.

    Attributes
    ----------
    asked
        What was asked before, and the mask that there is.
    point, removes
        The newest click, and whether it is on what does not belong to the object; None: the box of ``asked`` is new.
    one_slice
        Stay in the slice of the point, or box, of a volume.
    width
        How wide objects are here, in pixels, where that is known: one look is enough then.
    rival
        What a model for all objects would be asked; its answer is taken where both see the same object.
    """

    result: ClassVar[ResultClass] = ClickResult

    image: VolumeRef
    click_model: Annotated[str, READ]
    asked: Asked
    point: Point | None
    removes: bool = False
    generation: int
    one_slice: bool = False
    width: float | None = None
    rival: ClickJob | None = None
    settings: SegmentSettings = SegmentSettings()


class AskJob(AskingJob):
    """Somebody clicked, and waits."""

    verb: ClassVar[str] = "click"
    goes_first: ClassVar[bool] = True

    type: Literal["ask"] = "ask"


class SuggestJob(AskingJob):
    """What may be at a doubtful place, asked ahead of time."""

    verb: ClassVar[str] = "suggest"

    type: Literal["suggest"] = "suggest"
