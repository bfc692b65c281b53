"""What every job and every result says about itself, so that nobody who runs one has to ask what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from napari_apprentice.settings import Settings

Process = Literal["warm", "own"]
_Value = TypeVar("_Value")


class _Mark:
    """Tells what a field that holds a path is for."""


READ = _Mark()  # a file that is read; an `ArrayRef` is one without a mark
WRITTEN = _Mark()  # what comes of the job


class ArrayRef(Settings):
    """An array in a memory-mapped ``.npy`` file."""

    path: str


class Provisional(Settings):
    """Labels that can be seen before a job ends: in ``labels``, of the pixels (T, C, Z, Y, X) in ``image``."""

    image: ArrayRef
    labels: ArrayRef


class Result(Settings):
    """What came of a job: ``job`` is its id."""

    type: str
    job: str

    def brought(self, out: str, host: str) -> Self:
        """The result of a job done on another machine, of which what it wrote lies at ``out`` now."""
        updates: dict[str, Any] = _written(self, out)
        if device := getattr(self, "device", ""):
            updates["device"] = f"{host}: {device}"
        return self.model_copy(update=updates)


ResultClass = type[Result]


class Job(Settings):
    """A frozen description of work, small enough for a pipe. What a kind of job is stands on its class.

    Attributes
    ----------
    verb
        What a user asked for with it ("segment", "teach", ...): the name that events and `busy` go by.
    process
        "warm": it shares a process that stays, with models loaded. "own": it takes long, at low priority, and gives all
        its memory back when it ends.
    goes_first
        Whether it is answered between two events of others that share its process.
    travels
        Whether another machine may do it; then all that it reads is marked `READ` or an `ArrayRef`.
    holds_region
        Whether its labels are for the part of a large image that is open.
    result
        The class of what comes of it.
    when_out_of_memory
        What a user can do when memory is not enough.
    """

    verb: ClassVar[str]
    process: ClassVar[Process] = "warm"
    goes_first: ClassVar[bool] = False
    travels: ClassVar[bool] = False
    holds_region: ClassVar[bool] = False
    result: ClassVar[ResultClass]
    when_out_of_memory: ClassVar[str] = (
        "The memory of the device is not enough: choose a smaller tile, or the CPU as the device."
    )

    type: str
    id: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The files it needs, each once."""
        return tuple(dict.fromkeys(_read_by(self)))

    @property
    def writes(self) -> str:
        """Where what comes of it is written; "" for a job that only answers."""
        found = (getattr(self, name) for name, mark in _marks(type(self)) if mark is WRITTEN)
        return next((value.path if isinstance(value, ArrayRef) else str(value) for value in found), "")

    @property
    def temporary(self) -> tuple[Path, ...]:
        """Files and folders of its own that go when it ends, however that is."""
        return ()

    @property
    def unfinished_files(self) -> tuple[Path, ...]:
        """Files that go when it ends without a result."""
        return ()

    @property
    def provisional(self) -> Provisional | None:
        """Labels that can be seen before it ends."""
        return None

    def with_paths(self, place: Callable[[str], str], out: str) -> Self:
        """The same job with what it reads at other places, and what it writes at ``out``."""
        return self.model_copy(update={**_placed(self, place), **_written(self, out)})


def _marks(kind: type[Settings]) -> Iterator[tuple[str, _Mark | None]]:
    for name, field in kind.model_fields.items():
        yield name, next((mark for mark in field.metadata if isinstance(mark, _Mark)), None)


def _written(record: Settings, out: str) -> dict[str, Any]:
    """The fields that name what is written, with ``out`` in place."""
    named = {name: getattr(record, name) for name, mark in _marks(type(record)) if mark is WRITTEN}
    return {name: ArrayRef(path=out) if isinstance(value, ArrayRef) else out for name, value in named.items()}


def _placed(record: Settings, place: Callable[[str], str]) -> dict[str, Any]:
    """The fields that name what is read, with other places."""
    placed = {}
    for name, mark in _marks(type(record)):
        value = getattr(record, name)
        if mark is READ and value is not None:
            placed[name] = place(value)
        elif mark is None:
            placed[name] = _with_arrays_placed(value, place)
    return placed


def _with_arrays_placed(value: _Value, place: Callable[[str], str]) -> _Value:
    if isinstance(value, ArrayRef):
        return value.model_copy(update={"path": place(value.path)})
    if isinstance(value, Settings):
        return value.model_copy(update=_placed(value, place))
    if isinstance(value, tuple):
        return type(value)(_with_arrays_placed(one, place) for one in value)
    return value


def _read_by(job: Job) -> list[str]:
    found: list[str] = []

    def note(path: str) -> str:
        found.append(path)
        return path

    _placed(job, note)
    return found
