"""What an engine says through its pipe, checked: a process that prints there by mistake must not pass for one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from napari_apprentice.events import AnyEvent
from napari_apprentice.runners.running import FoundDevice
from napari_apprentice.settings import Settings


class Devices(Settings):
    """The devices there are."""

    type: Literal["devices"] = "devices"
    devices: tuple[FoundDevice, ...]


class Began(Settings):
    """A job is being worked on."""

    type: Literal["began"] = "began"
    number: int


class Reported(Settings):
    """A job reported something."""

    type: Literal["event"] = "event"
    number: int
    event: AnyEvent


Message = Devices | Began | Reported
_adapter: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def from_engine(plain: dict[str, Any]) -> Message:
    """The message that came through the pipe; `ValueError` for anything else."""
    return _adapter.validate_python(plain)
