"""Where the user lets *Segment* and *Teach* run, from one session to the next."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.storage.atomic_write import write_text
from napari_apprentice.data.storage.home import configuration
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClusterSettings


def place() -> Path:
    """The file: ``run-on.json`` in ``$APPRENTICE_HOME`` or the user's configuration folder."""
    return configuration() / "run-on.json"


def read_choice() -> ClusterSettings:
    """What was chosen last; this computer when nothing was, or when that cannot be read."""
    with suppress(OSError, ValueError):  # of pydantic too
        return ClusterSettings.model_validate_json(place().read_text(encoding="utf-8"))
    return ClusterSettings()


def remember(settings: ClusterSettings) -> None:
    """Keep a choice; `UserError` when it cannot be written."""
    try:
        write_text(place(), settings.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise UserError(
            f"{place()} cannot be written ({error.strerror}): the choice holds until napari ends."
        ) from error
