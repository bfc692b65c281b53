"""The numbered files of one image: what a journal begins with, and the journal, under one number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from napari_apprentice.project import numbered

Kind = Literal["state", "journal", "region"]
_SUFFIXES: dict[Kind, str] = {"state": ".npz", "journal": ".bin", "region": ".json"}


class Pairs:
    """Where they are in a folder, and which there are; what has the largest number counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def state(self, number: int) -> Path:
        """Labels and confirmed voxels when the journal began."""
        return self._path("state", number)

    def region(self, number: int) -> Path:
        """Of a large image: which part was open when the journal began."""
        return self._path("region", number)

    def journal(self, number: int) -> Path:
        """What was done since."""
        return self._path("journal", number)

    def numbers(self, *kinds: Kind) -> list[int]:
        """Numbers of which there are files of these kinds (none named: of any), the smallest first."""
        kinds = kinds or tuple(_SUFFIXES)
        return sorted({n for kind in kinds for n in numbered.numbers(self._folder, kind, _SUFFIXES[kind])})

    def next(self, given: int) -> int:
        """A number larger than any ``given`` here, or by who wrote what is there now."""
        return 1 + max([given, *self.numbers()])

    def of(self, number: int) -> list[Path]:
        """The files that have a number."""
        return [
            path for path in (self.state(number), self.journal(number), self.region(number)) if os.path.lexists(path)
        ]

    def all(self) -> list[Path]:
        """The files of all numbers."""
        return [path for number in self.numbers() for path in self.of(number)]

    def _path(self, kind: Kind, number: int) -> Path:
        return self._folder / f"{kind}-{number}{_SUFFIXES[kind]}"
