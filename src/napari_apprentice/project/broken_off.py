"""Files that are being written for a user: what is left of one that was broken off goes with the scratch folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.exports import chunked

_NAME = "written-to.txt"


def note(folder: Path, path: Path) -> None:
    """Write down in a folder of the scratch folder where labels are being written."""
    (folder / _NAME).write_text(str(path), encoding="utf-8")


def forget(scratch: Path) -> None:
    """Remove what is left of files that were not finished; of those that are, there is nothing to remove."""
    for noted in scratch.glob(f"*/{_NAME}"):
        with suppress(OSError, ValueError):
            chunked.forget(Path(noted.read_text(encoding="utf-8")))
