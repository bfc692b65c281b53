"""A large image of a project is segmented whole, and the proposal merged into its corrected labels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import zarr

from napari_apprentice.data.labels import merging
from napari_apprentice.data.storage.syncing import sync_tree
from napari_apprentice.engine.large.executor import Executor
from napari_apprentice.engine.large.run import run as segment
from napari_apprentice.engine.large.work import same
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult, StoreRef


def run(
    job: SegmentLargeJob, cancelled: Callable[[], bool], warm: Warm, executor: Executor | None = None
) -> Iterator[Event]:
    """Segment, then merge into ``job.store`` if there is one; the proposal itself is not kept then.

    One that was whole when the merging was stopped is merged, not made again.
    """
    if job.store is None:
        yield from segment(job, cancelled, warm, executor)
        return
    done = Path(job.out).with_suffix(".json")
    result = _known(done, job)
    if result is None:
        for event in segment(job, cancelled, warm, executor):
            if isinstance(event, Finished) and isinstance(event.result, SegmentLargeResult):
                result = event.result
                sync_tree(Path(job.out))
                done.write_text(
                    json.dumps({"job": same(job), "result": result.model_dump(mode="json")}), encoding="utf-8"
                )
            else:
                yield event
    if result is not None:
        objects = yield from _merged(job, job.store, cancelled)
        done.unlink(missing_ok=True)
        shutil.rmtree(job.out)
        changes = {"job": job.id, "labels": job.store.merged, "objects": objects or result.objects}
        yield Finished(result=result.model_copy(update=changes))


def _known(done: Path, job: SegmentLargeJob) -> SegmentLargeResult | None:
    """What this very job found before it was stopped while merging."""
    with suppress(OSError, ValueError, KeyError):  # there is none, or it was cut short
        told = json.loads(done.read_text(encoding="utf-8") if done.is_file() else "")
        if told["job"] == same(job) and Path(job.out).is_dir():
            return SegmentLargeResult.model_validate(told["result"])
    return None


def _merged(job: SegmentLargeJob, store: StoreRef, cancelled: Callable[[], bool]) -> Generator[Event, None, int | None]:
    """Merge the proposal; at the end how many objects there are, where they were linked through time."""
    for folder in (store.merged, store.overview):
        shutil.rmtree(folder, ignore_errors=True)  # from a run that was stopped
    proposal = zarr.open_array(Path(job.out) / "0", mode="r")
    steps = merging.merge(proposal, store, job.labels_kind, link=job.settings.link)
    while True:
        try:
            share = next(steps)
        except StopIteration as end:
            objects: int | None = end.value
            return objects
        if cancelled():
            raise Cancelled
        yield Progress(done=share, total=1, what="Keeping what is confirmed")
