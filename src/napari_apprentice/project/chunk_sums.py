"""What was in the chunks of a large image when they were written: one that is gone, or an older copy, looks whole.

A chunk whose write began and was not noted to its end is not known: nothing is said of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable

Place = tuple[int, ...]
_NAME = "sums.json"
_NONE = -1  # of a chunk that is not there: it holds nothing
_Sums = dict[str, dict[str, Annotated[int, Field(ge=_NONE)]]]  # by array and the chunk's place in it
_sums: TypeAdapter[_Sums] = TypeAdapter(_Sums)


class ChunkSums:
    """Checksums of the files of chunks, in a file beside the arrays of a ``store``; `UserError` when disks refuse."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._told: set[tuple[str, str]] = set()  # also where the disk is full, or not to be written to

    def take_changed(self, names: Iterable[str], places: Iterable[Place]) -> bool:
        """Whether chunks of some arrays are others than were written; what is there is taken for right from now on."""
        known, is_any, places = self._read(), False, [*places]
        for name in names:
            for place in map(_text, places):
                if (name, place) in self._told or known.get(name, {}).get(place) in (None, self._sum(name, place)):
                    continue
                del known[name][place]
                self._told.add((name, place))
                is_any = True
        if is_any:
            with suppress(UserError):
                self._write(known)
        return is_any

    def forget(self, names: Iterable[str], places: Iterable[Place] | None = None) -> None:
        """Chunks, or all of some arrays, are about to be written: until that is noted nobody knows what they hold."""
        known, places = self._read(), None if places is None else [*places]
        before = {name: len(sums) for name, sums in known.items()}
        for name in names:
            for place in [*known.get(name, {})] if places is None else map(_text, places):
                known.get(name, {}).pop(place, None)
        if before != {name: len(sums) for name, sums in known.items()}:
            self._write(known)

    def note(self, names: Iterable[str], places: Iterable[Place]) -> None:
        """Chunks are on disk as they should be."""
        known, places = self._read(), [*places]
        for name in names:
            known.setdefault(name, {}).update((_text(place), self._sum(name, _text(place))) for place in places)
            self._told.difference_update((name, _text(place)) for place in places)
        self._write(known)

    def _sum(self, name: str, place: str) -> int:
        try:
            with durable.reading(self._store / name / "c" / place) as file:
                return zlib.crc32(file.read())
        except (OSError, ValueError):
            return _NONE

    def _read(self) -> _Sums:
        try:
            return _sums.validate_python(durable.read_json(self._store / _NAME))
        except (OSError, ValueError, UserError):
            return {}

    def _write(self, known: _Sums) -> None:
        place, known = self._store / _NAME, {name: sums for name, sums in known.items() if sums}
        durable.write_json(place, known, is_damaged=place.is_dir())  # labels must be written all the same


def _text(place: Place) -> str:
    return "/".join(map(str, place))
