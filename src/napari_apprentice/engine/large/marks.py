"""What is done of many pieces: one byte each in a file, which survives whatever ends the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_STRETCH = 1 << 16


class Marks:
    """Marks of ``count`` pieces; a piece is marked when all it writes is written. `OSError` when the disk is full."""

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        if not path.exists() or path.stat().st_size != count:
            path.write_bytes(bytes(count))
        self._done = np.fromfile(path, np.uint8)

    @property
    def done(self) -> int:
        """How many are marked."""
        return int(np.count_nonzero(self._done))

    def mark(self, first: int, stop: int) -> None:
        """Pieces first, ..., stop - 1 are done."""
        with self._path.open("r+b") as file:
            file.seek(first)
            file.write(b"\1" * (stop - first))
        self._done[first:stop] = 1

    def runs(self, longest: int) -> Iterator[tuple[int, int]]:
        """What is not done, as runs (first, stop) of at most ``longest`` pieces; found as they are asked for."""
        for start in range(0, len(self._done), _STRETCH):
            left = np.flatnonzero(self._done[start : start + _STRETCH] == 0) + start
            edges = np.flatnonzero(np.diff(left) > 1) + 1
            for run in np.split(left, edges) if len(left) else []:
                for first in range(int(run[0]), int(run[-1]) + 1, longest):
                    yield first, min(first + longest, int(run[-1]) + 1)


@contextmanager
def attempt(path: Path) -> Iterator[int]:
    """How many processes died over what is tried here; an exception is no death. A byte in a file is one of them."""
    before = path.stat().st_size if path.exists() else 0
    with path.open("ab") as file:
        file.write(b".")
    try:
        yield before
    finally:
        path.unlink(missing_ok=True)
