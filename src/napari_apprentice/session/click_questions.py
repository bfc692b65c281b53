"""What a click asks for: where it is, which jobs answer it, and how wide objects are that were kept before."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from napari_apprentice.data.image.channels import fits
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Asked, AskJob, ClickJob, ClickResult
from napari_apprentice.session.click_proposal import ClickProposal, looked_at
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of

Voxel = tuple[int, int, int, int]  # t, z, y, x

_REMEMBERED = 5  # objects kept last, which tell how wide the next will be


@dataclass(frozen=True)
class Wish:
    """A click, or a box from ``at`` to ``end``, that is to be answered; of areas of classes with the class."""

    entry: ProjectImage
    at: Voxel
    removes: bool = False
    extends: bool = False
    end: Voxel | None = None
    class_value: int | None = None


class Questions:
    """Makes the jobs that answer clicks."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._widths: deque[tuple[ProjectImage, float]] = deque(maxlen=_REMEMBERED)

    def note(self, proposal: ClickProposal | None) -> None:
        """An object is kept: the next one may be as wide."""
        if proposal is not None and proposal.class_value is None:
            self._widths.append((proposal.entry, proposal.width))

    def about(self, wish: Wish, proposal: ClickProposal | None, generation: int, *, one_slice: bool) -> AskJob:
        """The next click on what is proposed, or the first on another object."""
        parts, entry = self._parts, wish.entry
        project, _, model = parts.subject()
        asked = Asked() if proposal is None else proposal.asked
        at = looked_at(wish.at, entry.inner)
        if wish.end is not None:
            asked = Asked(drawn=(at, looked_at(wish.end, entry.inner)))
        known = parts.clickers.in_use
        is_heard = model is not None and not parts.models.why_not_propose()
        return AskJob(
            id=parts.queue.next_id("click"),
            image=pixels_of(entry, known.header if fits(entry.volume, 1) else None, project.scratch),
            click_model=str(known.file),
            asked=asked,
            point=at if wish.end is None else None,
            removes=wish.removes,
            generation=generation,
            one_slice=one_slice,
            width=self._width(entry),
            rival=self._of_model(wish.at, generation) if is_heard else None,
            settings=parts.compute.settings_here,
        )

    def _of_model(self, at: Voxel, generation: int) -> ClickJob:
        """What the model in use sees at a voxel."""
        parts, (project, entry, model) = self._parts, self._parts.subject()
        return ClickJob(
            id=parts.queue.next_id("click"),
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            point=looked_at(at, entry.inner),
            generation=generation,
            settings=parts.compute.settings_here,
        )

    def _width(self, entry: ProjectImage) -> float | None:
        """How wide objects are here, as far as some were kept."""
        known = [width for one, width in self._widths if one is entry]
        return median(known) if known else None


def asked_by(job: AskJob, result: ClickResult) -> Asked:
    """What was asked until now, with the mask that came of it."""
    asked = job.asked.model_copy(update={"mask": result.mask, "smoothing": result.smoothing})
    if job.point is None:
        return asked
    name = "remove" if job.removes else "add"
    return asked.model_copy(update={name: (*getattr(asked, name), job.point)})


def placed(
    point: tuple[float, ...], end: tuple[float, ...] | None, entry: ProjectImage
) -> tuple[Voxel, Voxel | None] | None:
    """The voxel at a point (t, z, y, x), or the first and last of a box as far as that lies in the image; None outside.

    A box lies in the slice of its first corner. `UserError` for a point with another number of coordinates.
    """
    corners = [point] if end is None else [point, end]
    if any(len(corner) != 4 for corner in corners):
        raise UserError("A point has four coordinates, t, z, y and x: 0 where the image has no such axis.")
    if not all(math.isfinite(i) for corner in corners for i in corner):
        return None
    places = [tuple(round(i) for i in corner) for corner in corners]
    shape = entry.labels.shape
    low, high = [min(i) for i in zip(*places, strict=True)], [max(i) for i in zip(*places, strict=True)]
    low[:2] = high[:2] = places[0][:2]
    if not all(first < n and last >= 0 for first, last, n in zip(low, high, shape, strict=True)):
        return None
    t, z, *_ = places[0]
    found = [(t, z, *(min(max(0, i), n - 1) for i, n in zip(at[2:], shape[2:], strict=True))) for at in places]
    (_, _, y, x), (_, _, v, u) = found[0], found[-1]
    return (t, z, y, x), None if end is None else (t, z, v, u)
