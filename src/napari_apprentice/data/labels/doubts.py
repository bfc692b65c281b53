"""Places of a proposal that deserve a look, with how doubtful each is: small enough for a pipe and a file."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels import mends
from napari_apprentice.data.labels.mends import Mends

DOUBTFUL = 0.15  # from which doubt on a place is shown to the user
LIKELY = 0.3  # from which doubt on it is shown before other images are looked at
_STEPS = 10_000  # of doubt that are told apart in a record
_PLACE = 14  # columns of a record: point, box, doubt, whether it is no object
_COLUMNS = _PLACE + mends.COLUMNS
_MOST = 1 << 22  # places in a record
_NEAR = 3.0  # times as far as they are wide, within which places count as one clump
_CLUMPED = 0.8  # what is left of a doubt for each place of its clump that is looked at before


@dataclass(frozen=True, eq=False)
class Doubts:
    """Objects, and places where nearly one was proposed (``missed``).

    Attributes
    ----------
    points
        A voxel (t, z, y, x) of each, (n, 4): deep inside of an object. What has its label is that object, whatever it
        is called by then.
    boxes
        Where each begins and ends along t, z, y, x, (n, 4, 2).
    values
        From 0 to 1: of places with a doubt of .3 about three in ten are wrong, on the images it was fitted on.
    missed
        Which of them are no objects.
    mends
        How each may be mended; by default nothing is known of it.
    """

    points: NDArray[np.int64]
    boxes: NDArray[np.int64]
    values: NDArray[np.float64]
    missed: NDArray[np.bool_]
    mends: Mends = field(default_factory=lambda: Mends.nothing(0))

    def __post_init__(self) -> None:
        if len(self.mends) != len(self.values):
            object.__setattr__(self, "mends", Mends.nothing(len(self.values)))

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def none(cls) -> Self:
        """No places."""
        return cls(np.zeros((0, 4), np.int64), np.zeros((0, 4, 2), np.int64), np.zeros(0), np.zeros(0, bool))

    @classmethod
    def together(cls, parts: Sequence[Doubts]) -> Self:
        """Places of several frames or blocks."""
        every: list[Doubts] = [cls.none(), *parts]
        return cls(
            np.concatenate([one.points for one in every]),
            np.concatenate([one.boxes for one in every]),
            np.concatenate([one.values for one in every]),
            np.concatenate([one.missed for one in every]),
            Mends.together([one.mends for one in every]),
        )

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Some of the places, by a mask or by their numbers."""
        mine = self.mends.only(which)
        return type(self)(self.points[which], self.boxes[which], self.values[which], self.missed[which], mine)

    def moved(self, by: Sequence[int]) -> Self:
        """The same in an array that begins ``by`` voxels (t, z, y, x) before this one."""
        step = np.asarray(by, np.int64)
        boxes = self.boxes + step[:, None]
        return type(self)(self.points + step, boxes, self.values, self.missed, self.mends.moved(step))

    def inside(self, box: Sequence[slice]) -> NDArray[np.bool_]:
        """Which points lie in a box (t, z, y, x)."""
        low, high = np.array([one.start for one in box]), np.array([one.stop for one in box])
        return np.asarray(((self.points >= low) & (self.points < high)).all(axis=1))

    def most_doubtful(self, count: int) -> Self:
        """So many of the places at most."""
        return self if len(self) <= count else self.only(np.argsort(-self.values, kind="stable")[:count])

    def order(self, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> NDArray[np.int64]:
        """The numbers of the places, the most doubtful first, but not all of one clump before all others.

        A place counts less for each more doubtful one in the same part of the image, a few objects wide; parts are
        laid out twice, half a width apart, so that neighbours share one. ``spacing`` is (z, y, x).
        """
        steps = np.asarray(spacing, float) / spacing[-1]
        wide = (np.diff(self.boxes[:, 1:], axis=2)[:, :, 0] * steps).max(axis=1, initial=1.0)
        reach = _NEAR * float(np.median(wide)) if len(self) else 1.0
        at = self.points[:, 1:] * steps / reach
        before = np.zeros(len(self), np.int64)
        for shift in (0.0, 0.5):
            part = np.c_[self.points[:, 0], np.floor(at + shift)].astype(np.int64)
            before = np.maximum(before, _places_before(part, self.values))
        return np.argsort(-self.values * _CLUMPED**before, kind="stable")

    def to_bytes(self) -> bytes:
        """A compact record without pickle."""
        rows = np.empty((len(self), _COLUMNS), "<i4")
        rows[:, :4], rows[:, 4:12] = self.points, self.boxes.reshape(-1, 8)
        rows[:, 12], rows[:, 13] = np.rint(self.values * _STEPS), self.missed
        rows[:, _PLACE:] = self.mends.to_rows()
        return zlib.compress(rows.tobytes(), 1)

    @classmethod
    def from_bytes(cls, record: bytes, shape: Sequence[int] | None = None) -> Self:
        """The places that `to_bytes` wrote, of an image of ``shape`` if given; `ValueError` for anything else."""
        unpacking = zlib.decompressobj()
        try:
            body = unpacking.decompress(record, 4 * _COLUMNS * _MOST + 1)
        except zlib.error as error:
            raise ValueError(f"damaged record of doubts: {error}") from error
        if not unpacking.eof or len(body) % (4 * _COLUMNS):
            raise ValueError("damaged record of doubts: its length is wrong")
        rows = np.frombuffer(body, "<i4").reshape(-1, _COLUMNS).astype(np.int64)
        points, boxes = rows[:, :4], rows[:, 4:12].reshape(-1, 4, 2)
        fits = (points >= boxes[..., 0]).all() and (points < boxes[..., 1]).all() and (boxes >= 0).all()
        if not fits or (shape is not None and (boxes[..., 1] > np.asarray(shape)).any()):
            raise ValueError("damaged record of doubts: its places do not fit the image")
        return cls(points, boxes, rows[:, 12] / _STEPS, rows[:, 13] > 0, Mends.from_rows(rows[:, _PLACE:]))

    def to_text(self) -> str:
        """`to_bytes` for a message."""
        return base64.b64encode(self.to_bytes()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The places that `to_text` wrote."""
        return cls.from_bytes(base64.b64decode(text))


def _places_before(part: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many places of the same part (n, 4) have larger values; of equals the first counts as larger."""
    if len(part) == 0:
        return np.zeros(0, np.int64)
    group = np.unique(part, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((np.arange(len(values)), -values, group))
    starts = np.r_[0, np.flatnonzero(np.diff(group[order])) + 1]
    first = np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - first
    return before
