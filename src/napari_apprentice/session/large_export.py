"""All labels of a large image into a file, chunk by chunk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_apprentice.data.exports import omezarr
from napari_apprentice.data.exports.export import Export
from napari_apprentice.errors import UserError
from napari_apprentice.session.large_entry import LargeEntry


def export_large(entry: LargeEntry, path: Path, names: Mapping[int, str]) -> None:
    """Write what is in the project's store as OME-Zarr; `UserError` for other formats, which hold labels whole."""
    if not path.name.endswith(".zarr") and omezarr.image_above(path) is None:
        raise UserError(f"{entry.name} is too large for {path.name}: export it as OME-Zarr (.zarr).")
    entry.keep_snapshot()
    omezarr.refuse(path, entry.volume)
    folder = path.with_name(f".{path.name}.work")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _, *chunk = entry.folder.store.chunk
        out = omezarr.begun(folder, path, entry.shape, (chunk[0], chunk[1], chunk[2]))
        for part in entry.folder.store.labelled():
            out[part] = entry.folder.store.read(part)[0]
        omezarr.finish(folder, path, Export(np.zeros((1, 1, 1, 1)), entry.volume, dict(names)))
    except OSError as error:
        raise UserError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
