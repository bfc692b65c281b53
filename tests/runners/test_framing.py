from __future__ import annotations

import io

import pytest

from napari_apprentice.runners import framing


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
