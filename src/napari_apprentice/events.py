"""What a running job reports: plain frozen records that survive a pipe.

A job ends with exactly one of `Finished`, `Failed` or `WasCancelled`; nothing follows it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from napari_apprentice.jobs import AnyResult
from napari_apprentice.settings import Settings

Region = tuple[tuple[int, int], ...]  # (start, stop) for t, z, y, x


class Started(Settings):
    """The job runs; ``device`` is what it found, in words ("CPU, 2 threads", "CUDA: NVIDIA ...")."""

    type: Literal["started"] = "started"
    device: str


class Progress(Settings):
    """``done`` of ``total`` units of work; ``left_s`` is the time left in seconds, None while unknown."""

    type: Literal["progress"] = "progress"
    done: float
    total: float
    left_s: float | None = None
    what: str = ""


class TileDone(Settings):
    """Provisional labels of one region are in the job's result file."""

    type: Literal["tile"] = "tile"
    region: Region


class Validated(Settings):
    """One point of the teaching curve. Losses and score are None where they could not be judged."""

    type: Literal["validated"] = "validated"
    step: int
    seconds: float
    training_loss: float | None = None
    validation_loss: float | None = None
    score: float | None = None


class Note(Settings):
    """One sentence for the user that is not an error (too few objects to judge, tile made smaller...)."""

    type: Literal["note"] = "note"
    text: str


class Finished(Settings):
    """The last event of a job that went well."""

    type: Literal["finished"] = "finished"
    result: Annotated[AnyResult, Field(discriminator="type")]


class Failed(Settings):
    """The last event of a job that did not. ``user_error`` False means a bug; ``details`` is its traceback."""

    type: Literal["failed"] = "failed"
    message: str
    user_error: bool = True
    details: str = ""


class WasCancelled(Settings):
    """The last event of a job that was cancelled."""

    type: Literal["cancelled"] = "cancelled"


Event = Started | Progress | TileDone | Validated | Note | Finished | Failed | WasCancelled
AnyEvent = Annotated[Event, Field(discriminator="type")]
_adapter: TypeAdapter[Event] = TypeAdapter(AnyEvent)


def to_plain(event: Event) -> dict[str, Any]:
    """The event as a dictionary of plain values."""
    return event.model_dump(mode="json")


def from_plain(plain: dict[str, Any]) -> Event:
    """The event that `to_plain` wrote."""
    return _adapter.validate_python(plain)


def is_last(event: Event) -> bool:
    """Whether nothing follows this event."""
    return isinstance(event, Finished | Failed | WasCancelled)
