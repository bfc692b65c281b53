"""How many pictures fit, and in how many rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_apprentice.session.pages import MOST

_LEAST_PX = 104  # of a picture's shorter side, in pixels of the screen
_GAP_PX = 6


@dataclass(frozen=True)
class Grid:
    """So many pictures in ``columns``, each ``width`` x ``height`` pixels."""

    count: int
    columns: int
    width: int
    height: int

    @property
    def shorter(self) -> int:
        """Side of a picture."""
        return min(self.width, self.height)

    def corner(self, place: int) -> tuple[int, int]:
        """Where a picture lies (x, y), the first having place 0."""
        row, column = divmod(place, self.columns)
        return column * (self.width + _GAP_PX), row * (self.height + _GAP_PX)


def grid_in(width: int, height: int) -> Grid:
    """Nine pictures, or as many as are large enough to be judged, as large as they can be."""
    for count in range(MOST, 1, -1):
        best = max(
            (_grid(count, columns, width, height) for columns in range(1, count + 1)), key=lambda one: one.shorter
        )
        if best.shorter >= _LEAST_PX:
            return best
    return _grid(1, 1, width, height)


def _grid(count: int, columns: int, width: int, height: int) -> Grid:
    rows = math.ceil(count / columns)
    each = (max(1, (room + _GAP_PX) // n - _GAP_PX) for room, n in ((width, columns), (height, rows)))
    return Grid(count, columns, *each)
