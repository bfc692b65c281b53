"""Ways to damage a file."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FLIPS, _CUTS = 6, 4


@dataclass(frozen=True)
class Damage:
    """``how`` a file is damaged, ``at`` which byte (or bit of the file) where that matters."""

    how: str
    at: int = 0

    def __str__(self) -> str:
        return f"{self.how} at {self.at}" if self.how in ("flip", "cut", "zeros") else self.how

    def do(self, file: Path, older: Path, newer: Path) -> None:
        """Damage ``file``; the same file at another time may be at ``older`` and ``newer``."""
        content = file.read_bytes()
        if self.how == "flip":
            changed = bytearray(content)
            changed[self.at // 8] ^= 1 << self.at % 8
            file.write_bytes(changed)
        elif self.how == "cut":
            file.write_bytes(content[: self.at])
        elif self.how == "zeros":
            file.write_bytes(content[: self.at] + bytes(len(content) - self.at))
        elif self.how == "longer":
            file.write_bytes(content + b"\0" * 100)
        elif self.how == "garbage":
            file.write_bytes(random.Random(0).randbytes(max(1, len(content))))
        elif self.how == "older":
            shutil.copy(older, file)
        elif self.how == "newer":
            shutil.copy(newer, file)
        else:
            file.unlink()
            self._put_instead(file, content)

    def _put_instead(self, file: Path, content: bytes) -> None:
        elsewhere = file.parent / f"elsewhere of {file.name}"
        if self.how == "folder":
            file.mkdir()
        elif self.how == "full folder":
            file.mkdir()
            (file / "something").write_bytes(content)
        elif self.how == "pipe":
            os.mkfifo(file)
        elif self.how == "link to nothing":
            file.symlink_to("nowhere")
        elif self.how == "link to itself":
            file.symlink_to(file.name)
        elif self.how == "link to a device":
            file.symlink_to("/dev/zero")
        elif self.how == "link to a copy":
            elsewhere.write_bytes(content)
            file.symlink_to(elsewhere.name)


def damages(file: Path, older: Path, newer: Path, seed: int) -> Iterator[Damage]:
    """All ways to damage a file."""
    chosen = random.Random(f"{seed} {file.name}")
    size = file.stat().st_size
    for _ in range(_FLIPS if size else 0):
        yield Damage("flip", chosen.randrange(8 * size))
    for at in sorted({0, *(chosen.randrange(size) for _ in range(_CUTS)), size - 1} if size else []):
        yield Damage("cut", at)
    if size > 1:
        yield Damage("zeros", size // 2)
    for how in ("longer", "garbage", "deleted", "folder", "full folder", "link to nothing", "link to itself"):
        yield Damage(how)
    for how in ("link to a device", "link to a copy", *(["pipe"] if hasattr(os, "mkfifo") else [])):
        yield Damage(how)
    if older.is_file() and older.read_bytes() != file.read_bytes():
        yield Damage("older")
    if newer.is_file() and newer.read_bytes() != file.read_bytes():
        yield Damage("newer")
