"""A small record of a project on disk; what the disk refused of it waits until there is room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable


class Document:
    """A readable JSON file at ``path``, always whole: what ``content`` gives at the time it is written.

    ``prepare`` makes the folder, or raises `UserError` when nothing can be written there.
    """

    def __init__(self, path: Path, content: Callable[[], Any], prepare: Callable[[], None]) -> None:
        self.path = path
        self._content = content
        self._prepare = prepare
        self._is_damaged = False  # what is on disk
        self.is_behind = False  # whether the disk does not have the content as it is

    def write(self) -> None:
        """Replace the file; `UserError` when the disk refuses, and then it waits for `catch_up`."""
        self.is_behind = True
        self.catch_up()

    def mend(self) -> None:
        """Replace a file that is damaged, which is kept beside; `UserError` as of `write`."""
        self._is_damaged = True
        self.write()

    def doubt(self) -> None:
        """What is on disk may not be what was written there."""
        self.is_behind = True

    def catch_up(self) -> None:
        """Write what waits; `UserError` when the disk still refuses."""
        if not self.is_behind:
            return
        self.is_behind = False  # before it is written: a doubt that comes meanwhile stays
        try:
            self._prepare()
            durable.write_json(self.path, self._content(), is_damaged=self._is_damaged)
        except UserError:
            self.is_behind = True
            raise
        self._is_damaged = False
