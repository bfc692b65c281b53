"""From a stroke to the masks of *Live* in a real window, until they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.bench.live_objects import background
from apprentice_lab.bench.live_strokes import draw_strokes, with_outlines
from apprentice_lab.bench.window.canvas import Canvas
from apprentice_lab.bench.window.desk import Desk, opened
from apprentice_lab.bench.window.tool_waits import Waits
from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

_SAMPLE, _MODEL = "nuclei_2d", "nuclei-2d"
_KNOWN = 6  # strokes that are there before Live is switched on
_VIEWS = 5  # looked at anew, of which features are computed
_EVERY = 3  # objects to a stroke of background
_CLASSES = (ClassName(value=1, name="inside", color="#d62728"), ClassName(value=2, name="rim", color="#1f77b4"))
Paint = Callable[[], None]


def measure_live(count: int, side: int, seed: int, waits: Waits) -> None:
    """So many strokes on classes, so many whole objects, and how soon another view is there, features and all."""
    for kind in ("classes", "objects"):
        volume, truth = _rendered(side)
        with Session.temporary() as session, opened(volume, session, _MODEL) as desk:
            if kind == "classes":
                session.choose_kind("classes", _CLASSES)
            strokes = (_class_strokes if kind == "classes" else _whole_objects)(session, truth, count, seed)
            with _waiting_for_masks(desk) as canvas:
                _work(desk, canvas, strokes, kind, waits)


def _work(desk: Desk, canvas: Canvas, strokes: Iterator[Paint], kind: str, waits: Waits) -> None:
    session = desk.session
    for _ in range(_KNOWN):
        next(strokes)()
    shape = desk.labels.shape
    first = canvas.timed(lambda: session.live.on(_view(0, shape)), waits=True)
    waits.note(f"Live on, {kind}: engine started, model loaded, features computed", first.drawn)
    for stroke in strokes:
        wait_until(lambda: not session.busy())
        waits.note(f"a stroke with Live, {kind}", canvas.timed(stroke, waits=True).drawn)
    for z in range(1, _VIEWS + 1):
        wait_until(lambda: not session.busy())
        desk.viewer.dims.set_point(0, z)
        wait(0.1)
        took = canvas.timed(partial(session.live.look, _view(z, shape)), waits=True)
        waits.note(f"another view with Live, {kind}: features computed", took.drawn)


@contextmanager
def _waiting_for_masks(desk: Desk) -> Iterator[Canvas]:
    """A canvas for which the masks of Live are the answer."""
    canvas = Canvas(desk.viewer, lambda: desk.masks)
    desk.session.live_proposed.connect(canvas.answered)
    try:
        yield canvas
    finally:
        desk.session.live_proposed.disconnect(canvas.answered)


def _rendered(side: int) -> tuple[Volume, NDArray[np.uint32]]:
    """The sample side by side with itself, and several slices of it turned round; the truth (Y, X) of the first."""
    volume, labels = samples.load(_SAMPLE)
    height, width = labels.shape[2:]
    tiles = (-(-side // height), -(-side // width))
    pixels = np.tile(np.asarray(volume.pixels)[0, 0, 0], tiles)[:side, :side]
    highest = int(labels.max()) + 1
    numbers = np.arange(tiles[0] * tiles[1], dtype=np.uint32).reshape(tiles)
    offset = np.kron(numbers, np.full((height, width), highest, np.uint32))[:side, :side]
    truth = np.tile(labels[0, 0], tiles)[:side, :side]
    truth = np.where(truth > 0, truth + offset, 0).astype(np.uint32)
    stack = np.stack([np.rot90(pixels, i) if i < 4 else np.rot90(pixels[::-1], i) for i in range(_VIEWS + 1)])
    return replace(volume, pixels=stack[None, None], levels=(), source=None), truth


def _class_strokes(session: Session, truth: NDArray[np.uint32], count: int, seed: int) -> Iterator[Paint]:
    for one in draw_strokes(with_outlines(truth), count + _KNOWN, seed):
        if not _says_something(session, one.voxels, one.value):  # there would be no answer to it
            continue
        if one.value:
            yield partial(session.paint, one.voxels, one.value)
        else:
            yield partial(session.paint_background, one.voxels)


def _says_something(session: Session, voxels: NDArray[np.int64], value: int) -> bool:
    """Whether painting changes a label, or confirms one."""
    entry = session.current
    if entry is None:
        raise RuntimeError("an image is open")
    said = AS_LABELLED if value else BACKGROUND
    is_known = (entry.labels.flat[voxels] == value) & (entry.confirmed.flat[voxels] == said)
    return not bool(is_known.all())


def _whole_objects(session: Session, truth: NDArray[np.uint32], count: int, seed: int) -> Iterator[Paint]:
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(np.unique(truth[truth > 0]))
    for i in range(count + _KNOWN):
        number = int(numbers[i % len(numbers)])
        if i % _EVERY == 0:
            yield partial(session.paint_background, background(truth, rng))
        else:
            yield partial(session.paint, np.flatnonzero(truth == number), number)


def _view(z: int, shape: tuple[int, ...]) -> tuple[slice, slice, slice, slice]:
    return slice(0, 1), slice(z, z + 1), slice(0, shape[0]), slice(0, shape[1])
