"""Files whose content is packed or protected by checksums: taken apart, so that what is inside can be changed.

A packing turns bytes into named parts and back; parts may be packed again (a project is a zip with a snapshot, which is
a zip, in it). What a part is, is told by the end of its name.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from napari_apprentice.data.models import METADATA_KEY
from napari_apprentice.project.replay import MAGIC

Parts = dict[str, bytes]
LARGEST_PART = 1 << 20  # bytes unpacked
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAME = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_HEADER = struct.Struct("<Q")


@dataclass(frozen=True)
class Packing:
    """``unpack`` raises ValueError for what it cannot take apart."""

    unpack: Callable[[bytes], Parts]
    pack: Callable[[Parts], bytes]


def _gunzip(content: bytes) -> Parts:
    try:
        return {"content": zlib.decompressobj(31).decompress(content, LARGEST_PART)}
    except zlib.error as error:
        raise ValueError("no gzip") from error


def _gzip(parts: Parts) -> bytes:
    return gzip.compress(b"".join(parts.values()), 1, mtime=0)


def unzip(content: bytes) -> Parts:
    """The members of a zip file by their names."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > LARGEST_PART:
                raise ValueError("too large")
            return {one.filename: archive.read(one) for one in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise ValueError("no zip") from error


def zipped(parts: Parts) -> bytes:
    """A zip file with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def _png_chunks(content: bytes) -> Parts:
    if not content.startswith(_PNG):
        raise ValueError("no PNG")
    parts: Parts = {}
    at = len(_PNG)
    while at + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        parts[f"{len(parts)} {content[at + 4 : at + 8].hex()}"] = content[at + 8 : at + 8 + length]
        at += 12 + length
    return parts


def _png(parts: Parts) -> bytes:
    written = _PNG
    for name, data in parts.items():
        kind = bytes.fromhex(name.split()[1])
        written += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return written


def records(content: bytes) -> Parts:
    """What the frames of a journal hold."""
    parts: Parts = {}
    at = len(MAGIC)
    while at + _FRAME.size <= len(content):
        length, _ = _FRAME.unpack_from(content, at)
        parts[f"{len(parts)}.msgpack"] = content[at + _FRAME.size : at + _FRAME.size + length]
        at += _FRAME.size + length
    return parts


def journal(parts: Parts) -> bytes:
    """A journal of these payloads, with checksums that are right."""
    return MAGIC + b"".join(_FRAME.pack(len(one), zlib.crc32(one)) + one for one in parts.values())


def _messages(content: bytes) -> Parts:
    parts: Parts = {}
    at = 0
    while at + _LENGTH.size <= len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        parts[f"{len(parts)}.msgpack"] = content[at + _LENGTH.size : at + _LENGTH.size + length]
        at += _LENGTH.size + length
    return parts


def frames(parts: Parts) -> bytes:
    """Messages as they go through the pipe."""
    return b"".join(_LENGTH.pack(len(one)) + one for one in parts.values())


def _model_parts(content: bytes) -> Parts:
    (length,) = _HEADER.unpack_from(content)
    told = json.loads(content[_HEADER.size : _HEADER.size + length])
    inner = told.get("__metadata__", {}).pop(METADATA_KEY, "")
    return {
        "header.json": str(inner).encode(),
        "tensors.json": json.dumps(told).encode(),
        "numbers": content[_HEADER.size + length :],
    }


def model(parts: Parts) -> bytes:
    """A safetensors file: our header, what it says of its tensors, and their numbers."""
    told = json.loads(parts.get("tensors.json", b"{}"))
    if isinstance(told, dict) and isinstance(told.setdefault("__metadata__", {}), dict):
        told["__metadata__"][METADATA_KEY] = parts.get("header.json", b"").decode("utf-8", "replace")
    header = json.dumps(told).encode()
    return _HEADER.pack(len(header)) + header + parts.get("numbers", b"")


_ZIP = Packing(unzip, zipped)
PACKINGS: dict[str, Packing] = {
    ".gz": Packing(_gunzip, _gzip),
    ".mgz": Packing(_gunzip, _gzip),
    ".zip": _ZIP,
    ".npz": _ZIP,
    ".png": Packing(_png_chunks, _png),
    ".bin": Packing(records, journal),
    ".frames": Packing(_messages, frames),
    ".safetensors": Packing(_model_parts, model),
}
