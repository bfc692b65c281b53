"""Which hints a user has put away, from one session to the next."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.storage.atomic_write import write_text
from napari_apprentice.data.storage.home import configuration
from napari_apprentice.errors import UserError


def place() -> Path:
    """The file: ``hints.json`` in ``$APPRENTICE_HOME`` or the user's configuration folder."""
    return configuration() / "hints.json"


def read() -> frozenset[str]:
    """The names of hints that were put away; none when the file cannot be read."""
    with suppress(OSError, ValueError, RecursionError):
        told = json.loads(place().read_text(encoding="utf-8"))
        names = told.get("put_away") if isinstance(told, dict) else None
        if isinstance(names, list):
            return frozenset(name for name in names if isinstance(name, str))
    return frozenset()


def write(names: Collection[str]) -> None:
    """Keep which are put away; `UserError` when it cannot be written."""
    try:
        write_text(place(), json.dumps({"put_away": sorted(names)}) + "\n")
    except OSError as error:
        raise UserError(f"{place()} cannot be written ({error.strerror}): it holds until napari ends.") from error
