"""*Live*: masks of the view that follow the brush, and for all of the image what was learned so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, lies_in, whole_region
from napari_apprentice.data.image.channels import fits
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.samples import samples_in
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, Corrected, LiveAllJob, LiveJob, LiveResult, Samples, VolumeRef
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Running
from napari_apprentice.session.verbs.segment import Segment

LARGEST = 1024  # pixels of a view along an edge
_REMEMBERED = 8  # views looked at, whose confirmed voxels count
_USUAL = "nuclei-2d"  # whose features are used where the model in use has none for this image


@dataclass(frozen=True, eq=False)
class LiveProposal:
    """Class values (y, x) uint8, or ids uint32 of objects, in ``region`` (one slice) of an image's labels.

    ``labels`` are 0 where nothing is, and where something is confirmed: there the masks show it.
    ``known`` are the classes told apart, 0 being background (0 and 1 for objects); () while there are fewer than two.
    """

    entry: ProjectImage
    region: Region
    labels: NDArray[Any]
    known: tuple[int, ...]
    used: int
    looked_s: float
    seconds: float


class Live:
    """While it is on, every edit asks again; one question is under way at a time, and the newest edit wins.

    What it shows is no edit: nothing is journalled, and undo takes back strokes, which it follows.
    """

    def __init__(self, parts: SessionParts, segment: Segment) -> None:
        self._parts = parts
        self._segment = segment
        self._region: Region | None = None  # that is looked at
        self._views: deque[Region] = deque(maxlen=_REMEMBERED)
        self._generation = 0
        self._is_asking = self._is_wanted = False
        self.is_on = False
        self.proposal: LiveProposal | None = None
        parts.signals.edited.connect(self._on_edited)
        parts.signals.image_changed.connect(self._begin_anew)
        parts.signals.model_changed.connect(self._begin_anew)
        parts.signals.settings_changed.connect(self._begin_anew)
        parts.signals.region_changed.connect(self._begin_anew)

    def why_not(self) -> str:
        """What *Live* still misses; "" when it can be switched on."""
        entry = self._parts.images.current
        if entry is None:
            return NO_IMAGE
        return "" if self.network is not None else f"No 2D network here takes the channels of {entry.name}."

    @property
    def network(self) -> ModelChoice | None:
        """The network whose features are used: the model in use, or the usual one where that is 3D or fresh."""
        entry, models = self._parts.images.current, self._parts.models
        if entry is None:
            return None
        found = [models.in_use]
        with suppress(UserError):  # a package without models
            found.append(models.find(_USUAL))
        return next((one for one in found if _sees(one, entry)), None)

    def on(self, box: Sequence[slice] | None = None) -> None:
        """Follow what is confirmed in a view, slices for t, z, y, x of one slice; see `look`. Raises `UserError`."""
        refuse(self.why_not())
        self.is_on = True
        try:
            self.look(box)
        except UserError:
            self.off()
            raise

    def off(self) -> None:
        """Show nothing any more."""
        self.is_on = False
        self._region = None
        self._views.clear()
        self._drop()

    def look(self, box: Sequence[slice] | None = None) -> None:
        """Another view is looked at: as much as `LARGEST` pixels around the middle of ``box``; None: the first slice.

        Nothing happens while it lies in what was looked at last.
        """
        entry = self._parts.images.current
        if not self.is_on or entry is None:
            return
        region = view_in(box, entry.labels.shape)
        if self._region is not None and lies_in(region, self._region):
            return
        self._region = region = around(region, entry.labels.shape)
        if region in self._views:
            self._views.remove(region)
        self._views.append(region)
        self._generation += 1
        self._ask()

    def why_not_apply(self) -> str:
        """What *Apply to the whole image* still misses; "" when it can be done."""
        if not self.is_on:
            return "Switch Live on first."
        if self.proposal is None or not self.proposal.known:
            return "Live knows too little yet: correct some more."
        if self._parts.queue.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return ""

    def apply(self) -> None:
        """Propose labels for all of the image, or the open part of a large one, as *Segment* does: one undo step."""
        refuse(self.why_not_apply())
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("segment")
        job = LiveAllJob(
            id=id_,
            **self._seen(entry, project.scratch),
            **self._told(entry, (whole_region(entry.labels.shape),), project.scratch / id_),
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        parts.queue.start(job, parts.origin(), self._segment.taking())

    def _ask(self) -> None:
        """One question at a time: what is wanted meanwhile is asked when that is answered."""
        if self._is_asking:
            self._is_wanted = True
            return
        self._is_wanted = False
        if self._region is None or self.why_not():
            return
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_, inner = parts.queue.next_id("live"), entry.inner
        edges = [(part.start + i.start, part.stop + i.start) for part, i in zip(self._region, inner, strict=True)]
        job = LiveJob(
            id=id_,
            **self._seen(entry, project.scratch),
            box=(edges[0], edges[1], edges[2], edges[3]),
            **self._told(entry, (self._region, *self._views), project.scratch / id_),
            generation=self._generation,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        self._is_asking = True
        accept = partial(self._accept, self._region, entry.edits)
        parts.queue.start(job, parts.origin(), accept, self._broke_off)

    def _seen(self, entry: ProjectImage, folder: Path) -> dict[str, Any]:
        """What the engine looks at, and with which network."""
        network = self.network
        header = None if network is None else network.header
        image = pixels_of(entry, header, folder)
        has_more = header is not None and entry.volume.pixels.shape[1] != header.image_channels
        colours: VolumeRef | None = pixels_of(entry, None, folder) if has_more else None
        model = "" if network is None else str(network.file)
        return {"image": image, "colours": colours, "model": model, "settings": self._parts.compute.settings_here}

    def _told(self, entry: ProjectImage, regions: Sequence[Region], path: Path) -> dict[str, Any]:
        """What is confirmed: of classes some voxels of all regions, of objects everything in the first one."""
        if self._parts.choices.kind == "classes":
            return {"samples": _samples(entry, regions)}
        arrays: dict[str, NDArray[Any]] = {"labels": entry.labels[regions[0]], "confirmed": entry.confirmed[regions[0]]}
        files = {name: _written(Path(f"{path}-{name}.npy"), array) for name, array in arrays.items()}
        return {"corrections": Corrected(**files)}

    def _accept(self, region: Region, edits: int, running: Running, result: LiveResult) -> None:
        self._is_asking = False
        origin = running.origin
        entry = origin.entry
        is_there = entry is self._parts.images.current and origin.is_same_part
        # strokes painted since then change it soon; one taken back since then must not be seen again
        is_taken_back = entry.edits != edits and bool(entry.history.undone)
        if self.is_on and is_there and result.generation == self._generation and not is_taken_back:
            labels = np.array(scratch.read(result.labels))  # the file goes with the job
            labels[(entry.confirmed[region] != UNKNOWN)[0, 0]] = 0
            told = (result.known, result.used, result.looked_s, result.seconds)
            self._show(LiveProposal(entry, region, labels, *told))
        if self._is_wanted:
            self._ask()

    def _broke_off(self) -> None:
        self._is_asking = False
        if self._is_wanted and self.is_on:
            self._ask()

    def _show(self, proposal: LiveProposal | None) -> None:
        self.proposal = proposal
        self._parts.signals.live_proposed.emit(proposal)

    def _drop(self) -> None:
        self._generation += 1
        self._is_wanted = False
        if self.proposal is not None:
            self._show(None)

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        if self.is_on and entry is self._parts.images.current:
            self._ask()

    def _begin_anew(self, *_: Any) -> None:
        """Another image or part of it, another network, other classes: what was looked at counts no more."""
        if not self.is_on:
            return
        region = self._region
        self._views.clear()
        self._drop()
        self._region = None
        entry = self._parts.images.current
        fits_still = region is not None and entry is not None and lies_in(region, whole_region(entry.labels.shape))
        self.look(region if fits_still else None)


def view_in(box: Sequence[slice] | None, shape: tuple[int, ...]) -> Region:
    """The middle of a box in labels of ``shape`` (T, Z, Y, X): one slice, no larger than is looked at at once."""
    parts = [slice(None)] * 4 if box is None else list(box)
    edges = [part.indices(n)[:2] for part, n in zip(parts, shape, strict=True)]
    if any(start >= stop for start, stop in edges):
        raise UserError("This part lies outside the image: choose one inside it.")
    found = [slice(start, start + 1) for start, _ in edges[:2]]
    for start, stop in edges[2:]:
        size = min(stop - start, LARGEST)
        first = (start + stop - size) // 2
        found.append(slice(first, first + size))
    return found[0], found[1], found[2], found[3]


def around(region: Region, shape: tuple[int, ...]) -> Region:
    """As much of the slice around a part of it as is looked at at once."""
    parts = []
    for part, n in zip(region[2:], shape[2:], strict=True):
        size = min(n, LARGEST)
        first = min(max(0, (part.start + part.stop - size) // 2), n - size)
        parts.append(slice(first, first + size))
    return region[0], region[1], parts[0], parts[1]


def _sees(choice: ModelChoice, entry: ProjectImage) -> bool:
    """Whether a network can look at slices of an image."""
    header: ModelHeader | None = choice.header
    if header is None or choice.file is None or header.net.dims != 2 or header.kind == "prompts":
        return False
    return fits(entry.volume, header.image_channels)


def _written(path: Path, array: NDArray[Any]) -> ArrayRef:
    """A copy in a file that is not kept: nothing waits for the disk."""
    scratch.create(path, array.shape, array.dtype)[:] = array
    return ArrayRef(path=str(path))


def _samples(entry: ProjectImage, regions: Iterable[Region]) -> Samples:
    """What is confirmed there, as places in what the engine looks at."""
    places, values = samples_in(entry.labels, entry.confirmed, regions)
    return Samples.of(places + np.array([part.start for part in entry.inner]), values)
