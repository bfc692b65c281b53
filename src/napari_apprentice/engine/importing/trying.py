"""One look at what a network gives, and by which steps the sizes grow that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Timer
from typing import Any

import numpy as np

from napari_apprentice.data.models import MadeElsewhere
from napari_apprentice.engine.elsewhere import from_axes, run_graph, run_once
from napari_apprentice.errors import UserError

TRIED = {2: (1, 256, 256), 3: (16, 64, 64)}  # the image that a network is tried with, where it takes that
_MOST_TRIED = float(1 << 28)  # values of that image
_PATIENCE_S = 120.0


def tried(graph: Any, of: MadeElsewhere, dims: int) -> tuple[MadeElsewhere, np.ndarray]:
    """The maps of a plain image; a network that gives fewer pixels than it takes tells by how many."""
    size = _size_tried(of, dims)
    if of.channels * np.prod(size, dtype=float) > _MOST_TRIED:
        raise UserError(f"The network takes images of {of.channels} x {size}, which is too much: choose another model.")
    image = _noise(of, size)
    maps = from_axes(np.asarray(_in_time(graph, of, image), np.float32), of.output_axes)
    lost = tuple(n - m for n, m in zip(size, maps.shape[1:], strict=True))
    if min(lost) < 0 or any(2 * one > n for one, n in zip(lost, size, strict=True)):
        raise UserError(f"The network gives maps of {maps.shape[1:]} of an image of {size}: it cannot be used here.")
    return of.model_copy(update={"lost": lost}), maps


def _in_time(graph: Any, of: MadeElsewhere, image: np.ndarray) -> Any:
    """What the graph gives; one that goes round and round is stopped."""
    from onnxruntime import RunOptions

    options = RunOptions()
    options.log_severity_level = 4
    timer = Timer(_PATIENCE_S, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        return run_once(graph, of, image, options)
    finally:
        timer.cancel()


def with_steps(graph: Any, of: MadeElsewhere, dims: int, guessed: str) -> MadeElsewhere:
    """By how much the axes grow whose steps are guessed: those that are not told. One that cannot grow is fixed."""
    size = _size_tried(of, dims)
    smallest, steps = list(of.smallest), list(of.steps)
    for letter in guessed:
        axis = "zyx".index(letter)
        while steps[axis]:
            more = [n + steps[axis] * (i == axis) for i, n in enumerate(size)]
            inside = [n - lost for n, lost in zip(more, of.lost, strict=True)]
            try:
                run_graph(
                    graph, of.model_copy(update={"smallest": tuple(more), "steps": (0, 0, 0)}), _noise(of, inside)
                )
                break
            except UserError:
                wider = 2 * steps[axis]
                fits = size[axis] % wider == 0
                smallest[axis], steps[axis] = (wider, wider) if fits else (size[axis], 0)
    return of.model_copy(update={"smallest": tuple(smallest), "steps": tuple(steps)})


def _size_tried(of: MadeElsewhere, dims: int) -> tuple[int, ...]:
    return tuple(
        least if step == 0 else least + step * max(0, -(-(n - least) // step))
        for n, least, step in zip(TRIED[dims], of.smallest, of.steps, strict=True)
    )


def _noise(of: MadeElsewhere, size: Sequence[int]) -> np.ndarray:
    return np.random.default_rng(0).random((of.channels, *size), dtype=np.float32)
