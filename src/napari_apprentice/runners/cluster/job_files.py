"""What a job needs from this machine's disk, and where it finds that on another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Job

OUT = "out"


def pack_job(job: Job) -> tuple[Job, dict[str, Path]]:
    """The job with names instead of paths, and the file behind each name; what it writes is called ``out``.

    A name tells one state of a file from another, so that what is there already need not travel again.
    """
    files: dict[str, Path] = {}

    def name(path: str) -> str:
        named = _name(Path(path))
        files[named] = Path(path)
        return named

    return job.with_paths(name, OUT + Path(job.writes).suffix), files


def pieces(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """A file in pieces, each with where it begins."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield file.tell() - len(piece), piece


def _name(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}): check that it is still there.") from error
    state = f"{path.resolve()} {stat.st_mtime_ns} {stat.st_size}"
    return hashlib.sha256(state.encode()).hexdigest()[:24] + path.suffix
