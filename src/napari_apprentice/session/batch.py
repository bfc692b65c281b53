"""Many images, one after the other: which they are, what becomes of each, and a report; one bad file stops nothing."""

from __future__ import annotations

import csv
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

from pydantic import Field, TypeAdapter

from napari_apprentice.data.files import KINDS, images_below, is_beside, is_image, is_there, series_of, stem_of
from napari_apprentice.data.files.omezarr import is_zarr
from napari_apprentice.data.storage import disk
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.settings import Settings

log = logging.getLogger(__name__)

REPORT = "report.csv"
COLUMNS = ("file", "labels", "state", "objects", "seconds", "problem")


@dataclass(frozen=True)
class Target:
    """An image, and the files that its labels go to."""

    source: Path
    written: tuple[Path, ...]

    @property
    def is_done(self) -> bool:
        """Whether all of these files are there."""
        return all(path.exists() for path in self.written)


class Began(Settings):
    """The image ``number`` (from 1) of ``total`` is being worked on."""

    type: Literal["began"] = "began"
    number: int
    total: int
    source: str


class BatchStep(Settings):
    """How far the image is: ``done`` of ``total``."""

    type: Literal["step"] = "step"
    done: float
    total: float


class ImageOutcome(Settings):
    """What became of one image: ``objects`` (or classes) in ``seconds``; why there are none, or what went wrong, is the
    ``problem`` in one sentence.

    ``words`` say what was found; ``details`` is the traceback of a bug.
    """

    type: Literal["outcome"] = "outcome"
    source: str
    labels: tuple[str, ...]
    state: Literal["done", "done before", "failed"] = "done"
    objects: int | None = None
    seconds: float | None = None
    words: str = ""
    problem: str = ""
    details: str = ""


class Stopped(Settings):
    """The batch cannot go on; ``problem`` says why."""

    type: Literal["stopped"] = "stopped"
    problem: str


BatchEvent = Began | BatchStep | ImageOutcome | Stopped
_adapter: TypeAdapter[BatchEvent] = TypeAdapter(Annotated[BatchEvent, Field(discriminator="type")])


class SegmentedImage(Settings):
    """What segmenting one image found; ``problem`` is what it is good to know of an image without objects."""

    objects: int
    seconds: float
    words: str
    problem: str = ""


def outcomes(
    targets: Sequence[Target], segment: Callable[[Target], SegmentedImage], *, skip_done: bool = False
) -> Iterator[Began | ImageOutcome]:
    """Segment image after image and tell of each; what goes wrong with one is its outcome, and the next one follows.

    ``segment`` writes the labels of one target. `Cancelled` ends the batch.
    """
    for number, target in enumerate(targets, start=1):
        told: dict[str, Any] = {"source": str(target.source), "labels": tuple(map(str, target.written))}
        if skip_done and target.is_done:
            yield ImageOutcome(**told, state="done before")
            continue
        yield Began(number=number, total=len(targets), source=str(target.source))
        begun = time.perf_counter()
        try:
            found = segment(target)
        except Cancelled:
            raise
        except UserError as error:
            log.debug("%s was left out", target.source, exc_info=error)
            yield ImageOutcome(**told, state="failed", problem=str(error), seconds=time.perf_counter() - begun)
        except Exception as error:  # a bug that one image brings to light must not cost a night of others
            log.debug("%s failed", target.source, exc_info=error)
            problem = f"Something went wrong in the program ({type(error).__name__}): please report it."
            details = "".join(traceback.format_exception(error))
            yield ImageOutcome(**told, state="failed", problem=problem, details=details)
        else:
            told["labels"] = tuple(str(path) for path in target.written if path.exists())
            yield ImageOutcome(**told, **found.model_dump())


def targets_of(inputs: Iterable[Path], out: Path, formats: Sequence[str] = ("tif",)) -> list[Target]:
    """Each image with the files its labels go to; `UserError` when one is missing or would be overwritten."""
    found: dict[tuple[Path, ...], Path] = {}
    given = list(inputs)
    images = [path for path in given if not is_beside(path)] or given  # alone, it is said what it is
    for source in [image for path in images for image in images_in(path)]:
        written = tuple(out / f"{_stem(source)}{ending(suffix)}" for suffix in dict.fromkeys(formats))
        if any(target.resolve() == source.resolve() for target in written):
            raise UserError(f"The labels of {source} would overwrite the image itself: choose another --out folder.")
        if written in found and found[written].resolve() != source.resolve():
            raise UserError(
                f"{found[written]} and {source} would both become {written[0]}: segment them into two folders."
            )
        found[written] = source
    return [Target(source, written) for written, source in found.items()]


def ending(suffix: str) -> str:
    """How the name of a file in a format ends: "tif" is ".tif", and Cellpose's "_seg.npy" is as it is."""
    return suffix if suffix.startswith("_") else f".{suffix}"


def images_in(path: Path) -> list[Path]:
    """The image that a path is, those it holds, or those in a folder, by name; `UserError` when there is none."""
    if not is_there(path):
        # [1] is a part of many names, and no class of letters
        matching = [Path(one) for one in sorted(glob(str(path).replace("[", "[[]")))] if "*" in str(path) else []
        found = [image for one in matching if is_image(one) or _has_images(one) for image in images_in(one)]
        if not found:
            raise UserError(f"{path} does not exist, or holds no image: check the path.")
        return found
    if not path.is_dir() or is_image(path):
        return [Path(one) for one in series_of(path)]
    images = _images_of(path)
    if not images:
        raise UserError(f"There is no image in {path} ({KINDS}): choose another folder.")
    return [Path(one) for image in images for one in series_of(image)]


def _images_of(folder: Path) -> list[Path]:
    return [path for path in images_below(folder) if not path.name.endswith("_seg.npy")]


def _has_images(path: Path) -> bool:
    return path.is_dir() and bool(_images_of(path))


def short_name(source: Path) -> str:
    """An image as people know it: its file, with what names an image inside a file ("p.ome.zarr/B/3/0")."""
    return source.relative_to(_file_of(source).parent).as_posix()


class Report:
    """A table (CSV) with a line for each image, written as they come: also a batch that was stopped leaves one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UserError(f"The report {path} cannot be written ({error.strerror}): choose another place.") from error
        self._table = csv.writer(self._file)
        self._table.writerow(COLUMNS)

    def add(self, outcome: ImageOutcome) -> None:
        """Append a line; `UserError` when the disk refuses."""
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        objects = "" if outcome.objects is None else outcome.objects
        line = (outcome.source, "; ".join(outcome.labels), outcome.state, objects, seconds, outcome.problem)
        try:
            self._table.writerow(line)
            self._file.flush()
        except OSError as error:
            raise disk.refusal(error, self.path) from error

    def close(self) -> None:
        """The last line was written."""
        with suppress(OSError):  # `add` said so
            self._file.close()


def to_line(event: BatchEvent) -> str:
    """An event as one line of JSON, in ASCII: whatever encoding a pipe has, and letters that no encoding has."""
    return json.dumps(event.model_dump(mode="json"))


def from_line(line: str | bytes) -> BatchEvent:
    """The event that `to_line` wrote; ValueError for any other line."""
    return _adapter.validate_python(json.loads(line))


def _stem(source: Path) -> str:
    """The input's name, with what names an image inside a file: plate_B_3_0."""
    whole = _file_of(source)
    return "_".join([stem_of(whole), *source.relative_to(whole).parts])


def _file_of(source: Path) -> Path:
    """The file or folder that holds an image: of a field of a plate, the plate."""
    there = next(one for one in (source, *source.parents) if one.exists())
    outer = [one for one in (there, *there.parents) if is_zarr(one)]
    return outer[-1] if outer else there
