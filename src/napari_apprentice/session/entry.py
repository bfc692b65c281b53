"""One image with its labels and what is vouched for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.corrections import AS_LABELLED
from napari_apprentice.data.deltas import Delta
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import VolumeRef
from napari_apprentice.project.entries import EntryFolder
from napari_apprentice.project.journal import Action
from napari_apprentice.session.history import History


class Entry:
    """An open image; ``labels`` uint32 and ``vouched`` uint8 (T, Z, Y, X) are shared with the layers that show them."""

    labels: NDArray[np.uint32]
    vouched: NDArray[np.uint8]

    def __init__(self, volume: Volume, folder: EntryFolder) -> None:
        kept = folder.load()
        self.volume = volume
        self.folder = folder
        self.labels = kept.labels
        self.vouched = kept.vouched
        self.history = History()
        self.complaint = kept.complaint
        self.pixels: dict[int, VolumeRef] = {}  # by number of channels
        self.reading = 0
        try:
            for record in kept.records:
                delta = Delta.from_bytes(record.delta)
                delta.apply(self.labels, self.vouched)
                self.history.record(record.action, record.step, delta, record.delta)
        except (ValueError, KeyError, IndexError, UserError):
            self.complaint = (
                f"The journal of {volume.name} holds an edit that cannot be read: "
                "the edits before it are here; check the last objects you corrected."
            )
        self.voxels_taught = int(np.count_nonzero(self.vouched == AS_LABELLED))

    @property
    def id(self) -> str:
        """Stable: the same image has it again when it is opened again."""
        return self.folder.id

    @property
    def name(self) -> str:
        """What the image is called."""
        return self.volume.name

    def next_id(self) -> int:
        """An id that no object has."""
        return int(self.labels.max()) + 1

    def apply(self, action: Action, step: int, delta: Delta) -> None:
        """Change the arrays, note it for undo and journal it.

        `UserError` when the disk refuses the journal: the change stands and waits there.
        """
        delta.apply(self.labels, self.vouched)
        taught = np.count_nonzero(delta.vouched_after == AS_LABELLED)
        self.voxels_taught += int(taught) - int(np.count_nonzero(delta.vouched_before == AS_LABELLED))
        written = delta.to_bytes()
        self.history.record(action, step, delta, written)
        self.folder.append(action, step, written)

    def keep_snapshot(self) -> None:
        """Write labels and vouched whole and begin a new journal."""
        self.folder.snapshot(self.labels, self.vouched)
