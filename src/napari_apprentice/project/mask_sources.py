"""Which models proposed masks of an image, in a small file beside its labels; without it nobody knows any more."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from napari_apprentice.data.provenance import MaskSource
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable

_NAME = "sources.json"
_MOST = 100
_list: TypeAdapter[tuple[MaskSource, ...]] = TypeAdapter(tuple[MaskSource, ...])


def write(folder: Path, sources: tuple[MaskSource, ...]) -> None:
    """Replace what is kept; `UserError` when the disk refuses."""
    durable.write_json(folder / _NAME, _list.dump_python(sources[-_MOST:], mode="json"))


def read(folder: Path) -> tuple[MaskSource, ...]:
    """What is kept; () where nothing is that can be read."""
    try:
        return _list.validate_python(durable.read_json(folder / _NAME))
    except (OSError, ValueError, UserError, ValidationError):
        return ()
