"""All labels of a large image into a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_apprentice.data.channels import CHOSEN
from napari_apprentice.data.exports import chunked
from napari_apprentice.jobs import ExportJob
from napari_apprentice.session.large_entry import LargeEntry
from napari_apprentice.settings import ReadAs


def export_large(entry: LargeEntry, path: Path, names: Mapping[int, str]) -> None:
    """Write what is in the project's store; `UserError` for formats that hold labels whole."""
    chunked.refuse(path, entry.volume, classes=bool(names))
    entry.keep_snapshot()
    for _ in chunked.copied(entry.folder.store.labels, path, entry.volume, names):
        pass


def export_job(entry: LargeEntry, path: Path, names: Mapping[int, str], id_: str, scratch: Path) -> ExportJob:
    """The same as a job; what is corrected meanwhile is not in it."""
    chunked.refuse(path, entry.volume, classes=bool(names))
    entry.keep_snapshot()
    volume, told = entry.volume, in_file(entry) if chunked.measures(path) else None
    labels = entry.folder.store.linked(scratch / id_ / "labels")
    return ExportJob(
        id=id_,
        labels=str(labels),
        spacing=volume.spacing,
        unit=volume.unit,
        translate=volume.metadata.get("translate"),
        names=dict(names),
        image=None if told is None else str(entry.folder.image.source),
        read_as=told or ReadAs(),
        out=str(path.absolute()),
    )


def in_file(entry: LargeEntry) -> ReadAs | None:
    """How another process reads an image from its file; None for one that is not as it is there."""
    image = entry.folder.image
    chosen = entry.volume.metadata.get(CHOSEN) and not image.reading.channels
    if image.source is None or image.copied or chosen or image.reading.order != (0, 1, 2):
        return None
    return ReadAs(channels=image.reading.channels, spacing=image.spacing, unit=image.unit)
