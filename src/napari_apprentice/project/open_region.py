"""Which part of a large image was open, as the newest file says, or the journal of what was done there."""

from __future__ import annotations

import json
import zlib
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region, Shape
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, journal, numbered
from napari_apprentice.project.pairs import Pairs
from napari_apprentice.settings import Settings

_Edge = tuple[int, int]
_Count = Annotated[int, Field(ge=0)]
_SUM = "sum"  # of what else is in the file; files from before there were such have none


class RegionRecord(Settings):
    """What ``region-3.json`` holds: the open region, (start, stop) along t, z, y, x, and what is counted elsewhere."""

    region: tuple[_Edge, _Edge, _Edge, _Edge] | None = None
    taught: _Count = 0
    top: _Count = 0  # no object had a larger id when the region was opened
    labels: _Count = 0  # the number of the labels in the store


def newest(pairs: Pairs, store: Path, shape: Shape) -> tuple[int, RegionRecord, list[Path]]:
    """What was open last, with its number, and the files about it that cannot be read.

    `UserError` when the disk does not give them, or it cannot be known which labels in the ``store`` were in use.
    """
    lost: list[Path] = []
    numbers = pairs.numbers("region", "journal")[::-1]
    for place, number in enumerate(numbers):
        told = _told_of(pairs, number, shape)
        if told is not None:
            before = takewhile(lambda n: _told_of(pairs, n, shape) == told, numbers[place + 1 :])  # noqa: B023
            return min([number, *before]), told, lost  # a journal goes on in the next when the disk refuses
        lost += pairs.of(number)
    if not lost or lost == [pairs.journal(0)]:
        return 0, RegionRecord(), []
    found = numbered.numbers(store, "labels", "")
    if len(found) > 1:
        raise UserError(f"{lost[0]} cannot be read: restore it from a copy.")
    return 0, RegionRecord(labels=max([0, *found])), lost


def write(path: Path, told: RegionRecord) -> None:
    """Write down which region is open; `UserError` when the disk refuses."""
    content = told.model_dump(mode="json")
    durable.write_json(path, {**content, _SUM: _sum_of(content)})


def told_in(path: Path, shape: Shape) -> RegionRecord | None:
    """What a file says about the open region; None when it is damaged or not there."""
    try:
        content = durable.read_json(path)
        if isinstance(content, dict) and _SUM in content and content.pop(_SUM) != _sum_of(content):
            return None
        told = RegionRecord.model_validate(content)
    except (OSError, ValueError):
        return None
    return told if _fits(told, shape) else None


def region_of(told: RegionRecord, shape: Shape) -> Region:
    """The open region; the middle of the image when none was chosen."""
    if told.region is None:
        return regions.region_at(shape, (0, *(n / 2 for n in shape[1:])))
    t, z, y, x = (slice(start, stop) for start, stop in told.region)
    return t, z, y, x


def _told_of(pairs: Pairs, number: int, shape: Shape) -> RegionRecord | None:
    return told_in(pairs.region(number), shape) or _told_by(pairs.journal(number), shape)


def _told_by(path: Path, shape: Shape) -> RegionRecord | None:
    """What a journal says about the region of its changes."""
    try:
        told = next(record.delta for record in journal.read(path).records if record.action == "region")
        found = RegionRecord.model_validate(json.loads(told))
    except (ValueError, StopIteration):
        return None
    return found if _fits(found, shape) else None


def _sum_of(content: dict[str, Any]) -> int:
    """A checksum: what bits that flip leave readable names another region, or other labels in the store."""
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _fits(told: RegionRecord, shape: Shape) -> bool:
    edges = told.region or ()
    return all(0 <= start < stop <= n for (start, stop), n in zip(edges, shape, strict=False))
