"""One image with its labels and what is confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, Shape, whole_region
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN, Confirmed, Labels, free_id
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.tracks import link_through_time
from napari_apprentice.data.objects.marks import Mark, MarkEdit
from napari_apprentice.data.provenance import MaskSource
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import VolumeRef
from napari_apprentice.project import images
from napari_apprentice.project.image_folder import ImageFolder
from napari_apprentice.project.journal import Action, Record
from napari_apprentice.project.kept_doubts import KeptDoubts
from napari_apprentice.project.moving import InMemory
from napari_apprentice.session.history import Edit, History, edit_of


@dataclass
class Correction:
    """Labels (uint32) and what of them is confirmed (uint8), both (T, Z, Y, X), with their history.

    ``marks`` are the classes that objects were given, in the whole image.
    """

    labels: NDArray[np.uint32]
    confirmed: NDArray[np.uint8]
    history: History = field(default_factory=History)
    marks: dict[int, Mark] = field(default_factory=dict)
    highest_id: int = field(init=False)  # that was ever in these labels

    def __post_init__(self) -> None:
        self.highest_id = int(self.labels.max(initial=0))

    def apply(self, delta: Edit) -> None:
        """Change the arrays, or the marks."""
        if isinstance(delta, MarkEdit):
            delta.apply(self.marks)
            return
        delta.apply(self.labels, self.confirmed)
        self.highest_id = max(self.highest_id, int(delta.labels_after.max(initial=0)))


class ProjectImage:
    """An image of the project. Pixels and labels are read when they are first asked for.

    ``labels`` and ``confirmed`` are shared with the layers that show them: always the same two arrays.
    """

    def __init__(self, folder: ImageFolder, volume: Volume | None = None) -> None:
        self.folder = folder
        self.complaint = ""
        self.pixels: dict[int, VolumeRef] = {}  # by number of channels
        self.reading = 0  # counts how often what is looked at changed: read differently, or another part
        self.readings = 0  # counts how often the image was read differently
        self.edits = 0  # counts changes of labels and of what is confirmed
        self.markings = 0  # counts changes of the classes that objects were given
        self._volume = volume
        self._doubts: KeptDoubts | None = None
        self._knows_doubts = False
        self._mask_sources: tuple[MaskSource, ...] | None = None  # not read yet
        self._correction: Correction | None = None
        self._voxels_taught = folder.voxels_taught()

    @property
    def id(self) -> str:
        """Stable: the same image has it again when it is opened again."""
        return self.folder.id

    @property
    def name(self) -> str:
        """What the image is called."""
        return self.folder.image.name

    @property
    def volume(self) -> Volume:
        """The image; `UserError` when its file went away or changed."""
        if self._volume is None:
            self._volume = images.reopen(self.folder.image, self.folder.path)
        return self._volume

    def read_as(self, volume: Volume) -> None:
        """Take the image from another reading of it."""
        if self._volume is None or volume.pixels is not self._volume.pixels:
            self.reading += 1
            self.readings += 1
        self._volume = volume
        self.pixels.clear()

    @property
    def shape(self) -> Shape:
        """Of the labels of the whole image (T, Z, Y, X)."""
        t, _, z, y, x = self.folder.image.shape
        return t, z, y, x

    @property
    def region(self) -> Region:
        """The part of the image that ``labels`` and ``confirmed`` are of: all of it, but for a `LargeProjectImage`."""
        return whole_region(self.shape)

    def has_open(self, point: Iterable[int]) -> bool:
        """Whether a voxel (t, z, y, x) of the whole image lies in ``region``."""
        return all(part.start <= at < part.stop for at, part in zip(point, self.region, strict=True))

    @property
    def part(self) -> Volume:
        """What a network looks at: the image."""
        return self.volume

    @property
    def inner(self) -> Region:
        """Where ``region`` lies in ``part``."""
        return self.region

    def look(self, frame: int, box: tuple[slice, ...]) -> NDArray[Any]:
        """The pixels (C, Z, Y, X) in a frame and a box (z, y, x) of ``labels``."""
        t, *inner = self.region
        z, y, x = (slice(one.start + part.start, one.stop + part.start) for one, part in zip(box, inner, strict=True))
        return np.asarray(self.volume.pixels[frame + t.start, :, z, y, x])

    @property
    def labels(self) -> NDArray[np.uint32]:
        """Ids or classes (T, Z, Y, X)."""
        return self._corrected().labels

    @property
    def confirmed(self) -> NDArray[np.uint8]:
        """0 unknown, 1 background, 2 as in labels (T, Z, Y, X)."""
        return self._corrected().confirmed

    @property
    def history(self) -> History:
        """What can be undone."""
        return self._corrected().history

    @property
    def marks(self) -> Mapping[int, Mark]:
        """The classes that objects were given, anywhere in the image."""
        return self._corrected().marks

    @property
    def voxels_taught(self) -> int:
        """How many voxels are confirmed as an object or class."""
        return self._voxels_taught

    @property
    def is_labelled(self) -> bool:
        """Whether there is any label."""
        return bool(self.labels.any())

    @property
    def is_confirmed(self) -> bool:
        """Whether anything is confirmed."""
        return bool(self.confirmed.any())

    @property
    def is_being_segmented(self) -> bool:
        """Whether the project holds the beginning of a proposal for all of a large image."""
        return False

    def holds(self, value: int) -> bool:
        """Whether any voxel has this id or class."""
        return bool((self.labels == value).any())

    def next_id(self) -> int:
        """An id that no object has."""
        return free_id(self.labels)

    @property
    def highest_id(self) -> int:
        """An id that none in ``labels`` exceeds, known without looking through them."""
        return self._corrected().highest_id

    def numbered(self, merged: Labels, labels: Labels, confirmed: Confirmed, *, link: bool) -> Labels:
        """New labels of ``region`` with ids that mean the same in all of the image; the others are as they were.

        With ``link`` an object keeps its id through time; what is confirmed keeps its own in any case.
        """
        return link_through_time(merged, confirmed) if link and len(merged) > 1 else merged

    @property
    def doubts(self) -> KeptDoubts | None:
        """The doubtful places of the last proposal, in the whole image; None where none are known."""
        if not self._knows_doubts:
            self._doubts, self._knows_doubts = self.folder.doubts(), True
        return self._doubts

    def keep_doubts(self, doubts: Doubts, left: int) -> None:
        """Take over other doubtful places; `UserError` when the disk refuses, and then they are in memory only."""
        self._doubts, self._knows_doubts = KeptDoubts(doubts, left), True
        self.folder.keep_doubts(doubts, left)

    @property
    def mask_sources(self) -> tuple[MaskSource, ...]:
        """The models that proposed masks here, in the order in which they were first used; () where none is known."""
        if self._mask_sources is None:
            self._mask_sources = self.folder.mask_sources()
        return self._mask_sources

    def keep_mask_sources(self, sources: tuple[MaskSource, ...]) -> None:
        """Take over other ones; `UserError` when the disk refuses, and then they are in memory only."""
        self._mask_sources = sources
        self.folder.keep_mask_sources(sources)

    def still_open(self, doubts: Doubts) -> NDArray[np.bool_]:
        """Which places nobody said anything about yet: objects that are there, and places where still none is."""
        place = tuple(doubts.points.T)
        return open_places(self.labels[place], self.confirmed[place], doubts.missed)

    def apply(self, action: Action, step: int, delta: Delta, record: bytes | None = None) -> None:
        """Change the arrays, note it for undo and journal it.

        ``record`` is ``delta.to_bytes()``, if that is known. `UserError` when the disk refuses the journal: the change
        stands and waits there.
        """
        self.edits += 1
        correction = self._corrected()
        correction.apply(delta)
        self._note(delta)
        if delta.changes_confirmed:
            taught = np.count_nonzero(delta.confirmed_after == AS_LABELLED)
            self._voxels_taught += int(taught) - int(np.count_nonzero(delta.confirmed_before == AS_LABELLED))
        written = delta.to_bytes() if record is None else record
        correction.history.record(action, step, delta, written, self.region)
        self.folder.append(action, step, written, self._voxels_taught)

    def mark(self, action: Action, step: int, edit: MarkEdit) -> None:
        """Change the classes of objects, note it for undo and journal it; `UserError` as of `apply`."""
        self.markings += 1
        correction, written = self._corrected(), edit.to_bytes()
        correction.apply(edit)
        correction.history.record(action, step, edit, written)
        self.folder.append(action, step, written, self._voxels_taught)

    def keep_snapshot(self) -> None:
        """Write labels, and what of them is confirmed, whole and begin a new journal."""
        self.folder.keep_marks(self.marks)
        self.folder.snapshot(self.labels, self.confirmed)

    def catch_up(self) -> None:
        """Write labels that the disk could not keep anew; `UserError` when it refuses."""
        if self.folder.is_doubtful:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Write all labels as they are, whatever is on disk; `UserError` when the disk refuses."""
        self.keep_snapshot()

    def in_memory(self) -> InMemory:
        """What is known of the image without its folder."""
        read = self._correction
        if read is None:
            return InMemory(self._volume)
        return InMemory(self._volume, read.labels, read.confirmed, self._voxels_taught, read.marks)

    def go_on_in(self, folder: ImageFolder) -> None:
        """Everything is in another folder now."""
        self.folder = folder
        self.pixels.clear()

    @property
    def is_read(self) -> bool:
        """Whether the labels are in memory."""
        return self._correction is not None

    def let_go(self) -> None:
        """Forget labels that were only looked at; they are read again when they are asked for.

        Not where edits were made or a layer shares them, nor of what opened with a complaint, which is said once.
        """
        if not self.edits and not self.markings and not self.complaint:
            self._correction = None

    def put_down(self) -> None:
        """Let go of labels that no layer shares, and of pixels that lie in a file: the disk has all of it."""
        if self.folder.is_behind or self.complaint:
            return
        self._correction = None
        if self.folder.image.copied or self.folder.image.source is not None:
            self._volume = None

    def _corrected(self) -> Correction:
        if self._correction is None:
            self._correction, refused = self._read()
            self._voxels_taught = self._count(self._correction)
            self._leave_out(refused)
        return self._correction

    def _count(self, read: Correction) -> int:
        return int(np.count_nonzero(read.confirmed == AS_LABELLED))

    def _note(self, delta: Delta) -> None:
        """A change was applied; a `LargeProjectImage` has to know where."""

    def _read(self) -> tuple[Correction, list[Record]]:
        """The snapshot with the journal replayed over it, and the records that cannot be applied."""
        kept = self.folder.load()
        marks, damaged = self.folder.marks()
        self.complaint = " ".join(part for part in (kept.complaint, damaged) if part)
        read = Correction(kept.labels, kept.confirmed, marks=marks)
        refused = []
        for record in kept.records:
            try:
                edit = edit_of(record.delta, read.labels.shape)
                read.apply(edit)
            except (ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError):
                refused.append(record)
                continue
            region = None if isinstance(edit, MarkEdit) else self.region
            if not isinstance(edit, MarkEdit):
                self._note(edit)
            if record.action != "region":
                read.history.record(record.action, record.step, edit, record.delta, region)
        return read, refused

    def _leave_out(self, refused: list[Record]) -> None:
        """Set records aside that cannot be applied, and begin a journal without them."""
        if not refused:
            return
        try:
            place = f"set aside in {self.folder.set_aside(refused)}"
            self.begin_anew()
        except UserError as error:
            place = f"left in the journal ({error})"
        sentence = (
            f"Edits of {self.name} that cannot be applied ({len(refused)}) were {place}: "
            "all others are here; check the last objects you corrected."
        )
        self.complaint = " ".join(part for part in (self.complaint, sentence) if part)


def open_places(labels: Labels, confirmed: Confirmed, missed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which doubtful places (n,) are still as they were proposed, from what their points have."""
    still: NDArray[np.bool_] = (confirmed == UNKNOWN) & ((labels == 0) == missed)
    return still
