"""Looking inside the network: what a level of it makes of the part of the image that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.architecture.layers import Stage
from napari_apprentice.data import scratch
from napari_apprentice.data.regions import Region
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, InsideJob, InsideResult
from napari_apprentice.project.folder import Project
from napari_apprentice.runners import Runners
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.jobs import NO_IMAGE, Jobs
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.state import refuse
from napari_apprentice.session.work import Running


@dataclass(frozen=True)
class InsideMap:
    """What the network has at a level: ``values`` (channels, z, y, x), the channels that vary most first.

    ``channels`` are their places in the network. A voxel is ``scale`` (z, y, x) voxels of the image large, and the
    centre of the first one lies at ``origin`` in frame ``frame``, both in image voxels.
    """

    entry: Entry
    level: str
    values: NDArray[Any]
    channels: tuple[int, ...]
    frame: int
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]

    @property
    def is_gate(self) -> bool:
        """Whether values say how much of a skip is let through, 0 to 1."""
        return self.level.startswith("gate")


class Looking(Jobs):
    """Adds the verb that shows maps of the network in use."""

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._looks = 0
        self.inside_map: InsideMap | None = None  # the last one
        super().__init__(project, runners)

    @property
    def levels(self) -> tuple[Stage, ...]:
        """What can be looked at in the network in use, or in the one that a fresh start would have."""
        header = self.model.header
        if header is not None:
            return header.net.maps
        try:
            return self.fresh_net().maps
        except UserError:  # it is not for this image
            return ()

    def why_not_look_inside(self) -> str:
        """What looking inside the network still misses; "" when it can be done."""
        if self.current is None:
            return NO_IMAGE
        if self.model.is_fresh:
            return "A fresh network has learned nothing that could be seen inside: teach it first."
        return self.why_not_fits(self.current.volume)

    def look_inside(self, level: str, box: Sequence[slice] | None = None) -> None:
        """Show a level of the network, one of `levels` such as "encoder 0"; answered by `looked_inside`.

        Parameters
        ----------
        level
            Its name; `UserError` when the network in use has no such level.
        box
            The part of the image to look at, as slices for t, z, y, x of one frame; None: the first frame. A part that
            is too large is cut to its middle.
        """
        refuse(self.why_not_look_inside())
        names = [stage.name for stage in self.levels]
        if level not in names:
            raise UserError(f"{self.model.title} has no level {level}: choose one of {', '.join(names)}.")
        project, entry, model = self._asked()
        self.cancel("inside")
        self._looks += 1
        id_ = self._job_id("inside")
        job = InsideJob(
            id=id_,
            image=pixels_of(entry, self.model.header, project.scratch),
            model=str(model),
            level=level,
            box=_edges(box, entry.labels.shape, entry.inner),
            generation=self._looks,
            settings=self._settings_here,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        self._start("inside", job, entry)

    def _take_map(self, result: InsideResult, running: Running) -> None:
        entry = running.entry
        if result.generation != self._looks or entry is not self.current or running.reading != entry.reading:
            return
        if running.model != self.model.key:
            return
        self.inside_map = InsideMap(
            entry,
            result.level,
            np.array(scratch.read(result.map)),  # the file goes with the job
            result.channels,
            result.frame - running.inner[0].start,
            result.scale,
            _moved(result.origin, running.inner),
        )
        self.looked_inside.emit(self.inside_map)


def _moved(origin: tuple[float, float, float], inner: Region) -> tuple[float, float, float]:
    """A place in what the network looked at, in the entry's labels."""
    z, y, x = (at - part.start for at, part in zip(origin, inner[1:], strict=True))
    return z, y, x


def _edges(box: Sequence[slice] | None, shape: tuple[int, ...], inner: Region) -> tuple[tuple[int, int], ...]:
    """(start, stop) for t, z, y, x of one frame of what the network looks at; `UserError` when nothing is left.

    ``box`` is in the entry's labels of ``shape``, which lie at ``inner`` there.
    """
    parts = [slice(None)] * 4 if box is None else list(box)
    edges = [part.indices(length)[:2] for part, length in zip(parts, shape, strict=True)]
    if any(start >= stop for start, stop in edges):
        raise UserError("This part lies outside the image: choose one inside it.")
    edges = [(start + part.start, stop + part.start) for (start, stop), part in zip(edges, inner, strict=True)]
    frame = edges[0][0]
    return (frame, frame + 1), *edges[1:]
