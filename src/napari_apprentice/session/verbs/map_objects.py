"""*Map*: the objects of the current image as points, alike ones near each other, and how unusual each is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.objects.table import objects_of
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, MapJob, MapMethod, MapResult, TsneJob
from napari_apprentice.session.images import refuse
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.running import Running
from napari_apprentice.session.verbs.describe import Describe

UNUSUAL = "unusual"  # the column of the table
_CLEARLY = 2.0  # times as far from its neighbours as is usual
_FEW = 20


@dataclass(frozen=True, eq=False)
class ObjectMap:
    """Points (n, 2) of objects by their ``keys`` (n,), ascending, as the table has them.

    ``unusual`` (n,) says how far each is from those most like it, 1 being as far as is usual.
    """

    entry: ProjectImage
    keys: NDArray[np.int64]
    points: NDArray[np.float32]
    unusual: NDArray[np.float64]
    method: MapMethod

    @property
    def outliers(self) -> NDArray[np.int64]:
        """The keys of the most unusual objects, the first of them first: clearly unusual ones, at most twenty."""
        order = np.argsort(-self.unusual, kind="stable")[:_FEW]
        return self.keys[order[self.unusual[order] >= _CLEARLY]]


class MapObjects:
    """Objects that are not known are looked at first."""

    def __init__(self, parts: SessionParts, describe: Describe) -> None:
        self._parts = parts
        self._describe = describe
        self._wanted: MapMethod | None = None  # once objects were looked at
        self.map: ObjectMap | None = None
        parts.signals.image_changed.connect(self.forget)
        parts.signals.job_ended.connect(self._on_ended)

    def why_not(self) -> str:
        """What is missing for a map; "" when nothing is."""
        return self._describe.why_not()

    def __call__(self, method: MapMethod = "pca") -> None:
        """Lay out the objects of the current image. Raises `UserError`."""
        refuse(self.why_not())
        self._parts.queue.cancel("map")
        self._wanted = None
        if len(self._describe.missing):
            self._describe()
            self._wanted = method
            return
        self._start(method)

    def stop(self) -> None:
        """Make no map after all."""
        self._wanted = None
        for verb in ("map", "describe"):
            self._parts.queue.cancel(verb)

    def forget(self) -> None:
        """There is no map any more, and none on its way."""
        self._wanted = None
        self._parts.queue.cancel("map")
        if self.map is not None:
            self.map = None
            self._parts.objects.set_column(UNUSUAL, [], [])
            self._parts.signals.mapped.emit()

    def _start(self, method: MapMethod) -> None:
        parts, (project, entry, _) = self._parts, self._parts.subject()
        keys = parts.objects.now().keys
        known, values = parts.object_classes.seen.even(entry, keys)
        if not len(known):
            raise UserError("There are no objects yet: segment or paint some first.")
        id_ = parts.queue.next_id("map")
        kind = TsneJob if method == "tsne" else MapJob
        job = kind(
            id=id_,
            values=scratch.write(project.scratch / f"{id_}-values.npy", values),
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        parts.queue.start(job, parts.origin(), partial(self._accept, known))

    def _accept(self, keys: NDArray[np.int64], running: Running, result: MapResult) -> None:
        if not running.origin.is_same_part or running.origin.entry is not self._parts.images.current:
            return
        placed = np.array(scratch.read(result.placed))
        unusual = placed[:, 2].astype(float)
        self.map = ObjectMap(running.origin.entry, keys, placed[:, :2], unusual, result.method)
        self._parts.objects.set_column(UNUSUAL, objects_of(keys), unusual)
        self._parts.signals.mapped.emit()

    def _on_ended(self, verb: str, event: object) -> None:
        wanted = self._wanted
        if verb != "describe" or wanted is None or self._parts.queue.busy("describe"):
            return
        self._wanted = None
        try:
            if not len(self._describe.missing):
                self._start(wanted)
        except UserError as error:
            self._parts.signals.message.emit(str(error))
