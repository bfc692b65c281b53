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

    ValueError when what came is none.
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
    except (msgpack.UnpackException, TypeError) as error:  # TypeError: a list as a key
        raise ValueError(f"a frame that cannot be read: {error}") from error
    if not isinstance(message, dict):
        raise ValueError(f"a frame that holds a {type(message).__name__}: something else wrote to the pipe")
    return message
