"""From an image to what a network says about it: normalised as a whole, predicted in tiles, put together.

::

    pixels (C, Z, Y, X) -> normalise -> network resolution -> tiles -> network -> probabilities -> blended
                        (once, whole)   (`resample`)       (`geometry/patches`)                (K, Z, Y', X')

The prediction stays at network resolution; `decoding` brings it to the image. What *Live* learned is said at the
image's own, and of parts that are not blended: each is seen with what is around it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from napari_apprentice.data.geometry.patches import Slices, Tile, blend_window
from napari_apprentice.data.models import outputs_of
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.engine.device import free_memory, is_out_of_memory
from napari_apprentice.engine.features.learned_values import EDGE, LearnedSlices, parts_of
from napari_apprentice.engine.inputs import NetworkInputs, scaling_for
from napari_apprentice.engine.network import Network, forward
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.engine.tiling import tiles_for
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings, Triple

_SMALLEST_EDGE = 64
_BATCH_VOXELS = {"cuda": 1 << 22, "mps": 1 << 19, "cpu": 0}  # network inputs of one batch; on a CPU one tile
_MOST_VOXELS = 1 << 32
_FLOAT32_VALUES = 1 << 24  # larger predictions are put together in half precision, as they are kept


@dataclass(frozen=True)
class Prediction:
    """What the model's channels mean at network resolution, (K, Z, Y', X'), of an image of ``shape`` (z, y, x).

    What *Live* learned is at the image's resolution.
    """

    values: np.ndarray
    shape: Triple


@dataclass(frozen=True)
class PredictionStep:
    """What happened meanwhile: ``done`` of ``total`` tiles.

    ``block`` (K, z, y, x) is what a tile gave, before blending, for ``region`` of an image of ``shape`` (z, y, x) at
    network resolution; None when nothing new is there. ``note`` is a sentence for the user.
    """

    done: int
    total: int
    shape: Triple
    region: Slices | None = None
    block: np.ndarray | None = None
    note: str = ""


def predict(
    network: Network,
    pixels: np.ndarray,
    zoom: float = 1.0,
    settings: SegmentSettings | None = None,
    scaling: Scaling | None = None,
    on_step: Callable[[PredictionStep], None] | None = None,
) -> Prediction:
    """Predict one frame (C, Z, Y, X) at ``zoom`` network pixels per image pixel, and wait for it."""
    return wait_for(predict_steps(network, pixels, zoom, settings or SegmentSettings(), scaling), on_step)


def wait_for(
    steps: Generator[PredictionStep, None, Prediction], on_step: Callable[[PredictionStep], None] | None = None
) -> Prediction:
    """What the steps of a prediction come to, waited for."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: Prediction = end.value
            return found
        if on_step is not None:
            on_step(step)


def predict_steps(
    network: Network,
    pixels: np.ndarray,
    zoom: float,
    settings: SegmentSettings,
    scaling: Scaling | None = None,
    background: BackgroundThreads | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[PredictionStep, None, Prediction]:
    """`predict`, reporting after every tile and at every beat; when memory runs out it begins again with smaller tiles.

    Parameters
    ----------
    scaling
        How intensities become inputs; None: fitted on these pixels.
    background, cancelled
        Where the network runs, and whether it still should: `errors.Cancelled` comes at the next beat.
    """
    shape = network_shape((pixels.shape[1], pixels.shape[2], pixels.shape[3]), zoom)
    if np.prod(shape, dtype=np.int64) > _MOST_VOXELS:
        raise UserError(
            f"At a zoom of {zoom:.3g} the network would see an image of {shape[1]} x {shape[2]} pixels: "
            "give a larger typical diameter."
        )
    scaling = scaling or scaling_for(network.header, pixels)
    background = background or BackgroundThreads()
    edge = settings.tile if network.learned is None else EDGE
    while True:
        plan: _Plan | _LearnedPlan
        if network.learned is None:
            plan = _Plan(network, NetworkInputs(pixels, shape, scaling), settings.blend, edge)
        else:
            plan = _LearnedPlan(network, pixels, LearnedSlices(network, pixels, zoom, scaling), edge)
        try:
            values = yield from plan.steps(background, cancelled)
            return Prediction(values, (pixels.shape[1], pixels.shape[2], pixels.shape[3]))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or edge <= _SMALLEST_EDGE:
                raise
        free_memory(network.device)
        edge = max(_SMALLEST_EDGE, edge // 2)
        yield PredictionStep(0, 1, shape, note=f"The device ran out of memory: going on with tiles of {edge} pixels.")


class _Plan:
    """One way through an image, with buffers for tiles of one size."""

    def __init__(self, network: Network, inputs: NetworkInputs, blend: bool, edge: int) -> None:
        self._network = network
        self._inputs = inputs
        self._blend = blend
        self._tiles = tiles_for(network.header.net, inputs.shape, edge, blend=blend)
        shape = (network.header.net.out_channels, *inputs.shape)
        large = np.prod(shape, dtype=np.int64) > _FLOAT32_VALUES
        self._values = np.zeros(shape, np.float16 if large else np.float32)
        voxels = int(np.prod(self._tiles[0].shape))
        at_once = 1 if network.fast is None or not blend else network.fast.at_once
        self._batch = max(at_once, _BATCH_VOXELS[network.device.name] // voxels)

    def steps(
        self, background: BackgroundThreads, cancelled: Callable[[], bool]
    ) -> Generator[PredictionStep, None, np.ndarray]:
        total = len(self._tiles)
        for first in range(0, total, self._batch):
            tiles = self._tiles[first : first + self._batch]
            still = PredictionStep(first, total, self._inputs.shape)
            blocks = yield from background.run(partial(self._compute, tiles), cancelled, still)
            for i, (tile, block) in enumerate(zip(tiles, blocks, strict=True)):
                self._put(tile, block)
                kept = block[(slice(None), *tile.keep)]
                yield PredictionStep(first + i + 1, total, self._inputs.shape, tile.put, kept)
        return self._values.astype(np.float16, copy=False)

    def _compute(self, tiles: Sequence[Tile]) -> np.ndarray:
        stack = np.stack([self._inputs.read(tile.read, tile.shape) for tile in tiles])
        return forward(self._network, stack, exact=not self._blend)

    def _put(self, tile: Tile, block: np.ndarray) -> None:
        if not self._blend:
            self._values[(slice(None), *tile.put)] = block[(slice(None), *tile.keep)]
            return
        part = block[(slice(None), *(slice(0, s.stop - s.start) for s in tile.read))]
        self._values[(slice(None), *tile.read)] += part * blend_window(tile)


class _LearnedPlan:
    """The same for what *Live* learned: slice by slice, in parts."""

    def __init__(self, network: Network, pixels: np.ndarray, slices: LearnedSlices, edge: int) -> None:
        self._slices = slices
        self._shape = (pixels.shape[1], pixels.shape[2], pixels.shape[3])
        self._parts = list(itertools.product(range(pixels.shape[1]), parts_of(pixels.shape[2:], edge)))
        self._values = np.zeros((outputs_of(network.header), *self._shape), np.float16)

    def steps(
        self, background: BackgroundThreads, cancelled: Callable[[], bool]
    ) -> Generator[PredictionStep, None, np.ndarray]:
        total = len(self._parts)
        for done, (z, box) in enumerate(self._parts):
            still = PredictionStep(done, total, self._shape)
            found = yield from background.run(partial(self._slices.values, z, box), cancelled, still)
            put = (slice(z, z + 1), slice(*box[0]), slice(*box[1]))
            self._values[(slice(None), *put)] = found[:, None]
            yield PredictionStep(done + 1, total, self._shape, put, found[:, None])
        return self._values
