"""What a job needs from this machine's disk, and where it finds that on another one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, SegmentJob, TeachJob, VolumeRef

Sent = SegmentJob | TeachJob
"""Jobs that may be done elsewhere; what must answer at once stays here."""

OUT = "out"


def packed(job: Sent) -> tuple[Sent, dict[str, Path]]:
    """The job with names instead of paths, and the file behind each name; what it writes is called ``out``.

    A name tells one state of a file from another, so that what is there already need not travel again.
    """
    files: dict[str, Path] = {}

    def name(path: str) -> str:
        named = _name(Path(path))
        files[named] = Path(path)
        return named

    return moved(job, name, OUT), files


def moved(job: Sent, place: Callable[[str], str], out: str) -> Sent:
    """The job with its files elsewhere."""
    if isinstance(job, SegmentJob):
        image = _image(job.image, place)
        return job.model_copy(update={"image": image, "model": place(job.model), "out": ArrayRef(path=out)})
    lessons = tuple(
        lesson.model_copy(
            update={
                "image": _image(lesson.image, place),
                "labels": ArrayRef(path=place(lesson.labels.path)),
                "vouched": ArrayRef(path=place(lesson.vouched.path)),
            }
        )
        for lesson in job.lessons
    )
    files = {name: place(path) for name in ("parent", "encoder") if (path := getattr(job, name)) is not None}
    return job.model_copy(update={"lessons": lessons, "out": out, **files})


def _image(image: VolumeRef, place: Callable[[str], str]) -> VolumeRef:
    fitted_on = None if image.fitted_on is None else ArrayRef(path=place(image.fitted_on.path))
    return image.model_copy(update={"pixels": ArrayRef(path=place(image.pixels.path)), "fitted_on": fitted_on})


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
