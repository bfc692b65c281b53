"""From an image to what a network says about it: normalised as a whole, predicted in tiles, put together.

::

    pixels (C, Z, Y, X) -> normalise -> network resolution -> tiles -> network -> probabilities -> blended
                        (once, whole)   (`resample`)       (`data/patches`)                     (K, Z, Y', X')

The prediction stays at network resolution; `decoding` brings it to the image.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader, meanings_of
from napari_apprentice.data.patches import Slices, Tile, blend_window, plan_tiles
from napari_apprentice.engine.activation import activated
from napari_apprentice.engine.aside import Aside
from napari_apprentice.engine.device import Device, free_memory, is_out_of_memory, mixed_precision
from napari_apprentice.engine.fast.network import FastNetwork
from napari_apprentice.engine.inputs import Inputs
from napari_apprentice.engine.normalize import Scaling, fit
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings, Triple

_SMALLEST_EDGE = 64
_BATCH_VOXELS = {"cuda": 1 << 22, "mps": 1 << 19, "cpu": 0}  # network inputs of one batch; on a CPU one tile
_OVERLAP_2D = (0, 24, 24)
_OVERLAP_3D = (4, 16, 16)
_DEEPEST = 32  # slices of a tile
_MOST_VOXELS = 1 << 32
_FLOAT32_VALUES = 1 << 24  # larger predictions are put together in half precision, as they are kept


@dataclass(frozen=True)
class Network:
    """A model ready to predict (`folding.ready`) on its device; ``key`` tells it from others.

    ``fast`` stands in for ``net`` where it can (`fast.network`); what both predict counts as the same.
    """

    header: ModelHeader
    net: nn.Module
    device: Device
    key: Any = None
    fast: FastNetwork | None = None

    @property
    def words(self) -> str:
        """Where it runs, for people."""
        return self.device.words if self.fast is None else f"{self.device.words}; {self.fast.words}"


@dataclass(frozen=True)
class Prediction:
    """What the model's channels mean at network resolution, (K, Z, Y', X'), of an image of ``shape`` (z, y, x)."""

    values: np.ndarray
    shape: Triple


@dataclass(frozen=True)
class Step:
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
    on_step: Callable[[Step], None] | None = None,
) -> Prediction:
    """Predict one frame (C, Z, Y, X) at ``zoom`` network pixels per image pixel, and wait for it."""
    return finished(predict_steps(network, pixels, zoom, settings or SegmentSettings(), scaling), on_step)


def finished(steps: Generator[Step, None, Prediction], on_step: Callable[[Step], None] | None = None) -> Prediction:
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
    aside: Aside | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[Step, None, Prediction]:
    """`predict`, reporting after every tile and at every beat; when memory runs out it begins again with smaller tiles.

    Parameters
    ----------
    scaling
        How intensities become inputs; None: fitted on these pixels.
    aside, cancelled
        Where the network runs, and whether it still should: `errors.Cancelled` comes at the next beat.
    """
    shape = network_shape((pixels.shape[1], pixels.shape[2], pixels.shape[3]), zoom)
    if np.prod(shape, dtype=np.int64) > _MOST_VOXELS:
        raise UserError(
            f"At a zoom of {zoom:.3g} the network would see an image of {shape[1]} x {shape[2]} pixels: "
            "give a larger typical diameter."
        )
    scaling = scaling or fit(pixels, network.header.normalize)
    aside = aside or Aside()
    edge = settings.tile
    while True:
        plan = _Plan(network, Inputs(pixels, shape, scaling), settings.blend, edge)
        try:
            values = yield from plan.steps(aside, cancelled)
            return Prediction(values, (pixels.shape[1], pixels.shape[2], pixels.shape[3]))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or edge <= _SMALLEST_EDGE:
                raise
        free_memory(network.device)
        edge = max(_SMALLEST_EDGE, edge // 2)
        yield Step(0, 1, shape, note=f"The device ran out of memory: going on with tiles of {edge} pixels.")


def tiles_for(net: NetSettings, shape: Triple, edge: int, *, blend: bool) -> list[Tile]:
    """Tiles for a network on an image of ``shape``, evenly sized, about ``edge`` wide; halos are at most half.

    A volume of no more voxels than a tile is one tile: cut along z, a network would see little of a small organ.
    """
    wanted = tile_of(net, edge)
    if net.dims == 3 and np.prod(shape, dtype=np.int64) <= np.prod(wanted):
        wanted = shape
    halo = halo_of(net) if blend else net.receptive_radius
    tile = [_even(n, max(t, 4 * h), h) for n, t, h in zip(shape, wanted, halo, strict=True)]
    return plan_tiles(shape, (tile[0], tile[1], tile[2]), halo, net.multiple)


def tile_of(net: NetSettings, edge: int) -> Triple:
    """The tile (z, y, x) that an edge in the plane asks for."""
    return (1, edge, edge) if net.dims == 2 else (min(_DEEPEST, edge // 12), edge // 2, edge // 2)


def halo_of(net: NetSettings) -> Triple:
    """By how much tiles overlap to each side (z, y, x); the receptive field is larger but fades."""
    return _OVERLAP_2D if net.dims == 2 else _OVERLAP_3D


def _even(size: int, tile: int, halo: int) -> int:
    """The smallest tile that needs no more tiles than ``tile`` does."""
    step = max(1, tile - 2 * halo)
    count = max(1, -(-(size - 2 * halo) // step))
    return -(-(size + (count - 1) * 2 * halo) // count)


class _Plan:
    """One way through an image, with buffers for tiles of one size."""

    def __init__(self, network: Network, inputs: Inputs, blend: bool, edge: int) -> None:
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

    def steps(self, aside: Aside, cancelled: Callable[[], bool]) -> Generator[Step, None, np.ndarray]:
        total = len(self._tiles)
        for first in range(0, total, self._batch):
            tiles = self._tiles[first : first + self._batch]
            still = Step(first, total, self._inputs.shape)
            blocks = yield from aside.run(partial(self._compute, tiles), cancelled, still)
            for i, (tile, block) in enumerate(zip(tiles, blocks, strict=True)):
                self._put(tile, block)
                kept = block[(slice(None), *tile.keep)]
                yield Step(first + i + 1, total, self._inputs.shape, tile.put, kept)
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


def forward(network: Network, inputs: np.ndarray, *, exact: bool = False) -> np.ndarray:
    """Network inputs (B, C, Z, Y, X) to what the model's channels mean (B, K, Z, Y, X) float32.

    With `exact` in single precision on every device.
    """
    depth, height, width = inputs.shape[2:]
    if network.fast is not None and not exact and network.fast.takes((depth, height, width)):
        return network.fast(inputs)
    device = network.device
    x = torch.from_numpy(inputs).to(device.torch)
    with torch.inference_mode():
        with nullcontext() if exact else mixed_precision(device):
            logits = network.net(x).float()
        if device.is_gpu and not bool(torch.isfinite(logits).all()):  # beyond the range of float16
            logits = network.net(x).float()
        out = activated(logits, meanings_of(network.header))
    return np.asarray(out.cpu().numpy())
