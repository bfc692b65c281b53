"""A real file system of a few megabytes, to be filled."""

from __future__ import annotations

import gc
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

_SIZE = "32m"
_PAGE = 4096


class SmallDisk:
    """Mounted at ``path`` inside; by root only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filling = path / "filling"

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "none", self.path], check=True)
        return self

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", "-l", self.path], check=True)

    def fill(self, *, but: int = 0) -> None:
        """Leave room for ``but`` bytes, in whole pages."""
        gc.collect()  # a removed file that is still mapped would give its room back later
        with suppress(OSError), self._filling.open("ab", buffering=0) as file:
            while file.write(bytes(_PAGE)):
                pass
        with self._filling.open("r+b") as file:
            file.truncate(max(0, self._filling.stat().st_size - but))

    def make_room(self) -> None:
        """Remove what fills it."""
        self._filling.unlink(missing_ok=True)
