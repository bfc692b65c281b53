"""Outlines that people or programs drew, slice by slice, and the labels they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.outlines import Ring
from napari_apprentice.data.labels.linking import link_frame
from napari_apprentice.data.masks.filling import Filled, fill
from napari_apprentice.data.masks.words import were

Labels = NDArray[np.uint32]
Plane = tuple[int, int]  # frame and slice, from 0


@dataclass(frozen=True)
class Section:
    """One object in one slice.

    ``parts`` are each rings of points (count, 2) as (x, y) in pixels, where what lies in an even number of rings is
    outside. ``plane`` is None where the file does not say. ``number`` is what the file calls the object, if that is a
    number; sections of one object have the same one. ``kind`` is its class, "" for none, and ``color`` that of it.
    """

    parts: tuple[tuple[Ring, ...], ...]
    plane: Plane | None
    number: int | None = None
    kind: str = ""
    color: str = ""


@dataclass
class Drawing:
    """The sections in a file, and in ``notes`` sentences on what is not as it was drawn.

    ``lacks`` says that objects, or areas, may be in the image and not in its labels: something was left out, and what
    it was drawn around is not background.
    """

    sections: list[Section]
    notes: list[str] = field(default_factory=list)
    lacks: bool = False

    def leave_out(self, outlines: int, why: str) -> None:
        """Say that so many were left out, if any; ``why`` goes on after that."""
        if outlines:
            self.notes.append(f"{were(outlines, 'outline')} left out{why}.")
            self.lacks = True


def draw_objects(drawing: Drawing, shape: tuple[int, ...]) -> Labels:
    """Labels (T, Z, Y, X) in which each object has an id; what is not as it was drawn is said in the drawing's notes.

    The id is its number where the file numbers its objects. Else each section has one of its own, and in a volume
    sections that overlap from slice to slice are one object. Where sections overlap the smaller one has the pixels.
    """
    placed = _placed(drawing, shape)
    numbers = _numbers(placed)
    values = numbers or list(range(1, len(placed) + 1))
    labels = _draw(drawing, placed, values, shape)
    if not numbers and shape[1] > 1:
        before = len(np.unique(labels[labels > 0]))
        labels = _joined(labels)
        after = len(np.unique(labels[labels > 0]))
        if after < before:
            drawing.notes.append(
                f"{were(before, 'outline')} joined where they overlap from slice to slice, to {after} objects."
            )
    return labels


def draw_classes(drawing: Drawing, values: dict[str, int], shape: tuple[int, ...]) -> Labels:
    """Labels (T, Z, Y, X) of classes, by the name of each section's class; sections of other classes are left out."""
    placed = _placed(drawing, shape)
    known = [one for one in placed if one.kind in values]
    drawing.leave_out(len(placed) - len(known), ", having no class")
    return _draw(drawing, known, [values[one.kind] for one in known], shape)


def _placed(drawing: Drawing, shape: tuple[int, ...]) -> list[Section]:
    """The sections of which is known where they lie, each with its plane."""
    frames, slices = shape[0], shape[1]
    placed, nowhere, beyond = [], 0, 0
    for one in drawing.sections:
        plane = (0, 0) if one.plane is None and frames * slices == 1 else one.plane
        if plane is None:
            nowhere += 1
        elif not (0 <= plane[0] < frames and 0 <= plane[1] < slices):
            beyond += 1
        else:
            placed.append(Section(one.parts, plane, one.number, one.kind, one.color))
    drawing.leave_out(nowhere, ": the file does not say in which slice or frame")
    drawing.leave_out(beyond, ", in slices or frames that the image does not have")
    return placed


def _numbers(sections: Sequence[Section]) -> list[int]:
    """Their numbers, where each has one that no other one in its plane has; else []."""
    numbers = [one.number for one in sections]
    twice = Counter((one.plane, one.number) for one in sections)
    if any(number is None or not 0 < number <= np.iinfo(np.uint32).max for number in numbers):
        return []
    return [] if max(twice.values(), default=0) > 1 else [number or 0 for number in numbers]


def _draw(drawing: Drawing, sections: Sequence[Section], values: Sequence[int], shape: tuple[int, ...]) -> Labels:
    labels = np.zeros(shape, np.uint32)
    overlapping = empty = hidden = 0
    order = sorted(range(len(sections)), key=lambda i: sections[i].plane or (0, 0))
    for plane, indices in groupby(order, key=lambda i: sections[i].plane or (0, 0)):
        here, there = labels[plane], np.zeros(labels.shape[2:], bool)
        drawn = list(_largest_first(sections, list(indices), here.shape))
        for i, filled in drawn:
            part, twice = here[filled.box], there[filled.box]
            twice |= filled.mask & (part != 0) & (part != values[i])
            part[filled.mask] = values[i]
        overlapping += int(there.sum())
        empty += sum(not filled.mask.any() for _, filled in drawn)
        left = set(np.unique(here).tolist())
        hidden += len({values[i] for i, filled in drawn if filled.mask.any()} - left)
    if overlapping:
        drawing.notes.append(f"{were(overlapping, 'pixel')} in more than one outline: the smaller one has them.")
    if hidden:  # its pixels are of other objects
        drawing.notes.append(f"{were(hidden, 'outline')} left out, lying wholly under smaller ones.")
    drawing.leave_out(empty, ": no pixel of the image lies in them")
    return labels


def _largest_first(
    sections: Sequence[Section], indices: Sequence[int], shape: tuple[int, ...]
) -> Iterator[tuple[int, Filled]]:
    """Sections of a plane with their pixels, the largest first, of equal ones the first in the file."""
    filled = {i: fill(sections[i].parts, shape[0], shape[1]) for i in indices}
    for i in sorted(indices, key=lambda i: -int(filled[i].mask.sum())):
        yield i, filled[i]


def _joined(labels: Labels) -> Labels:
    """Objects of one slice are one with those of the slice before that they overlap."""
    joined = labels.copy()
    free = int(labels.max(initial=0)) + 1
    for frame in joined:
        for z in range(1, len(frame)):
            frame[z], free = link_frame(frame[z - 1][None], frame[z][None], free)
    return joined
