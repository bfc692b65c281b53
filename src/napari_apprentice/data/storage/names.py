"""Names that a file or folder can have."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.errors import UserError


def refuse_impossible(path: Path) -> None:
    """`UserError` for a path that no system takes: with a NUL in it."""
    if "\0" in str(path):
        shown = str(path).replace("\0", "?")
        raise UserError(f"{shown} has a character in it that no name can have (NUL, shown as ?): choose another name.")
