"""Chunks that are on disk before they take the place of older ones."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

from zarr.storage import LocalStore

from napari_apprentice.data.storage.claims import remove_all

_UNFINISHED = ".partial"  # as zarr itself calls what it has not written whole


class SyncedStore(LocalStore):
    """A folder in which a loss of power leaves each chunk as it was or as it was written, never empty.

    Zarr renames a chunk that may not be on disk yet: many file systems lose the old one and the new one then. Which
    chunks there are is on disk once the folders are synced, by whoever writes.
    """

    async def set(self, key: str, value: Any) -> None:
        """Write what is to be under a key."""
        self._check_writable()
        await asyncio.to_thread(_write, self.root / key, value.to_bytes())

    def set_sync(self, key: str, value: Any) -> None:
        """The same, for versions of zarr that ask so."""
        self._check_writable()
        _write(self.root / key, value.to_bytes())


def clear_unfinished(folder: Path) -> None:
    """Remove what a process that was killed had begun to write; no other process may write there now."""
    for part in folder.rglob(f"*{_UNFINISHED}"):
        remove_all(part)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_UNFINISHED}")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        remove_all(part)
        raise
