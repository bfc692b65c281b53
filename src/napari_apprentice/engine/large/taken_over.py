"""A large image of a project is segmented whole, and the proposal merged into its corrected labels."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import zarr

from napari_apprentice.data import merging
from napari_apprentice.engine.large.crew import Crew
from napari_apprentice.engine.large.run import run as segment
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult, StoreRef
from napari_apprentice.settings import Kind


def run(job: SegmentLargeJob, cancelled: Callable[[], bool], warm: Warm, crew: Crew | None = None) -> Iterator[Event]:
    """Segment, then merge into ``job.store`` if there is one; the proposal itself is not kept then."""
    for event in segment(job, cancelled, warm, crew):
        if job.store is None or not isinstance(event, Finished):
            yield event
            continue
        yield from _merged(job.store, job.labels_kind, Path(job.out), cancelled)
        shutil.rmtree(job.out)
        if isinstance(event.result, SegmentLargeResult):
            yield Finished(result=event.result.model_copy(update={"labels": job.store.merged}))


def _merged(store: StoreRef, kind: Kind, proposal: Path, cancelled: Callable[[], bool]) -> Iterator[Event]:
    for folder in (store.merged, store.overview):
        shutil.rmtree(folder, ignore_errors=True)  # from a run that was stopped
    for share in merging.merge(zarr.open_array(proposal / "0", mode="r"), store, kind):
        if cancelled():
            raise Cancelled
        yield Progress(done=share, total=1, what="Keeping what is vouched for")
