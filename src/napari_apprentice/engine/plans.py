"""Which plan a job is, and what becomes of everything that can go wrong in it."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_apprentice.data import room
from napari_apprentice.engine.device import available, is_out_of_memory
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Failed, WasCancelled
from napari_apprentice.jobs import ClickJob, ExportJob, InsideJob, Job, SegmentJob, SegmentLargeJob, TeachJob

if TYPE_CHECKING:
    from napari_apprentice.engine.large.crew import Crew

log = logging.getLogger(__name__)


class Engine:
    """Runs jobs; keeps models and predictions warm from one to the next. A ``crew`` does the pieces of large images."""

    def __init__(self, crew: Crew | None = None) -> None:
        self.warm = Warm()
        self._crew = crew

    def devices(self) -> list[tuple[str, str]]:
        """Names and words of the devices here; "auto" takes the first."""
        return [(device.name, device.words) for device in available()]

    def prepare(self) -> None:
        """Import what a click needs, so that the first one is quick; segmenting needs less."""
        importlib.import_module("napari_apprentice.engine.click")

    def run(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        """Events of a job; the last is `Finished`, `Failed` or `WasCancelled`, and no exception comes out."""
        try:
            yield from self._plan(job, cancelled)
        except Cancelled:
            yield WasCancelled()
        except Exception as error:
            log.debug("%s failed", job.id, exc_info=error)
            yield failed(error, job)
        finally:
            if isinstance(job, TeachJob):
                self.warm.forget()

    def _plan(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        if isinstance(job, SegmentJob):
            from napari_apprentice.engine.segment import run as segment

            return segment(job, cancelled, self.warm)
        if isinstance(job, SegmentLargeJob):
            from napari_apprentice.engine.large.taken_over import run as segment_large

            return segment_large(job, cancelled, self.warm, self._crew)
        if isinstance(job, ExportJob):
            from napari_apprentice.engine.large.exported import run as export

            return export(job, cancelled)
        if isinstance(job, ClickJob):
            from napari_apprentice.engine.click import run as click

            return click(job, cancelled, self.warm)
        if isinstance(job, InsideJob):
            from napari_apprentice.engine.inside import run as look

            return look(job, cancelled, self.warm)
        from napari_apprentice.engine.teach import run as teach

        return teach(job, cancelled)


def run(job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Events of one job, with nothing kept for the next."""
    return Engine().run(job, cancelled)


def failed(error: Exception, job: Job) -> Failed:
    """An exception as the event that ends the job: one sentence for what a user can fix, a traceback for a bug."""
    if isinstance(error, UserError):
        return Failed(message=str(error))
    if is_out_of_memory(error) and isinstance(job, ExportJob):
        return Failed(message="The memory is not enough for the export: close other programs and try again.")
    if is_out_of_memory(error):
        smaller = "smaller patches or fewer in one step" if isinstance(job, TeachJob) else "a smaller tile"
        return Failed(message=f"The memory of the device is not enough: choose {smaller}, or the CPU as the device.")
    if isinstance(error, OSError) and room.is_full(error):
        return Failed(message=str(room.refused(error, Path(error.filename or _written_by(job)))))
    if isinstance(error, FileNotFoundError):
        return Failed(message=f"The file {error.filename} went away while it was needed: try again.")
    message = f"Something went wrong in the program ({type(error).__name__}): please report it with the details."
    return Failed(message=message, user_error=False, details="".join(traceback.format_exception(error)))


def _written_by(job: Job) -> str:
    """The file that a job is to write; it may keep others beside it."""
    if isinstance(job, ClickJob):
        return job.image.pixels.path  # it writes beside it
    return job.out.path if isinstance(job, SegmentJob | InsideJob) else job.out
