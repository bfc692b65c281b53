"""Which part of an image *Live* looks at: one slice, no more of it than is looked at at once."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.errors import UserError

LARGEST = 1024  # pixels of a view along an edge


def view_in(box: Sequence[slice] | None, shape: tuple[int, ...]) -> Region:
    """The middle of a box in labels of ``shape`` (T, Z, Y, X): one slice, no larger than is looked at at once."""
    parts = [slice(None)] * 4 if box is None else list(box)
    edges = [part.indices(n)[:2] for part, n in zip(parts, shape, strict=True)]
    if any(start >= stop for start, stop in edges):
        raise UserError("This part lies outside the image: choose one inside it.")
    found = [slice(start, start + 1) for start, _ in edges[:2]]
    for start, stop in edges[2:]:
        size = min(stop - start, LARGEST)
        first = (start + stop - size) // 2
        found.append(slice(first, first + size))
    return found[0], found[1], found[2], found[3]


def around(region: Region, shape: tuple[int, ...]) -> Region:
    """As much of the slice around a part of it as is looked at at once."""
    parts = []
    for part, n in zip(region[2:], shape[2:], strict=True):
        size = min(n, LARGEST)
        first = min(max(0, (part.start + part.stop - size) // 2), n - size)
        parts.append(slice(first, first + size))
    return region[0], region[1], parts[0], parts[1]
