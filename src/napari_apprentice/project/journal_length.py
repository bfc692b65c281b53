"""How long a journal was when its project was closed: one that is missing, or an older copy, looks whole by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable
from napari_apprentice.project.pairs import Pairs
from napari_apprentice.settings import Settings

_Count = Annotated[int, Field(ge=0)]


class JournalLength(Settings):
    """What ``journal.json`` holds: the number of a journal, and its bytes. A journal only grows."""

    NAME: ClassVar[str] = "journal.json"

    number: _Count = 0
    size: _Count = 0

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What was written when the project was closed last; of an empty journal where that cannot be read."""
        try:
            return cls.model_validate(durable.read_json(folder / cls.NAME))
        except (OSError, ValueError, UserError):
            return cls()

    def write(self, folder: Path) -> None:
        """Keep it; `UserError` when the disk refuses."""
        if self != self.read(folder):
            durable.write_json(folder / self.NAME, self.model_dump(mode="json"))

    def why_short(self, pairs: Pairs, base: int) -> str:
        """A sentence when the journal is shorter than it was, and no snapshot after ``base`` holds what was in it."""
        path = pairs.journal(self.number)
        try:
            there = path.stat().st_size
        except OSError:
            there = 0
        if self.number < base or there >= self.size:
            return ""
        what = "An older copy of the journal is there" if there else "The journal is missing"
        return (
            f"{what} ({path}): the last edits of this image are not here; "
            "close the project and put that file back if you have it, else correct these objects again."
        )
