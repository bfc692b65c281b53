"""What *Live* proposes for a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.session.project_image import ProjectImage


@dataclass(frozen=True, eq=False)
class LiveProposal:
    """Class values (y, x) uint8, or ids uint32 of objects, in ``region`` (one slice) of an image's labels.

    ``labels`` are 0 where nothing is, and where something is confirmed: there the masks show it.
    ``known`` are the classes told apart, 0 being background (0 and 1 for objects); () while there are fewer than two.
    """

    entry: ProjectImage
    region: Region
    labels: NDArray[Any]
    known: tuple[int, ...]
    used: int
    looked_s: float
    seconds: float
