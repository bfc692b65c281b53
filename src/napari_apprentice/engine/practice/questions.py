"""What the network is asked while it learns: an object in a window, first prompts, and clicks on what was wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional

from napari_apprentice.engine.practice.next_slice import as_next_slice
from napari_apprentice.engine.practice.scenes import Scene
from napari_apprentice.engine.prompts.inputs import Prompt, image_channels, prompt_channels
from napari_apprentice.engine.prompts.window import SIZE, SMALLEST, Window

LARGEST = 1024.0  # image pixels of a window
_NOTHING = 0.04  # share of clicks on background
_BOX = 0.15
_SPOILED = 0.15  # share that begins with a mask to be repaired
# Share of these whose mask is that of a neighbouring slice, with a click inside and none on what is wrong.
_NEXT_SLICE = 0.4
_DROP = 0.2  # share of later rounds without the mask so far
_NEIGHBOUR = 0.3  # share of clicks that take away, put on a touching neighbour where there is one

Mask = NDArray[np.bool_]
Generator = np.random.Generator


@dataclass(frozen=True)
class Question:
    """One object in a window: what is seen (2, SIZE, SIZE), the truth, what is known, and what was asked so far.

    ``whole`` is the area of the object in network pixels, outside of the window too; 0 when nothing is there.
    ``labels`` are those of all objects in the window.
    """

    seen: NDArray[np.float32]
    truth: Mask
    known: Mask
    labels: NDArray[np.int32]
    whole: float
    prompt: Prompt

    def channels(self) -> NDArray[np.float32]:
        """All that the network gets, (6, SIZE, SIZE)."""
        return np.concatenate([self.seen, prompt_channels(self.prompt)])


def ask(scene: Scene, rng: Generator) -> Question:
    """A question about a random object of a scene, or, where that is known, now and then about background."""
    number, box = scene.objects[rng.integers(len(scene.objects))]
    inside = scene.labels[box] == number
    click = _inner_point(inside, rng)
    if click is None:
        raise ValueError("an object without a pixel")
    point = (click[0] + box[0].start, click[1] + box[1].start)
    width = float(max(inside.shape))
    asks_for_nothing = scene.is_all_labelled and rng.random() < _NOTHING
    if asks_for_nothing and (ground := _inner_point(scene.labels == 0, rng)) is not None:
        return _question(scene, 0, _first_look(ground, width, rng), 0.0, ground, rng)
    if first_look := rng.random() < 0.5:
        window = _first_look(point, width, rng)
    else:
        edge = _edge(width * rng.uniform(1.3, 2.6))
        middle = [(side.start + side.stop - 1) / 2 + rng.uniform(-0.12, 0.12) * edge for side in box]
        window = Window((middle[0], middle[1]), edge, _turn(rng))
    asked = _question(scene, number, window, float(inside.sum()) * (SIZE / window.edge) ** 2, point, rng)
    kind = rng.random()
    if kind < _BOX and not first_look and asked.truth.any():
        return replace(asked, prompt=Prompt(box=_loose_box(asked.truth, rng)))
    if kind < _BOX + _SPOILED and asked.truth.any():
        return _begun(asked, rng)
    return asked


def next_click(asked: Question, answer: NDArray[np.float32], rng: Generator) -> Question:
    """The question with one more click where the answer (SIZE, SIZE) is wrong, and with the answer as its mask."""
    found = answer > 0.5
    wrong = (found != asked.truth) & asked.known
    mask = None if rng.random() < _DROP else answer
    spot, remove = None, False
    if rng.random() < _NEIGHBOUR:
        spot, remove = _on_neighbour(asked, found, rng), True
    if spot is None:
        part = _largest(wrong) if rng.random() < 0.75 else wrong
        spot = _inner_point(part, rng) if int(part.sum()) >= 4 else None
        remove = spot is not None and not asked.truth[int(spot[0]), int(spot[1])]
    prompt = asked.prompt if spot is None else asked.prompt.with_click(spot, remove=remove)
    return replace(asked, prompt=replace(prompt, mask=mask))


def _first_look(point: tuple[float, float], width: float, rng: Generator) -> Window:
    """Around a click, from closer or further away: nobody knows yet how wide the object is."""
    return Window(point, _edge(width * np.exp(rng.uniform(np.log(0.6), np.log(8)))), _turn(rng))


def _question(
    scene: Scene, number: int, window: Window, whole: float, point: tuple[float, float], rng: Generator
) -> Question:
    labels, known = window.labels(scene.labels)
    seen = _seen(scene, window, rng)
    truth = labels == number if number else np.zeros(labels.shape, bool)
    spot = window.in_window(point)
    return Question(image_channels(seen), truth, known, labels.astype(np.int32), whole, Prompt(add=(spot,)))


def _seen(scene: Scene, window: Window, rng: Generator) -> NDArray[np.float32]:
    """A window under other light and with other noise, now and then from a coarser image."""
    seen = window.seen(scene.pixels)
    if rng.random() < 0.25:
        size = max(16, int(SIZE / rng.uniform(1, 4)))
        coarse = functional.interpolate(torch.from_numpy(seen)[None, None], size=(size, size), mode="area")
        seen = functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear")[0, 0].numpy()
    if rng.random() < 0.2:
        seen = ndimage.gaussian_filter(seen, rng.uniform(0.4, 1.6))
    low, high = (float(value) for value in np.percentile(seen, (1, 99)))
    values = np.clip((seen - low) / max(high - low, 1e-6), -0.2, 3.0)
    if rng.random() < 0.1:
        values = values.max() - values
    values = np.maximum(values - values.min(), 0) ** np.exp(rng.normal(0, 0.3))
    if rng.random() < 0.5:
        values += rng.normal(0, rng.uniform(0, 0.12), values.shape)
    if rng.random() < 0.3:
        slope = rng.normal(0, 0.3, 2)
        along = np.linspace(-0.5, 0.5, SIZE)
        values = values * (1 + slope[0] * along[:, None] + slope[1] * along[None, :])
    if rng.random() < 0.05:
        values[rng.random(values.shape) < rng.uniform(0, 2e-3)] = 3.0
    return np.asarray(values, np.float32)


def _begun(asked: Question, rng: Generator) -> Question:
    """The question that begins with a spoiled mask, and a click on what is wrong with it."""
    if rng.random() < _NEXT_SLICE:
        beside = as_next_slice(asked.truth, rng)
        inner = _inner_point(asked.truth & (beside > 0.5), rng)
        return replace(asked, prompt=Prompt(add=() if inner is None else (inner,), mask=beside))
    mask = asked.truth.copy()
    way = rng.integers(4)
    if way == 0:
        dy, dx = rng.integers(-10, 11, 2)
        mask = np.roll(mask, (dy, dx), (0, 1))
    elif way == 1 and (near := _neighbours(asked)).size:
        mask |= asked.labels == rng.choice(near)
    elif way == 2:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3) * np.sqrt(mask.sum())
        y, x = np.mgrid[:SIZE, :SIZE] - np.array([at.mean() for at in np.nonzero(mask)])[:, None, None]
        mask &= np.sin(angle) * y + np.cos(angle) * x > offset
    else:
        many = int(rng.integers(1, 7))
        mask = (ndimage.binary_dilation if rng.random() < 0.5 else ndimage.binary_erosion)(mask, iterations=many)
    begun = replace(asked, prompt=Prompt(mask=mask.astype(np.float32)))
    wrong = (mask != asked.truth) & asked.known
    spot = _inner_point(_largest(wrong), rng) if int(wrong.sum()) >= 4 else None
    if spot is None:
        return replace(begun, prompt=Prompt(add=asked.prompt.add, mask=begun.prompt.mask))
    taken = not asked.truth[int(spot[0]), int(spot[1])]
    return replace(begun, prompt=begun.prompt.with_click(spot, remove=taken))


def _on_neighbour(asked: Question, found: Mask, rng: Generator) -> tuple[float, float] | None:
    """A place on a touching neighbour that the answer took for the object."""
    near = _neighbours(asked)
    if not near.size:
        return None
    taken = (asked.labels == rng.choice(near)) & found & asked.known
    return _inner_point(taken, rng) if int(taken.sum()) >= 4 else None


def _neighbours(asked: Question) -> NDArray[np.int32]:
    """Ids of objects that touch the one asked for, or nearly."""
    ids = np.unique(asked.labels[ndimage.binary_dilation(asked.truth, iterations=3) & ~asked.truth])
    return np.asarray(ids[ids > 0])


def _loose_box(truth: Mask, rng: Generator) -> tuple[float, float, float, float]:
    y, x = (np.flatnonzero(truth.any(axis=axis)) for axis in (1, 0))
    height, width = y[-1] - y[0] + 1, x[-1] - x[0] + 1
    loose = rng.uniform(-0.03, 0.15, 4) * (height, width, height, width)
    return y[0] - loose[0], x[0] - loose[1], y[-1] + 1 + loose[2], x[-1] + 1 + loose[3]


def _largest(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask)
    return mask if count < 2 else np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))


def _inner_point(mask: Mask, rng: Generator) -> tuple[float, float] | None:
    """A pixel of a mask, drawn in proportion to how far inside it lies; None when it is empty."""
    step = max(1, max(mask.shape) // 256)
    depth = ndimage.distance_transform_edt(np.pad(mask[::step, ::step], 1))[1:-1, 1:-1].ravel()
    if depth.max(initial=0) == 0:
        if step == 1:
            return None
        y, x = (int(rng.choice(at)) for at in np.nonzero(mask)) if mask.any() else (-1, -1)
        return None if y < 0 else (float(y), float(x))
    at = rng.choice(depth.size, p=depth / depth.sum())
    y, x = divmod(int(at), -(-mask.shape[1] // step))
    return float(y * step), float(x * step)


def _edge(edge: float) -> float:
    return float(np.clip(edge, SMALLEST, LARGEST))


def _turn(rng: Generator) -> tuple[tuple[float, float], tuple[float, float]]:
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.5 else 0.5 * np.pi * rng.integers(4)
    flip = rng.choice((-1.0, 1.0))
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return ((c, -s * flip), (s, c * flip))
