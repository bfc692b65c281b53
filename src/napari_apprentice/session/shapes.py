"""An object takes another shape: redrawn, without holes, smoother, larger, smaller; filled in between slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.typing import ArrayLike

from napari_apprentice.data.image.units import micrometers
from napari_apprentice.data.labels import between_slices, redrawing, shapes
from napari_apprentice.data.labels.corrections import Confirmed, Labels
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.directions import Seen, SliceAxis
from napari_apprentice.data.labels.reshaping import ObjectInFrame
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse

_Maker = Callable[[Labels, Confirmed, ObjectInFrame, float, Sequence[float]], Delta]


class Shapes:
    """Reshapes the object at a point (t, z, y, x) of the current image; one undo step each.

    The result is confirmed. Slices are ``across`` z unless another axis is named. Each raises `UserError` where there
    is no object, and in a project of classes.

    Attributes
    ----------
    one_slice
        What is filled, smoothed, grown or shrunk is the object in its slice only.
    """

    def __init__(self, choices: Choices, images: Images, edits: Edits) -> None:
        self._choices = choices
        self._images = images
        self._edits = edits
        self._distances: dict[str, float] = {}  # by unit
        self.one_slice = False

    def why_not(self) -> str:
        """What is missing for it."""
        return "Areas of classes have no shape of their own: paint them." if self._choices.kind == "classes" else ""

    def interpolate(self, point: Sequence[float], *, across: SliceAxis = "z") -> None:
        """Fill the object in between the slices in which it was painted or approved; `UserError` if there are none."""
        self._reshape(lambda seen: between_slices.interpolate(seen.labels, seen.confirmed, seen.point(point)), across)

    def copy_section(self, point: Sequence[float], step: int, *, across: SliceAxis = "z") -> None:
        """In the slice ``step`` further on the object is as it is in this one; `UserError` beyond the last slice."""
        self._reshape(
            lambda seen: between_slices.copy_section(seen.labels, seen.confirmed, seen.point(point), step), across
        )

    def redraw(self, line: ArrayLike, *, across: SliceAxis = "z") -> None:
        """A ``line`` through points (count, 4) as (t, z, y, x) of a slice is the outline there, from end to end.

        `UserError` when it does not begin and end near the outline of an object.
        """
        self._reshape(lambda seen: redrawing.redraw_outline(seen.labels, seen.confirmed, seen.points(line)), across)

    def fill_holes(self, point: Sequence[float], *, one_slice: bool | None = None, across: SliceAxis = "z") -> None:
        """What the object encloses is part of it; `UserError` when it encloses nothing."""
        self._reshape(
            lambda seen: shapes.fill_holes(seen.labels, seen.confirmed, self._object(seen, point, one_slice)), across
        )

    def smooth(
        self,
        point: Sequence[float],
        *,
        distance: float | None = None,
        one_slice: bool | None = None,
        across: SliceAxis = "z",
    ) -> None:
        """Round off what of the object is narrower than about twice the distance."""
        self._change(shapes.smooth, point, distance, one_slice, across)

    def grow(
        self,
        point: Sequence[float],
        *,
        distance: float | None = None,
        one_slice: bool | None = None,
        across: SliceAxis = "z",
    ) -> None:
        """The object takes in all background within the distance; `UserError` if there is none."""
        self._change(shapes.grow, point, distance, one_slice, across)

    def shrink(
        self,
        point: Sequence[float],
        *,
        distance: float | None = None,
        one_slice: bool | None = None,
        across: SliceAxis = "z",
    ) -> None:
        """The object loses all that is within the distance of its outline; `UserError` if nothing is left, or all."""
        self._change(shapes.shrink, point, distance, one_slice, across)

    @property
    def unit(self) -> str:
        """Of distances in the current image: "um", or "px" where it has no pixel size."""
        entry = self._images.current
        return "px" if entry is None or micrometers(entry.volume.unit) is None else "um"

    @property
    def distance(self) -> float:
        """By how much objects are smoothed, grown and shrunk if nothing else is said, in ``unit``: two pixels at first.

        It is remembered for images with a pixel size and for those without.
        """
        if self.unit not in self._distances:
            self._distances[self.unit] = float(f"{2 * self._steps[2]:.2g}")
        return self._distances[self.unit]

    @distance.setter
    def distance(self, value: float) -> None:
        self._distances[self.unit] = value

    @property
    def _steps(self) -> tuple[float, float, float]:
        """Between voxels of the current image along (z, y, x), in ``unit``; without a pixel size x is 1."""
        volume = self._images.open_entry.volume
        z, y, x = volume.spacing
        size = micrometers(volume.unit)
        return (z / x, y / x, 1.0) if size is None else (z * size, y * size, x * size)

    def _change(
        self,
        maker: _Maker,
        point: Sequence[float],
        distance: float | None,
        one_slice: bool | None,
        across: SliceAxis,
    ) -> None:
        def changed(seen: Seen) -> Delta:
            far = self.distance if distance is None else distance
            return maker(seen.labels, seen.confirmed, self._object(seen, point, one_slice), far, seen.of(self._steps))

        self._reshape(changed, across)

    def _object(self, seen: Seen, point: Sequence[float], one_slice: bool | None) -> ObjectInFrame:
        """The object, or what of it is in its slice."""
        at = seen.point(point)
        one = ObjectInFrame.at(seen.labels, at)
        return one.section(round(at[1])) if (self.one_slice if one_slice is None else one_slice) else one

    def _reshape(self, maker: Callable[[Seen], Delta], across: SliceAxis) -> None:
        refuse(self.why_not())
        entry = self._images.open_entry
        seen = Seen(entry.labels, entry.confirmed, across)
        self._edits.apply_to_objects(entry, seen.edit(maker(seen)))
