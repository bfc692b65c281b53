"""From what is confirmed in images to objects that a network is asked for: some teach, some judge.

An object is a section of it in a slice, for so it is asked. Sections are whole or not taken, and an object belongs to
one side by the block that its middle lies in (`data/labels/holdout`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import rank_ids, whole_sections
from napari_apprentice.data.labels.holdout import ENOUGH_OBJECTS, SHARE, blocks_set_aside, centroids_of
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.gray import gray
from napari_apprentice.engine.practice.scenes import Box, Scene, scene
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TrainingImageRef

_SECTIONS = 3  # of an object that goes through several slices: those that teach
_MOST_PIXELS = 1 << 26  # of all slices that are looked at together
_HALF = 0.5  # share set aside where a quarter is too little to judge
_TOO_CLOSE = "The objects are too close together to set some aside: keep some in other parts of the image as well."

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class KeptObjects:
    """Scenes whose objects teach, and scenes whose objects judge; ``why_not_judged`` when these are too few.

    ``taught`` and ``judged`` count objects of these scenes, not their sections.
    """

    teaches: tuple[Scene, ...]
    judges: tuple[Scene, ...]
    taught: int
    judged: int
    why_not_judged: str


@dataclass(frozen=True)
class _Slices:
    """One frame of an image with the sections of its objects that are whole, and where the middle of each lies."""

    name: str
    key: str
    channels: NDArray[np.generic]  # (C, Z, Y, X)
    labels: Labels  # (Z, Y, X); 0 where no section is whole
    numbers: NDArray[np.int64]
    middles: NDArray[np.int64]  # (objects, 2): y, x


@dataclass(frozen=True)
class _Slice:
    """Objects of a frame that are to be seen in one of its slices."""

    frame: _Slices
    z: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class _Known:
    """A scene, the frame that it is of, and of which object of the frame each of the scene's objects is."""

    scene: Scene
    frame: _Slices
    numbers: tuple[int, ...]


def read_kept(images: Sequence[TrainingImageRef], rng: np.random.Generator) -> Generator[None, None, KeptObjects]:
    """Share the confirmed objects of some images out; yields after each frame and slice that it looked at.

    Raises `UserError` when there are none.
    """
    frames: list[_Slices] = []
    for image in images:
        for frame in _frames(image):
            frames += [frame] if frame is not None else []
            yield
    if not frames:
        raise UserError("Nothing to learn from: keep or approve a few whole objects first.")
    shared = yield from _shared(frames, SHARE, rng)
    if shared.judged < ENOUGH_OBJECTS:
        halves = yield from _shared(frames, _HALF, rng)
        shared = halves if halves.judged >= ENOUGH_OBJECTS else shared
    if not (shared.taught and shared.judged):
        every = yield from _shared(frames, 0, rng)
        return replace(every, why_not_judged=_TOO_CLOSE)
    return replace(shared, why_not_judged=why_not_judged(shared.judged))


def why_not_judged(count: int) -> str:
    """One sentence when so few objects are too few to judge; "" when they suffice."""
    if count >= ENOUGH_OBJECTS:
        return ""
    objects = "is only 1 object" if count == 1 else f"are only {count} objects"
    return f"Among the objects set aside there {objects}, fewer than {ENOUGH_OBJECTS}: too few to judge."


def _shared(frames: Sequence[_Slices], share: float, rng: np.random.Generator) -> Generator[None, None, KeptObjects]:
    """Objects shared out; those that are specks, or on slices that memory is not for, do not count."""
    teaches: list[_Slice] = []
    judges: list[_Slice] = []
    for frame in frames:
        judge = _is_aside(frame, share) if share else np.zeros(len(frame.numbers), bool)
        teaches += _slices(frame, ~judge, _SECTIONS)
        judges += _slices(frame, judge, 1)
        yield
    taught = yield from _some(teaches, rng)
    judged = [_one_part_each(one) for one in (yield from _some(judges, rng))]
    return KeptObjects(
        tuple(one.scene for one in taught),
        tuple(one.scene for one in judged),
        len({(id(one.frame), number) for one in taught for number in one.numbers}),
        sum(len(one.scene.objects) for one in judged),
        "",
    )


def _one_part_each(known: _Known) -> _Known:
    """Of an object that is in parts in its slice only the first part."""
    _, first = np.unique(known.numbers, return_index=True)
    objects = tuple(known.scene.objects[int(i)] for i in sorted(first))
    numbers = tuple(known.numbers[int(i)] for i in sorted(first))
    return _Known(replace(known.scene, objects=objects), known.frame, numbers)


def _frames(image: TrainingImageRef) -> Iterator[_Slices | None]:
    """The frames in which something is confirmed; None for those without a whole section."""
    labels, confirmed = scratch.read(image.labels), scratch.read(image.confirmed)
    pixels = scratch.read(image.image.pixels)
    for t in np.flatnonzero([bool(frame.any()) for frame in confirmed]):
        ids = np.asarray(labels[t])
        whole = whole_sections(ids, np.asarray(confirmed[t]))
        if not whole.any():
            yield None
            continue
        here = np.where(whole, ids, 0)
        numbers, ranks = rank_ids(here, 0)  # of those that are there
        middles = centroids_of(ranks, len(numbers))
        key = image.key or image.image.name
        is_one = numbers > 0
        yield _Slices(image.image.name, key, pixels[t], here, numbers[is_one].astype(np.int64), middles[is_one])


def _is_aside(frame: _Slices, share: float) -> NDArray[np.bool_]:
    """For each object whether it is set aside to judge."""
    _, height, width = frame.labels.shape
    aside = blocks_set_aside(frame.key, height, width, share)
    return np.asarray(aside[frame.middles[:, 0], frame.middles[:, 1]])


def _slices(frame: _Slices, chosen: NDArray[np.bool_], sections: int) -> Iterator[_Slice]:
    """Slices with so many sections of each chosen object, evenly through it."""
    numbers = frame.numbers[chosen]
    if not len(numbers):
        return
    shown: dict[int, list[int]] = {}
    slices: dict[int, list[int]] = {}
    for z, plane in enumerate(frame.labels):
        for number in np.intersect1d(plane, numbers):
            slices.setdefault(int(number), []).append(z)
    for number, every in slices.items():
        places = np.linspace(0, len(every) - 1, min(sections, len(every)) + 2)[1:-1]
        for z in {every[round(float(i))] for i in places}:
            shown.setdefault(z, []).append(number)
    for z, here in sorted(shown.items()):
        yield _Slice(frame, z, tuple(here))


def _known(one: _Slice) -> _Known:
    """A slice with some of its objects, and nothing else labelled."""
    frame, z = one.frame, one.z
    labels = np.where(np.isin(frame.labels[z], one.numbers), frame.labels[z], 0)
    found = scene(f"{frame.name} {z}", "", gray(np.asarray(frame.channels[:, z])), labels, is_all_labelled=False)
    return _Known(found, frame, tuple(_number(labels, found, one) for one in found.objects))


def _number(labels: Labels, found: Scene, one: tuple[int, Box]) -> int:
    """What an object of a scene is called in the labels that the scene is made of."""
    number, box = one
    return int(labels[box][found.labels[box] == number][0])


def _some(slices: Sequence[_Slice], rng: np.random.Generator) -> Generator[None, None, list[_Known]]:
    """As many slices as memory is for, at random, of those on which an object is large enough."""
    kept: list[_Known] = []
    pixels = 0
    for i in rng.permutation(len(slices)):
        known = _known(slices[int(i)])
        yield
        if not known.scene.objects:
            continue
        pixels += known.scene.labels.size
        if kept and pixels > _MOST_PIXELS:
            break
        kept.append(known)
    return kept
