"""A small record of a project on disk; what the disk refused of it waits until there is room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_apprentice.project import durable


class Document:
    """A readable JSON file at ``path``, always whole. Only its newest content counts, and none is given up.

    ``prepare`` makes the folder, or raises `UserError` when nothing can be written there.
    """

    def __init__(self, path: Path, prepare: Callable[[], None]) -> None:
        self.path = path
        self._prepare = prepare
        self._waiting: Any = None

    @property
    def is_behind(self) -> bool:
        """Whether the newest content waits because the disk refused it."""
        return self._waiting is not None

    def write(self, content: Any) -> None:
        """Replace the file; `UserError` when the disk refuses, and then the content waits for `retry`."""
        self._waiting = content
        self.retry()

    def retry(self) -> None:
        """Write what waits; `UserError` when the disk still refuses."""
        if self._waiting is None:
            return
        self._prepare()
        durable.write_json(self.path, self._waiting)
        self._waiting = None
