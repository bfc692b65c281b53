"""Looking inside the network: what a level of it makes of the part of the image that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.architecture.layers import Stage
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.models import why_not_known
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import OUTPUT, ArrayRef, InsideJob, InsideResult
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Origin, Running


@dataclass(frozen=True)
class InsideMap:
    """What the network has at a level: ``values`` (channels, z, y, x), the channels that vary most first.

    ``channels`` are their places in the network. Of the level "output", the probabilities of foreground or of each
    class, they are in the order of the classes, with their ``names``. A voxel is ``scale`` (z, y, x) voxels of the
    image large, and the centre of the first one lies at ``origin`` in frame ``frame``, both in image voxels.
    """

    entry: ProjectImage
    level: str
    values: NDArray[Any]
    channels: tuple[int, ...]
    frame: int
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]
    names: tuple[str, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether values lie between 0 and 1: how much of a skip a gate lets through, or probabilities."""
        return self.level == OUTPUT or self.level.startswith("gate")


class LookInside:
    """The last map asked for is shown; older answers are dropped."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._looks = 0
        self.map: InsideMap | None = None  # the last one

    @property
    def levels(self) -> tuple[Stage, ...]:
        """What can be looked at in the network in use, or in the one that a fresh start would have."""
        header = self._parts.models.in_use.header
        if header is not None:
            return header.net.maps
        try:
            return self._parts.models.fresh_net().maps
        except UserError:  # it is not for this image
            return ()

    def why_not(self) -> str:
        """What looking inside the network still misses; "" when it can be done."""
        entry, models = self._parts.images.current, self._parts.models
        if entry is None:
            return NO_IMAGE
        if models.in_use.is_fresh:
            return "A fresh network has learned nothing that could be seen inside: teach it first."
        return models.why_not_fits(entry.volume)

    def __call__(self, level: str, box: Sequence[slice] | None = None) -> None:
        """Show a level of the network; see `Session.look_inside`."""
        refuse(self.why_not())
        if level != OUTPUT:
            refuse(why_not_known(self._parts.models.in_use.header, f'only its "{OUTPUT}" can be looked at'))
        names = [OUTPUT, *(stage.name for stage in self.levels)]
        if level not in names:
            title = self._parts.models.in_use.title
            raise UserError(f"{title} has no level {level}: choose one of {', '.join(names)}.")
        self._parts.queue.cancel("inside")
        self._looks += 1
        self._parts.queue.start(self._job(level, box), self._parts.origin(), self._accept)

    def _job(self, level: str, box: Sequence[slice] | None) -> InsideJob:
        parts, (project, entry, model) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("inside")
        return InsideJob(
            id=id_,
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            level=level,
            box=_edges(box, entry.labels.shape, entry.inner),
            generation=self._looks,
            settings=parts.compute.settings_here,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def _is_stale(self, origin: Origin, result: InsideResult) -> bool:
        is_current = origin.entry is self._parts.images.current and origin.is_same_part
        return result.generation != self._looks or not is_current or origin.model != self._parts.models.in_use.key

    def _accept(self, running: Running, result: InsideResult) -> None:
        origin = running.origin
        if self._is_stale(origin, result):
            return
        self.map = InsideMap(
            origin.entry,
            result.level,
            np.array(scratch.read(result.map)),  # the file goes with the job
            result.channels,
            result.frame - origin.inner[0].start,
            result.scale,
            _moved(result.origin, origin.inner),
            result.names,
        )
        self._parts.signals.looked_inside.emit(self.map)


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
