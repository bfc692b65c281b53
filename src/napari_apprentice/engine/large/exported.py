"""Labels of a large image become a file; no network is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import zarr

from napari_apprentice.data.exports.chunked import Saying, copy_labels
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.reading import read_as
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.provenance import Provenance
from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import ExportJob, ExportResult


def run(job: ExportJob, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Write ``job.out``; raises `errors.Cancelled` within a chunk of a cancel, and then nothing is left of it."""
    began = time.monotonic()
    seen = job.image is not None
    confirmed = Path(job.confirmed) if job.confirmed else None
    labels, out = Path(job.labels), Path(job.out)
    with closing(copy_labels(labels, out, _image(job), _saying(job), seen=seen, confirmed=confirmed)) as steps:
        for share in steps:
            if cancelled():
                raise Cancelled
            left = (time.monotonic() - began) * (1 - share) / share if share > 0 else None
            yield Progress(done=share, total=1, left_s=left, what="Exporting")
    yield Finished(result=ExportResult(job=job.id, path=job.out))


def _saying(job: ExportJob) -> Saying:
    told = Provenance.model_validate_json(job.provenance) if job.provenance else Provenance()
    return Saying(job.names, job.colors, told)


def _image(job: ExportJob) -> Volume:
    """What says where the labels lie, and what is measured."""
    if job.image is not None:
        return read_as(read_image(job.image), job.read_as)
    t, z, y, x = zarr.open_array(job.labels, mode="r").shape
    metadata = {} if job.translate is None else {"translate": job.translate}
    nothing = np.broadcast_to(np.uint8(0), (t, 1, z, y, x))
    return Volume(nothing, job.spacing, job.unit, metadata=metadata)
