"""The part of an image that is looked at, at network resolution, and what a network is given to see it well."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.geometry.patches import Slices, round_up
from napari_apprentice.settings import Triple

_LARGEST = {2: 1024, 3: 192}  # network pixels of a view along y and x
_DEPTH = 16  # slices of which a 3D network is shown
# Network voxels (z, y, x) that are seen around the view; what lies farther away counts little.
_FARTHEST = {2: (0, 96, 96), 3: (8, 32, 32)}


@dataclass(frozen=True)
class Given:
    """What a network is given: ``read`` at its own resolution, mirrored at the far ends up to ``shape``."""

    read: Slices
    shape: Triple


def view_in(net: NetSettings, edges: tuple[tuple[int, int], ...], shape: Triple, seen: Triple) -> Slices:
    """The part of an image of ``shape`` that is looked at, at network resolution (``seen``), no larger than one pass.

    ``edges`` are (start, stop) for z, y, x. A 3D network is shown several slices around the middle one.
    """
    parts = []
    for axis, ((start, stop), n, m) in enumerate(zip(edges, shape, seen, strict=True)):
        first, last = math.floor(start * m / n), math.ceil(stop * m / n)
        size = min(m, last - first, _LARGEST[net.dims])
        if axis == 0:
            size = min(m, _DEPTH) if net.dims == 3 else 1
        begin = min(max(0, (first + last - size) // 2), m - size)
        parts.append(slice(begin, begin + size))
    return parts[0], parts[1], parts[2]


def seen_around(net: NetSettings) -> int:
    """Network pixels in the plane that are looked at around a view."""
    return max(map(min, net.receptive_radius[1:], _FARTHEST[net.dims][1:]))


def widen_view(net: NetSettings, view: Slices, seen: Triple) -> Given:
    """The view with what is around it, so that the network sees it as in the whole image, or nearly."""
    read, lengths = [], []
    reaches = map(min, net.receptive_radius, _FARTHEST[net.dims])
    for part, multiple, far, n in zip(view, net.multiple, reaches, seen, strict=True):
        start = max(0, part.start - far) // multiple * multiple  # the grid on which the whole image is pooled
        stop = start + round_up(min(n, part.stop + far) - start, multiple)
        read.append(slice(start, min(n, stop)))
        lengths.append(stop - start)
    return Given((read[0], read[1], read[2]), (lengths[0], lengths[1], lengths[2]))
