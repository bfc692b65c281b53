"""Files of a DICOM series that are copies of others: the same slice twice is no second time point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_apprentice.errors import UserError

_TELL_APART = (
    "ImagePositionPatient",
    "InstanceNumber",
    "AcquisitionNumber",
    "EchoNumbers",
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "TriggerTime",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "ContentTime",
)
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

Opened = tuple[Any, Path]


def without_copies(opened: Sequence[Opened], path: Path) -> tuple[list[Opened], list[str]]:
    """Datasets with their files, each image once, and a note about files that were left out.

    A copy has the pixels, the place, the times and the numbers of another file, and its SOPInstanceUID or at least an
    InstanceNumber. `UserError` for two files that say that they are one image and have different pixels.
    """
    kept: dict[tuple[str, ...], list[Opened]] = {}
    copies: list[Path] = []
    for dataset, file in opened:
        alike = kept.setdefault(tuple(str(dataset.get(name)) for name in _TELL_APART), [])
        if any(_is_copy(dataset, other) for other, _ in alike):
            copies.append(file)
            continue
        for other, first in alike:
            if _uid(dataset) and _uid(dataset) == _uid(other):
                raise UserError(
                    f"{first.name} and {file.name} in {path} say that they are the same image and differ: "
                    "take the wrong one out of the folder."
                )
        alike.append((dataset, file))
    found = [one for alike in kept.values() for one in alike]
    if not copies:
        return found, []
    if len(copies) == 1:
        return found, [f"{copies[0].name} in {path.name} is a copy of another file and is left out."]
    return found, [f"{len(copies)} files in {path.name} are copies of others and are left out."]


def _is_copy(one: Any, other: Any) -> bool:
    same_image = _uid(one) == _uid(other) if _uid(one) and _uid(other) else False
    numbered = one.get("InstanceNumber") is not None
    return (same_image or numbered) and all(one.get(name) == other.get(name) for name in ("Rows", "Columns", *_PIXELS))


def _uid(dataset: Any) -> str:
    return str(dataset.get("SOPInstanceUID") or "")
