"""*Describe*: a network looks at the objects of the current image, so that classes can be proposed for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.table import Objects, keys_of
from napari_apprentice.data.storage import scratch
from napari_apprentice.jobs import ArrayRef, DescribeJob, DescribeResult
from napari_apprentice.project.described import Described
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.live_questions import LiveQuestions
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.running import Running

_LARGEST = 6.0e4  # that half precision holds


class Describe:
    """Only objects that are not known as they are now are looked at; see `session.object_classes`."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._questions = LiveQuestions(parts)

    def why_not(self) -> str:
        """What is missing before objects can be looked at; "" when nothing is."""
        return self._parts.object_classes.why_not() or self._questions.why_not()

    @property
    def missing(self) -> Objects:
        """The objects (n, 2) of the current image that were not looked at as they are now; `UserError` without one."""
        table = self._parts.objects.now()
        entry = self._parts.images.open_entry
        return self._parts.object_classes.seen.missing(entry, table, table.columns[names.PIXELS])

    def __call__(self) -> None:
        """Look at the objects that are `missing`; what is under way is begun anew. Raises `UserError`."""
        refuse(self.why_not())
        wanted = self.missing
        self._parts.queue.cancel("describe")
        if len(wanted):
            table = self._parts.objects.now()
            voxels = table.columns[names.PIXELS][table.rows_of(wanted)]
            network = self._questions.network_like(self._parts.object_classes.seen.network)
            key = "" if network is None else network.key
            found = partial(Described, keys_of(wanted), voxels, network=key)
            accept = partial(self._accept, found, self._parts.images.open_entry.edits)
            self._parts.queue.start(self._job(wanted, network), self._parts.origin(), accept)

    def _job(self, wanted: Objects, network: ModelChoice | None) -> DescribeJob:
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("describe")
        files = (Path(project.scratch / f"{id_}-{name}.npy") for name in ("labels", "objects"))
        moved = wanted + np.array([entry.inner[0].start, 0])
        labels, objects = (scratch.write(path, one) for path, one in zip(files, (_in_part(entry), moved), strict=True))
        return DescribeJob(
            id=id_,
            **self._questions.seen(entry, project.scratch, network),
            labels=labels,
            objects=objects,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def _accept(self, found: Callable[..., Described], edits: int, running: Running, result: DescribeResult) -> None:
        origin = running.origin
        values = np.clip(np.nan_to_num(scratch.read(result.described)), -_LARGEST, _LARGEST).astype(np.float16)
        if not origin.is_same_part:
            return
        with self._parts.choices.telling_trouble():
            self._parts.object_classes.seen.take(origin.entry, found(values=values, own=result.own), edits)


def _in_part(entry: ProjectImage) -> NDArray[np.uint32]:
    """Labels (T, Z, Y, X) of what the network looks at, which may be more than is open."""
    t, _, z, y, x = entry.part.pixels.shape
    if entry.labels.shape == (t, z, y, x):
        return entry.labels
    found = np.zeros((t, z, y, x), np.uint32)
    found[entry.inner] = entry.labels
    return found
