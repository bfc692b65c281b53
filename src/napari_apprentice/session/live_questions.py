"""What *Live* asks the engine: which network looks at what, and what is confirmed there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, whole_region
from napari_apprentice.data.image.channels import fits
from napari_apprentice.data.labels.samples import samples_in
from napari_apprentice.data.models import ModelHeader, without_live
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, Corrected, KeepLiveJob, LiveAllJob, LiveJob, Samples, VolumeRef
from napari_apprentice.project.durable import make_folder
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of

_USUAL = "nuclei-2d"  # whose features are used where the model in use has none for this image


class LiveQuestions:
    """Makes the jobs of *Live* from what a session is at the time."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What is missing for anything to be asked; "" when nothing is."""
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

    def view(self, looked_at: Sequence[Region], generation: int) -> LiveJob:
        """Labels of the first of these views, from what is confirmed in all of them (of objects: in the first)."""
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("live")
        edges = [(part.start + i.start, part.stop + i.start) for part, i in zip(looked_at[0], entry.inner, strict=True)]
        return LiveJob(
            id=id_,
            **self.seen(entry, project.scratch, self.network),
            **self._told(entry, looked_at, project.scratch / id_),
            box=(edges[0], edges[1], edges[2], edges[3]),
            generation=generation,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def whole(self) -> LiveAllJob:
        """Labels of all that is open of the image, from all that is confirmed there."""
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("segment")
        return LiveAllJob(
            id=id_,
            **self.seen(entry, project.scratch, self.network),
            **self._told(entry, (whole_region(entry.labels.shape),), project.scratch / id_),
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )

    def keep(self) -> KeepLiveJob:
        """A new version of the project's model, of all that is confirmed in what is open of the image."""
        parts, (project, entry, _) = self._parts, self._parts.subject()
        id_ = parts.queue.next_id("keep-live")
        make_folder(project.lineage.folder)
        is_classes = parts.choices.kind == "classes"
        return KeepLiveJob(
            id=id_,
            **self.seen(entry, project.scratch, self.network),
            **self._told(entry, (whole_region(entry.labels.shape),), project.scratch / id_),
            classes=parts.choices.classes if is_classes else (),
            out=str(project.lineage.file(project.lineage.next_id(parts.queue.unfinished_files))),
        )

    def network_like(self, key: str) -> ModelChoice | None:
        """The network with that key, where it can look at the image; else `network`."""
        entry = self._parts.images.current
        with suppress(UserError):
            found = self._parts.models.find(key)
            if entry is not None and _sees(found, entry):
                return found
        return self.network

    def seen(self, entry: ProjectImage, folder: Path, network: ModelChoice | None) -> dict[str, Any]:
        """What the engine looks at, and with which network."""
        header = None if network is None or network.header is None else without_live(network.header)
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


def _sees(choice: ModelChoice, entry: ProjectImage) -> bool:
    """Whether a network can look at slices of an image."""
    header: ModelHeader | None = choice.header
    if header is None or choice.file is None or header.net.dims != 2 or header.kind == "prompts":
        return False
    if header.elsewhere is not None:  # of which no features are known
        return False
    return fits(entry.volume, without_live(header).image_channels)


def _written(path: Path, array: NDArray[Any]) -> ArrayRef:
    """A copy in a file that is not kept: nothing waits for the disk."""
    scratch.create(path, array.shape, array.dtype)[:] = array
    return ArrayRef(path=str(path))


def _samples(entry: ProjectImage, regions: Iterable[Region]) -> Samples:
    """What is confirmed there, as places in what the engine looks at."""
    places, values = samples_in(entry.labels, entry.confirmed, regions)
    return Samples.of(places + np.array([part.start for part in entry.inner]), values)
