"""One image of a project on disk: its record, a snapshot of labels and vouched voxels, and the journal since.

::

    entries/<id>/entry.json         the image
                 state-3.npz        labels and vouched when journal 3 began
                 journal-3.bin      what was done since

A new snapshot is written whole, under the next number, before the old pair is removed, so that at every
moment one pair tells everything.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_apprentice.data.corrections import AS_LABELLED
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, journal
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.images import ImageRecord
from napari_apprentice.project.journal import Action, Journal, Record

_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)  # what reading a snapshot raises
_LARGEST_JOURNAL = 128_000_000  # bytes; beyond it a new snapshot is due


@dataclass(frozen=True)
class Kept:
    """What was found: arrays (T, Z, Y, X) at the snapshot, the records since, and a sentence when some are lost."""

    labels: NDArray[np.uint32]
    vouched: NDArray[np.uint8]
    records: list[Record]
    complaint: str = ""


class EntryFolder:
    """Where one image's labels are kept."""

    def __init__(self, path: Path, image: ImageRecord, flusher: Flusher) -> None:
        self.path = path
        self.image = image
        self._flusher = flusher
        self._number = 0
        self._journal: Journal | None = None  # until the labels are loaded: it is continued where it can be read

    @property
    def id(self) -> str:
        """The entry's stable name."""
        return self.path.name

    def save_image(self, image: ImageRecord) -> None:
        """Write what the image is."""
        self.image = image
        durable.make_folder(self.path)
        durable.write_json(self.path / "entry.json", image.model_dump(mode="json"))

    def load(self) -> Kept:
        """The newest readable snapshot and its journal, which is continued from here."""
        self.close()
        number, labels, vouched, complaint = self._newest_state()
        replay = journal.read(self.path / f"journal-{number}.bin")
        if replay.damaged:
            complaint = complaint or (
                f"The end of the journal of {self.image.name} was cut off or is damaged: "
                f"the {len(replay.records)} edits before it are here; check the last objects you corrected."
            )
            _keep_aside(self.path / f"journal-{number}.bin", replay.end)
        self._number = number
        self._journal = Journal(self.path / f"journal-{number}.bin", self._flusher, replay.end)
        return Kept(labels, vouched, replay.records, complaint)

    def _newest_state(self) -> tuple[int, NDArray[np.uint32], NDArray[np.uint8], str]:
        """The newest snapshot that can be read, its number, and a sentence about those that cannot.

        Changes hold absolute values: what the journal holds comes back also without the snapshot under it.
        """
        shape = (self.image.shape[0], *self.image.shape[2:])
        numbers = sorted((number_of(path) for path in self.path.glob("state-*.npz")), reverse=True)
        complaint = ""
        for number in numbers:
            path = self.path / f"state-{number}.npz"
            try:
                return number, *_read_state(path, shape), complaint
            except UserError as error:
                complaint = str(error)
                path.replace(path.with_suffix(".damaged"))
        older = not numbers or (self.path / "journal-0.bin").exists()
        return 0 if older else numbers[0], np.zeros(shape, np.uint32), np.zeros(shape, np.uint8), complaint

    def voxels_taught(self) -> int:
        """How many voxels are vouched for as objects, without loading them."""
        number = max([0, *(number_of(path) for path in self.path.glob("state-*.npz"))])
        records = journal.read(self.path / f"journal-{number}.bin").records
        if records:
            return records[-1].taught
        try:
            return int(_arrays(self.path / f"state-{number}.npz", "taught")[0].item())
        except _DAMAGED:
            return 0  # there is no snapshot; `load` says so when it is damaged

    def append(self, action: Action, step: int, delta: bytes, taught: int) -> None:
        """Journal one change; `UserError` when the disk refuses, and then it waits for `retry`.

        ``taught`` is what `voxels_taught` is to give from now on.
        """
        self._loaded().append(Record(action, step, delta, taught))

    def retry(self) -> None:
        """Write what the disk refused before."""
        if self.is_behind:
            self._loaded().retry()

    @property
    def is_used(self) -> bool:
        """Whether anything was ever done to the labels."""
        return any(self.path.glob("*-*.*"))

    @property
    def is_behind(self) -> bool:
        """Whether changes wait because the disk refused them."""
        return self._journal is not None and self._journal.is_behind

    @property
    def is_long(self) -> bool:
        """Whether a new snapshot is due."""
        return self._journal is not None and self._journal.size > _LARGEST_JOURNAL

    def snapshot(self, labels: NDArray[np.uint32], vouched: NDArray[np.uint8]) -> None:
        """Write everything as it is now and begin a new journal."""
        journal_before = self._loaded()
        number = self._number + 1
        # npz at the fastest compression: labels are long runs, and level 6 takes four times as long
        with (
            durable.replacing(self.path / f"state-{number}.npz") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            taught = np.asarray(np.count_nonzero(vouched == AS_LABELLED))
            for name, array in (("labels", labels), ("vouched", vouched), ("taught", taught)):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
        old, self._number = self._number, number
        journal_before.abandon()
        self._journal = Journal(self.path / f"journal-{number}.bin", self._flusher)
        for path in (self.path / f"journal-{old}.bin", self.path / f"state-{old}.npz"):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Put everything on disk."""
        if self._journal is not None:
            self._journal.close()

    def _loaded(self) -> Journal:
        if self._journal is None:
            raise RuntimeError(f"{self.path} must be loaded before it is written")
        return self._journal


def read_image_record(path: Path) -> ImageRecord:
    """What ``entry.json`` in a folder says; `UserError` when it cannot be read."""
    try:
        return ImageRecord.model_validate(json.loads((path / "entry.json").read_text()))
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(f"{path / 'entry.json'} cannot be read: restore it from a copy.") from error


def number_of(path: Path) -> int:
    """The number of a snapshot or journal."""
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _read_state(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    try:
        labels, vouched = _arrays(path, "labels", "vouched")
    except _DAMAGED as error:
        raise UserError(
            f"The saved labels {path} are damaged and were set aside: what was done before or since is shown."
        ) from error
    if labels.shape != shape or vouched.shape != shape:
        raise UserError(f"The saved labels {path} have shape {labels.shape}, the image needs {shape}.")
    return labels.astype(np.uint32, copy=False), vouched.astype(np.uint8, copy=False)


def _arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # NumPy leaves a damaged file open
        return [archive[name] for name in names]


def _keep_aside(path: Path, end: int) -> None:
    """Copy what cannot be read before the journal is continued over it."""
    with path.open("rb") as file:
        file.seek(end)
        rest = file.read()
    with durable.replacing(path.with_suffix(".damaged")) as copy:
        copy.write(rest)
