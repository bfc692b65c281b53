from __future__ import annotations

import io
import struct
from typing import Any

import msgpack
import pytest

from napari_apprentice import events
from napari_apprentice.runners import FoundDevice, framing, messages


def test_messages_arrive_one_by_one() -> None:
    stream = io.BytesIO()
    messages = [{"type": "a", "n": 1}, {"type": "b", "text": "ü" * 1000, "more": [1.5, None, True]}]
    for message in messages:
        framing.write(stream, message)
    stream.seek(0)
    assert [framing.read(stream), framing.read(stream), framing.read(stream)] == [*messages, None]


@pytest.mark.parametrize("length", [0, 3, 7])
def test_a_message_cut_short_is_the_end(length: int) -> None:
    stream = io.BytesIO()
    framing.write(stream, {"type": "event"})
    assert framing.read(io.BytesIO(stream.getvalue()[:length])) is None


def test_noise_is_not_taken_for_a_message() -> None:
    with pytest.raises(ValueError, match="something else wrote"):
        framing.read(io.BytesIO(b"Traceback (most recent call last)"))


@pytest.mark.parametrize("said", [None, 7, "text", [1, 2], {}, {"type": 1}, {1: 2}, {"type": None}], ids=repr)
def test_what_has_no_type_is_not_taken_for_a_message(said: Any) -> None:
    content = msgpack.packb(said)
    with pytest.raises(ValueError, match="something else wrote"):
        framing.read(io.BytesIO(struct.pack("<I", len(content)) + content))


@pytest.mark.parametrize(
    "content", [b"", b"\xc1", b"\x91" * 5000, b"\x81\x80\x01", b"\xa2\xff\xff", b"\x01\x01"], ids=repr
)
def test_a_frame_that_holds_no_value_is_not_taken_for_a_message(content: bytes) -> None:
    with pytest.raises(ValueError, match="something else wrote"):
        framing.read(io.BytesIO(struct.pack("<I", len(content)) + content))


def test_what_an_engine_says_is_a_message() -> None:
    found = messages.from_engine({"type": "devices", "devices": [{"name": "cpu", "words": "CPU, 2 threads"}]})
    assert found == messages.Devices(devices=(FoundDevice(name="cpu", words="CPU, 2 threads"),))
    assert messages.from_engine({"type": "began", "number": 3}) == messages.Began(number=3)
    event = events.Progress(done=1, total=2)
    plain = {"type": "event", "number": 3, "event": events.to_plain(event)}
    assert messages.from_engine(plain) == messages.Reported(number=3, event=event)


@pytest.mark.parametrize(
    "said",
    [
        {"type": "event"},
        {"type": "event", "number": 3},
        {"type": "event", "number": "x", "event": {"type": "cancelled"}},
        {"type": "event", "number": 3, "event": {"type": "odd"}},
        {"type": "event", "number": 3, "event": None},
        {"type": "began"},
        {"type": "devices", "devices": [{"name": "toaster", "words": "?"}]},
        {"type": "devices", "devices": None},
        {"type": "odd", "number": 3},
    ],
    ids=repr,
)
def test_what_an_engine_cannot_mean_is_a_value_error(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        messages.from_engine(said)
