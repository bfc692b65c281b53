"""The folder beside the labels of a large image that keeps what is done, for whoever goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.data.storage.claims import remove_all
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import SegmentLargeJob

_LOCK = "lock"  # held by the process that works in a folder
_FORM = 2  # of what the folder holds: one of before is not gone on with
_LINKED_FORM = 3  # the same where frames are linked: those of before were not


def work_folder(out: Path) -> Path:
    """Where a job keeps what it has done so far."""
    return out.with_name(f".{out.name}.work")


def goes_on(work: Path, job: SegmentLargeJob) -> bool:
    """Whether a folder holds the beginning of just this job."""
    try:
        file = work / "job.json"
        return file.is_file() and bool(json.loads(file.read_text(encoding="utf-8")) == same(job))
    except (OSError, ValueError):
        return False


def begin(work: Path, job: SegmentLargeJob) -> None:
    """Make a folder that of this job, with nothing done."""
    _empty(work)
    with atomic_write(work / "job.json") as part:
        part.write_text(json.dumps(same(job)), encoding="utf-8")


@contextmanager
def alone(work: Path, out: Path) -> Iterator[None]:
    """Work in a folder that no other process works in; `UserError` when one does."""
    lock = FileLock(work / _LOCK, blocking=False, thread_local=False)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        why = f"{out} is being made by another process: wait until it is done, or choose another folder."
        raise UserError(why) from error
    except NotImplementedError:
        pass  # a file system without locks
    except OSError as error:
        raise disk.refusal(error, work) from error
    try:
        yield
    finally:
        lock.release()


def end(work: Path) -> None:
    """Remove what the folder holds, by the process that works in it."""
    (work / "job.json").unlink()  # stopped while the rest is removed, it is not gone on with
    _empty(work)
    with suppress(OSError):  # Windows keeps what is open until it is let go of
        (work / _LOCK).unlink(missing_ok=True)


def _empty(work: Path) -> None:
    for path in work.iterdir():
        if path.name != _LOCK:
            remove_all(path)


def same(job: SegmentLargeJob) -> dict[str, Any]:
    """What must be the same for a job to go on: not its name, nor the memory that it may take."""
    plain = job.model_dump(mode="json", exclude={"id", "memory_mb", "also", "store", "labels_kind"})
    form = _LINKED_FORM if job.settings.link and job.store is None else _FORM
    return {"form": form, **plain, "states": [_state(Path(job.model)), _state(Path(job.image))]}


def _state(path: Path) -> list[int]:
    """When a file was written and how large it is; of an image inside a file, of that file."""
    there = next((one for one in (path, *path.parents) if one.exists()), None)
    stat = None if there is None else there.stat()
    return [] if stat is None else [stat.st_mtime_ns, stat.st_size]
