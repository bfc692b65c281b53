"""One image of a project on disk: its record, a snapshot of labels and confirmed voxels, and the journal since.

::

    entries/<id>/entry.json         the image
                 state-3.npz        labels, and what of them is confirmed, when journal 3 began
                 journal-3.bin      what was done since
                 doubts.bin         which objects of the last proposal are doubtful
                 classes.json       which classes objects were given when the journal began
                 objects.bin        what was seen in objects, for proposals of classes
                 journal.json       how long that was when the project was closed
                 *.damaged          what could not be read, kept

A new snapshot is written whole, under the next number, before the old pair is removed, so that at every
moment one pair tells everything. The labels are the newest snapshot that can be read and all journals from its
number on: changes hold absolute values, so that a journal is worth something also without the snapshot under it,
and replaying one twice does no harm. What was damaged is written anew as a pair that is whole, and set aside.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.objects.marks import Mark, Marks
from napari_apprentice.data.provenance import MaskSource
from napari_apprentice.errors import UserError
from napari_apprentice.project import (
    described,
    durable,
    journal,
    kept_doubts,
    kept_marks,
    mask_sources,
    numbered,
    snapshots,
)
from napari_apprentice.project.described import Described
from napari_apprentice.project.document import Document
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.images import ImageRecord
from napari_apprentice.project.journal import Action, Journal, Record
from napari_apprentice.project.journal_length import JournalLength
from napari_apprentice.project.kept_doubts import KeptDoubts
from napari_apprentice.project.pairs import Pairs
from napari_apprentice.project.snapshots import Arrays

_LARGEST_JOURNAL = 128_000_000  # bytes; beyond it a new snapshot is due


@dataclass(frozen=True)
class Kept:
    """What was found: arrays (T, Z, Y, X) at the snapshot, the records since, and a sentence when some are lost."""

    labels: NDArray[np.uint32]
    confirmed: NDArray[np.uint8]
    records: list[Record]
    complaint: str = ""


class ImageFolder:
    """Where one image's labels are kept."""

    def __init__(self, path: Path, image: ImageRecord, flusher: Flusher) -> None:
        self.path = path
        self.image = image
        self._flusher = flusher
        self._pairs = Pairs(path)
        self._document = Document(path / "entry.json", lambda: self.image.model_dump(mode="json"), self.make)
        self._number = 0
        self._journal: Journal | None = None  # until the labels are loaded: it is continued where it can be read

    @property
    def id(self) -> str:
        """The entry's stable name."""
        return self.path.name

    def make(self) -> None:
        """Make the folder; `UserError` when the disk refuses, or when the project's own folder is gone."""
        self._check_place()
        for folder in (self.path.parent, self.path):
            durable.make_folder(folder, is_inside=True)

    def save_image(self, image: ImageRecord) -> None:
        """Write what the image is; `UserError` when the disk refuses, and then it waits for `catch_up`."""
        self.image = image
        self._document.write()

    def mend(self, image: ImageRecord) -> None:
        """Write what the image is anew; the damaged file is kept beside. `UserError` as of `save_image`."""
        self.image = image
        self._document.mend()

    def write_in(self, path: Path, image: ImageRecord) -> None:
        """Write what the image is into another folder, where it goes on; labels are written by who has them."""
        durable.write_json(path / "entry.json", image.model_dump(mode="json"))

    @property
    def names_of_labels(self) -> tuple[str, ...]:
        """How files begin that need not be copied when labels are in memory."""
        return ("state-", "journal-", JournalLength.NAME)

    def write_all(self, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8], taught: int) -> None:
        """Keep labels as they are in memory, whatever was loaded; `UserError` when the disk refuses."""
        self.snapshot(labels, confirmed)

    def begin(self) -> None:
        """Go on without reading what is there: labels are in memory."""
        self._journal = Journal(self._pairs.journal(self._number), self._flusher)

    def load(self) -> Kept:
        """The newest readable snapshot and what was done since, which is continued from here.

        `UserError` when the disk does not give them.
        """
        if self._journal is not None:
            self._journal.close()
        base, arrays, unreadable = self._base()
        journals = [number for number in self._pairs.numbers("journal") if number >= base]
        journals = [number for number in journals if self._pairs.journal(number) not in unreadable]
        replay, damaged = journal.read_all([self._pairs.journal(number) for number in journals])
        self._number = base
        complaint = self._complaint(base, journals, unreadable, damaged, len(replay.records))
        end = replay.end
        cut_short = JournalLength.read(self.path).why_short(self._pairs, base)
        if complaint or len(journals) > 1 or (journals and journals != [base]):
            end, refused = self._begin_whole(arrays, replay.records, [*unreadable, *damaged])
            complaint = " ".join(part for part in (complaint, refused) if part)
        elif cut_short:  # the journal may come back: what is done from here on goes into another one
            complaint, end, self._number = cut_short, 0, self._pairs.next(self._number)
        self._journal = Journal(self._pairs.journal(self._number), self._flusher, end)
        return Kept(*arrays, replay.records, complaint)

    def _base(self) -> tuple[int, Arrays, list[Path]]:
        """The newest snapshot that can be read, with its number, and those that cannot; nothing, and 0, without one."""
        unreadable = []
        for number in reversed(self._pairs.numbers("state")):
            path = self._pairs.state(number)
            try:
                arrays = snapshots.read(path, self._shape)
            except snapshots.Damaged:
                unreadable.append(path)
                continue
            if path.is_symlink():
                unreadable.append(path)  # what it leads to is not the project's to keep
            return number, arrays, unreadable
        return 0, snapshots.empty(self._shape), unreadable

    def _complaint(
        self, base: int, journals: Sequence[int], unreadable: Sequence[Path], damaged: Sequence[Path], count: int
    ) -> str:
        """What is missing, in a sentence or two; "" when nothing is."""
        sentences = []
        if unreadable:
            sentences.append(
                f"The saved labels {unreadable[0]} are damaged and were set aside: "
                "what was done before or since is shown; check the objects of this image."
            )
        elif base == 0 and journals and journals[0] > 0:
            sentences.append(
                f"The saved labels of {self.image.name} are missing in {self.path}: what was done since is shown; "
                "check the objects of this image."
            )
        if damaged:
            sentences.append(
                f"A part of the journal of {self.image.name} was cut off or is damaged, and was set aside: "
                f"the {count} edits that can be read are here; check the last objects you corrected."
            )
        return " ".join(sentences)

    def _begin_whole(self, arrays: Arrays, records: Sequence[Record], damaged: Sequence[Path]) -> tuple[int, str]:
        """Write a pair that is whole and depends on nothing damaged, which is then set aside.

        The size of its journal, and a sentence when the disk refuses: then the old files stay as they are, and what
        is done from here on goes into a journal of its own.
        """
        old = self._pairs.all()
        number = self._pairs.next(self._number)
        self._number = number
        try:
            self._check_place()
            end = journal.write(self._pairs.journal(number), records)  # first: a snapshot would hide the old journals
            self._write_base(number, arrays)
        except UserError as error:
            self._number = number + 1
            if number not in self._pairs.numbers("state", "region"):  # else it counts
                with suppress(OSError):
                    self._pairs.journal(number).unlink(missing_ok=True)
            return 0, str(error)
        with suppress(OSError):
            for path in damaged:
                numbered.set_aside(path)
            for path in old:
                path.unlink(missing_ok=True)
        return end, ""

    def _write_base(self, number: int, arrays: Arrays) -> None:
        """Write what the changes of a journal are applied to."""
        snapshots.write(self._pairs.state(number), *arrays)

    def set_aside(self, records: Sequence[Record]) -> Path:
        """Keep records that cannot be applied in a file beside; `UserError` when the disk refuses."""
        path = numbered.free_place(self._pairs.journal(self._number))
        journal.write(path, records)
        return path

    def keep_doubts(self, doubts: Doubts, left: int) -> None:
        """Write the doubtful places of the last proposal, and how many are left; `UserError` when the disk refuses."""
        self._check_place()
        kept_doubts.write(self.path, doubts, left)

    def doubts(self) -> KeptDoubts | None:
        """The doubtful places of the last proposal; None where there are none, or they cannot be read."""
        return kept_doubts.read(self.path, self._shape)

    def keep_mask_sources(self, sources: tuple[MaskSource, ...]) -> None:
        """Write which models proposed masks; `UserError` when the disk refuses."""
        self._check_place()
        mask_sources.write(self.path, sources)

    def mask_sources(self) -> tuple[MaskSource, ...]:
        """The models that proposed masks, as they were first used; () where none is known."""
        return mask_sources.read(self.path)

    def keep_marks(self, marks: Marks) -> None:
        """Write which classes objects were given, before a new journal begins; `UserError` when the disk refuses."""
        self._check_place()
        kept_marks.write(self.path, marks)

    def marks(self) -> tuple[dict[int, Mark], str]:
        """Which classes objects were given when the journal began, and a sentence when that is damaged."""
        return kept_marks.read(self.path)

    def keep_described(self, found: Described) -> None:
        """Write what was seen in objects; `UserError` when the disk refuses."""
        self._check_place()
        described.write(self.path, found)

    def described(self) -> Described | None:
        """What was seen in objects; None where that is not known."""
        return described.read(self.path)

    def voxels_taught(self) -> int:
        """How many voxels are confirmed as objects, without loading them; 0 when that cannot be read."""
        states = self._pairs.numbers("state")
        newest = max([0, *states])
        with suppress(UserError):
            for number in reversed(self._pairs.numbers("journal")):
                if number >= newest and (records := journal.read(self._pairs.journal(number)).records):
                    return records[-1].taught
        with suppress(UserError, snapshots.Damaged):
            if states:
                return snapshots.voxels_taught(self._pairs.state(newest))
        return 0  # `load` says what is damaged

    def append(self, action: Action, step: int, delta: bytes, taught: int) -> None:
        """Journal one change; `UserError` when the disk refuses, and then it waits for `catch_up`.

        ``taught`` is what `voxels_taught` is to give from now on.
        """
        self._loaded().append(Record(action, step, delta, taught))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes journalled meanwhile are one: none is there without the others. `UserError` as of `append`."""
        with self._loaded().together():
            yield

    def catch_up(self) -> None:
        """Write what the disk refused before; labels that are doubtful are written by who has them."""
        self._document.catch_up()
        if self._journal is not None and self._journal.is_behind and not self._journal.is_doubtful:
            self._journal.catch_up()

    @property
    def is_used(self) -> bool:
        """Whether anything was ever done to the labels."""
        return any(self.path.glob("*-*.*"))

    @property
    def is_behind(self) -> bool:
        """Whether the disk does not have all as it is in memory."""
        return self._document.is_behind or self.is_doubtful or (self._journal is not None and self._journal.is_behind)

    @property
    def is_doubtful(self) -> bool:
        """Whether something written may not be on disk, so that a new snapshot is due."""
        return self._journal is not None and self._journal.is_doubtful

    def doubt(self) -> None:
        """What is on disk may not be what was written there."""
        self._document.doubt()
        if self._journal is not None:
            self._journal.doubt()

    @property
    def is_long(self) -> bool:
        """Whether a new snapshot is due."""
        return self._journal is not None and self._journal.size > _LARGEST_JOURNAL

    def snapshot(self, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> None:
        """Write everything as it is now and begin a new journal; `UserError` when the disk refuses."""
        journal_before = self._loaded()
        self._check_place()
        number = self._pairs.next(self._number)
        try:
            snapshots.write(self._pairs.state(number), labels, confirmed)
        except UserError as error:
            self._go_on_beside(number, journal_before, self._pairs.state(number), error)
            raise
        self._go_on(number, journal_before)

    def close(self) -> None:
        """Put everything on disk."""
        durable.each([self._document.catch_up, *([] if self._journal is None else [self._close_journal])])

    def _close_journal(self) -> None:
        open_journal = self._loaded()
        open_journal.close()
        if not open_journal.is_empty:
            JournalLength(number=self._number, size=open_journal.size).write(self.path)

    def _go_on_beside(self, number: int, journal_before: Journal, made: Path, refused: UserError) -> None:
        """Begin a new journal where ``made``, which was refused, is there all the same, whole: when read, it counts.

        The disk may not keep its name: what came before stays as well, until all is written anew.
        """
        if os.path.lexists(made):
            cause = refused.__cause__
            self._begin_journal(number, journal_before).doubt(cause if isinstance(cause, OSError) else None)

    def _begin_journal(self, number: int, journal_before: Journal) -> Journal:
        self._number = number
        journal_before.abandon()
        self._journal = Journal(self._pairs.journal(number), self._flusher)
        return self._journal

    def _go_on(self, number: int, journal_before: Journal) -> None:
        """Begin a new journal; what came before is in what has its number."""
        self._begin_journal(number, journal_before)
        for old in self._pairs.numbers():
            for path in self._pairs.of(old) if old < number else ():
                with suppress(OSError):  # another program may hold it; the newer number counts
                    path.unlink(missing_ok=True)

    @property
    def _shape(self) -> tuple[int, int, int, int]:
        t, _, z, y, x = self.image.shape
        return t, z, y, x

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may ever be written into the folder."""
        return self._flusher.place is not None and self._flusher.place.is_read_only

    def _check_place(self) -> None:
        if self._flusher.place is not None:
            self._flusher.place.check()

    def _loaded(self) -> Journal:
        if self._journal is None:
            raise RuntimeError(f"{self.path} must be loaded before it is written")
        return self._journal
