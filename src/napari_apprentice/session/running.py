"""A job under way: what it was made from, who takes its result in, which files go when it has ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.events import Finished
from napari_apprentice.jobs import Job
from napari_apprentice.runners import RunningJob
from napari_apprentice.session.background import Background, Taken
from napari_apprentice.session.project_image import ProjectImage

Accept = Callable[["Running", Any], Taken]
"""Takes a result in, or drops it when it is stale."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What a job was made from; what has changed since makes its result stale.

    ``inner`` is where the entry's labels lie in what the job looks at, ``model`` the key of the model in use.
    """

    entry: ProjectImage
    model: str
    reading: int
    readings: int
    inner: Region

    @classmethod
    def of(cls, entry: ProjectImage, model: str) -> Origin:
        """An image, and the model in use, as they are now."""
        return cls(entry, model, entry.reading, entry.readings, entry.inner)

    @property
    def is_same_part(self) -> bool:
        """Whether the same part of the image is open, read in the same way."""
        return self.reading == self.entry.reading

    @property
    def is_same_image(self) -> bool:
        """Whether the image is still read in the same way."""
        return self.readings == self.entry.readings


@dataclass(eq=False)
class Running:
    """A job under way: until it has ended and what it came to is taken in."""

    job: Job
    handle: RunningJob
    origin: Origin
    accept: Accept
    broke_off: Callable[[], None]
    notes: list[str] = field(default_factory=list)  # said already
    shown: Any = None  # memory map of provisional labels
    finished: Finished | None = None
    taking_in: Background | None = None  # the result, as long as that takes
    is_cancelled: bool = False  # while its result was taken in

    @property
    def is_at_work(self) -> bool:
        """Whether anything is done for it, in another process or on another thread."""
        return not self.handle.ended or (self.taking_in is not None and self.taking_in.is_running)

    def clean_up(self, *, finished: bool) -> None:
        """Remove the files of its own, when it has ended."""
        self.shown = None
        _remove(self.job.temporary)
        if not finished:
            _remove(self.job.unfinished_files)
            self.broke_off()

    def cancel(self) -> None:
        """Stop politely; a result that is being taken in is dropped."""
        if self.taking_in is None:
            self.handle.cancel()
        else:
            self.is_cancelled = True


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            continue
        with suppress(OSError):  # Windows keeps a file that is still mapped; it goes with the scratch folder
            path.unlink(missing_ok=True)
