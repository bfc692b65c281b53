"""Images that memory cannot hold, on the command line: block by block into labels with a pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from napari_apprentice.cli.progress import follow_job
from napari_apprentice.data.exports import chunked
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult
from napari_apprentice.runners import InlineRunners, Runners
from napari_apprentice.runners.cluster.executor import ClusterExecutor
from napari_apprentice.session import Session
from napari_apprentice.session.batch import SegmentedImage
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import ClusterSettings, ReadAs, SegmentSettings

_BYTES = 40  # for each voxel of a frame that is segmented in memory


def is_large(volume: Volume) -> bool:
    """Whether segmenting an image in memory would take more than is free."""
    return float(np.prod(volume.pixels.shape[2:], dtype=float)) * _BYTES > psutil.virtual_memory().available


def runners_for(cluster: ClusterSettings, blocks: bool | None) -> InlineRunners:
    """Runners that keep the model between images; large ones are done by the cluster that is asked for."""
    if not cluster.is_wanted:
        return InlineRunners()
    if blocks is False:
        raise UserError("Workers share an image out in blocks: leave --no-blocks out.")
    if cluster.workers is not None and cluster.scheduler is not None:
        raise UserError("Give either --workers or --scheduler, which has workers of its own.")
    return InlineRunners(executor=ClusterExecutor(cluster))


def segment_large(
    source: Path,
    written: Sequence[Path],
    model: str,
    settings: SegmentSettings,
    runners: Runners,
    read_as: ReadAs,
    block_mb: float,
) -> SegmentedImage:
    """Write the labels of one image, of which memory holds a block at a time.

    What was done before a stop is not done again.
    """
    with Session.temporary(runners) as session:
        session.choose_model(model)
        file = session.model.file
        name = session.model.title
        kind = session.kind
    if file is None:
        raise UserError(f"{name} has not learned anything yet: choose a model.")
    for path in written:
        reason = chunked.why_not(path, classes=kind == "classes")
        if reason:
            raise UserError(f"{source.name} is segmented block by block. {reason}")
    job = SegmentLargeJob(
        id="segment-large",
        image=str(source.absolute()),
        read_as=read_as,
        model=str(Path(file).absolute()),
        settings=settings,
        memory_mb=block_mb,
        out=str(written[0].absolute()),
        also=tuple(str(path.absolute()) for path in written[1:]),
    )
    match follow_job(runners.start(job), source.name):
        case Finished(result=SegmentLargeResult() as result):
            words = f"{count_words(result.objects, kind)} in {result.seconds:.1f} s"
            return SegmentedImage(objects=result.objects, seconds=result.seconds, words=words)
    raise RuntimeError("segmenting block by block ended without a result")
