"""Messages on a byte stream: four bytes of length, then msgpack."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import msgpack

_LENGTH = struct.Struct("<I")
_LONGEST = 1 << 28


def write(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send one message."""
    content = msgpack.packb(message)
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """Wait for one message; None when the other side is gone, also in the middle of a message.

    `ValueError` for what is no message: something else wrote to the pipe.
    """
    prefix = stream.read(_LENGTH.size)
    if len(prefix) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(prefix)
    if length > _LONGEST:
        raise ValueError(f"a frame of {length} bytes: something else wrote to the pipe")
    content = stream.read(length)
    if len(content) < length:
        return None
    try:
        message = msgpack.unpackb(content)
    except (TypeError, RecursionError, msgpack.UnpackException) as error:
        raise ValueError(f"a frame that is no message ({error}): something else wrote to the pipe") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError("a frame that is no message: something else wrote to the pipe")
    return message
