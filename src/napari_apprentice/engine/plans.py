"""Which plan a job is, and what becomes of everything that can go wrong in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_apprentice.data.storage import disk
from napari_apprentice.engine.device import available, clear_modes, is_out_of_memory
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Failed, WasCancelled
from napari_apprentice.jobs import (
    AskingJob,
    AskJob,
    ClickJob,
    CompareJob,
    DescribeJob,
    EvaluateJob,
    ExportJob,
    ExportModelJob,
    ImportModelJob,
    InsideJob,
    Job,
    KeepLiveJob,
    LiveAllJob,
    LiveJob,
    MapJob,
    ProposingJob,
    SegmentJob,
    SegmentLargeJob,
    SuggestJob,
    TeachClicksJob,
    TeachJob,
    TryJob,
    TsneJob,
)

if TYPE_CHECKING:
    from napari_apprentice.engine.large.executor import Executor

IsCancelled = Callable[[], bool]

log = logging.getLogger(__name__)


class Engine:
    """Runs jobs; keeps models and predictions warm between them. An ``executor`` does the pieces of large images."""

    def __init__(self, executor: Executor | None = None) -> None:
        self.warm = Warm()
        self.executor = executor

    def devices(self) -> list[tuple[str, str]]:
        """Names and words of the devices here; "auto" takes the first."""
        return [(device.name, device.words) for device in available()]

    def prepare(self) -> None:
        """Import what a click needs, so that the first one is quick; segmenting needs less."""
        from napari_apprentice.engine import ask  # noqa: F401

    def run(self, job: Job, cancelled: IsCancelled) -> Iterator[Event]:
        """Events of a job; the last is `Finished`, `Failed` or `WasCancelled`, and no exception comes out."""
        try:
            clear_modes()
            yield from PLANS[type(job)](self, job, cancelled)
        except Cancelled:
            yield WasCancelled()
        except Exception as error:
            log.debug("%s failed", job.id, exc_info=error)
            yield failure_of(error, job)
        finally:
            if job.process == "own":  # it leaves no memory taken, here as there
                self.warm.forget()


def _segment(engine: Engine, job: ProposingJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.segment import run

    return run(job, cancelled, engine.warm)


def _segment_large(engine: Engine, job: SegmentLargeJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.large.taken_over import run

    return run(job, cancelled, engine.warm, engine.executor)


def _evaluate(engine: Engine, job: EvaluateJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.evaluate import run

    return run(job, cancelled, engine.warm)


def _teach(engine: Engine, job: TeachJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.teach import run

    return run(job, cancelled)


def _teach_clicks(engine: Engine, job: TeachClicksJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.teach_clicks import run

    return run(job, cancelled)


def _export(engine: Engine, job: ExportJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.large.exported import run

    return run(job, cancelled)


def _export_model(engine: Engine, job: ExportModelJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.exporting.export import run

    return run(job, cancelled)


def _import_model(engine: Engine, job: ImportModelJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.importing.importing import run

    return run(job, cancelled)


def _click(engine: Engine, job: ClickJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.click import run

    return run(job, cancelled, engine.warm)


def _ask(engine: Engine, job: AskingJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.ask import run

    return run(job, cancelled, engine.warm)


def _look_inside(engine: Engine, job: InsideJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.inside import run

    return run(job, cancelled, engine.warm)


def _live(engine: Engine, job: LiveJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.live.answer import run

    return run(job, cancelled, engine.warm)


def _live_all(engine: Engine, job: LiveAllJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.live.whole import run

    return run(job, cancelled, engine.warm)


def _keep_live(engine: Engine, job: KeepLiveJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.live.keeping import run

    return run(job, cancelled, engine.warm)


def _describe(engine: Engine, job: DescribeJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.describe import run

    return run(job, cancelled, engine.warm)


def _map_objects(engine: Engine, job: MapJob, cancelled: IsCancelled) -> Iterator[Event]:
    from napari_apprentice.engine.mapping import run

    return run(job, cancelled, engine.warm)


PLANS: Mapping[type[Job], Callable[[Engine, Any, IsCancelled], Iterator[Event]]] = {
    SegmentJob: _segment,
    CompareJob: _segment,
    TryJob: _segment,
    SegmentLargeJob: _segment_large,
    EvaluateJob: _evaluate,
    TeachJob: _teach,
    TeachClicksJob: _teach_clicks,
    ExportJob: _export,
    ExportModelJob: _export_model,
    ImportModelJob: _import_model,
    ClickJob: _click,
    AskJob: _ask,
    SuggestJob: _ask,
    InsideJob: _look_inside,
    LiveJob: _live,
    LiveAllJob: _live_all,
    KeepLiveJob: _keep_live,
    DescribeJob: _describe,
    MapJob: _map_objects,
    TsneJob: _map_objects,
}
"""What is done for each kind of job; a function imports its module when it is first needed."""


def run(job: Job, cancelled: IsCancelled) -> Iterator[Event]:
    """Events of one job, with nothing kept for the next."""
    return Engine().run(job, cancelled)


def failure_of(error: Exception, job: Job) -> Failed:
    """An exception as the event that ends the job: one sentence for what a user can fix, a traceback for a bug."""
    if isinstance(error, UserError):
        return Failed(message=str(error))
    if is_out_of_memory(error):
        return Failed(message=job.when_out_of_memory)
    if isinstance(error, OSError) and disk.refuses(error):
        return Failed(message=str(_trouble_with_disk(error, job)))
    if isinstance(error, FileNotFoundError):
        return Failed(message=f"The file {error.filename} went away while it was needed: try again.")
    message = f"Something went wrong in the program ({type(error).__name__}): please report it with the details."
    return Failed(message=message, user_error=False, details="".join(traceback.format_exception(error)))


def _trouble_with_disk(error: OSError, job: Job) -> UserError:
    """What to do about a file that the disk does not give, or take; where it does not say which, the result."""
    path = str(error.filename or job.writes or job.reads[0])
    is_read = any(path == one or Path(one) in Path(path).parents for one in job.reads)
    return disk.unreadable(error, path) if is_read and not disk.is_full(error) else disk.refusal(error, Path(path))
