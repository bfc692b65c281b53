"""Which objects are clicked, and what comes of the clicks on each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from apprentice_lab.sets import Picture
from napari_apprentice.engine.practice.user import EXACT, SLOPPY, Mask, Point, ious_of

if TYPE_CHECKING:
    from apprentice_lab.clicks.methods import Method, Shown

USERS = {"centre": EXACT, "sloppy": SLOPPY}


@dataclass(frozen=True)
class Target:
    """An object to click: its number among those of frame ``t`` of an image, and whether that is 2D or 3D."""

    picture: int
    t: int
    number: int
    dims: int


@dataclass(frozen=True)
class Targets:
    """Objects to click; apart from them those under 30 pixels, and those that the image's edge cuts."""

    objects: Sequence[Target]
    specks: int
    cut: int


@dataclass(frozen=True)
class Clicked:
    """What came of an object: IoU and seconds after each click, and the IoU that was expected after the first."""

    kind: str
    group: str
    image: str
    t: int
    object: int
    pixels: int
    method: str
    user: str
    ious: Sequence[float]
    seconds: Sequence[float]
    expected: float | None


def draw_targets(images: Sequence[Picture], limit: int | None, seed: int) -> Targets:
    """So many objects of each kind of image, at random, in the order of the images; None: all."""
    from napari_apprentice.engine.practice.scenes import is_cut, objects_in  # here: it loads torch

    whole: dict[str, list[Target]] = {}
    specks = cut = 0
    for i, picture in enumerate(images):
        for t, frame in enumerate(picture.labels()):
            objects = objects_in(flat(frame))
            there = [number for number, box in objects.found if not is_cut(box, objects.labels.shape)]
            specks += objects.specks
            cut += len(objects.found) - len(there)
            dims = objects.labels.ndim
            whole.setdefault(picture.kind, []).extend(Target(i, t, number, dims) for number in there)
    drawn: list[Target] = []
    for _, every in sorted(whole.items()):
        drawn += [every[int(k)] for k in np.random.default_rng(seed).permutation(len(every))[:limit]]
    return Targets(sorted(drawn, key=lambda one: (one.picture, one.t, one.number)), specks, cut)


def click_all(
    images: Sequence[Picture], targets: Sequence[Target], methods: Sequence[Method], seed: int
) -> Iterator[list[Clicked]]:
    """The rows of each object: every user with every method that can be shown its image."""
    from apprentice_lab.clicks.methods import Shown  # here: they load torch
    from napari_apprentice.engine.practice.scenes import objects_in

    for (i, t), here in groupby(targets, key=lambda one: (one.picture, one.t)):
        volume, truth = images[i].read()
        shown, labels = Shown.of(volume, t), objects_in(flat(truth[t])).labels
        for one in here:
            mask = labels == one.number
            yield [
                _click(images[i], one, shown, mask, method, user, seed)
                for method in methods
                if one.dims in method.dims
                for user in USERS
            ]


def flat(labels: np.ndarray) -> np.ndarray:
    """Labels of a frame (Z, Y, X), of one section (Y, X)."""
    return labels[0] if len(labels) == 1 else labels


def _click(picture: Picture, one: Target, shown: Shown, truth: Mask, method: Method, user: str, seed: int) -> Clicked:
    expected: list[float | None] = []
    seconds: list[float] = []

    def click(at: Point, remove: bool) -> Mask:
        began = time.perf_counter()
        mask = method.click(at, remove)
        seconds.append(time.perf_counter() - began)
        expected.append(method.expected)
        return mask

    method.begin(shown)
    rng = np.random.default_rng((seed, one.picture, one.t, one.number))  # the same for every method
    ious = ious_of(click, truth, USERS[user], rng, spacing=shown.spacing)
    pixels = int(truth.sum())
    where = (picture.kind, picture.group, picture.name, one.t, one.number, pixels)
    return Clicked(*where, method.name, user, ious, seconds, expected[0])
