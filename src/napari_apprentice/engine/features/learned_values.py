"""What a model says that *Live* learned, of a part of a slice: features, a linear model, and what that means."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine import filters
from napari_apprentice.engine.features.maps import Box, look, scaled
from napari_apprentice.engine.field import seen_around
from napari_apprentice.engine.inputs import NetworkInputs, inputs_for
from napari_apprentice.engine.learned import answers_of
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.resample import network_shape

EDGE = 1024  # pixels of a part at most


class LearnedSlices:
    """Slices of a frame (C, Z, Y, X) at ``zoom``, of which parts are asked for, as many as one likes."""

    def __init__(self, network: Network, pixels: NDArray[np.generic], zoom: float, scaling: Scaling) -> None:
        self._network = network
        self._pixels = pixels
        self._zoom = zoom
        self._scaling = scaling
        self._slice: tuple[int, NetworkInputs, NDArray[np.float32]] | None = None

    def values(self, z: int, box: Box) -> NDArray[np.float32]:
        """What the model's channels mean (K, y, x) in a part of a slice, at the image's resolution."""
        network = self._network
        if network.learned is None:
            raise ValueError("Live learned nothing for this model")
        inputs, image = self._seen(z)
        features, _ = look(network, inputs, image, box, network.learned.ranges)
        scores = features.scores(network.learned.weights, network.learned.bias)
        return np.asarray(answers_of(scores, network.header).numpy())

    def _seen(self, z: int) -> tuple[NetworkInputs, NDArray[np.float32]]:
        if self._slice is None or self._slice[0] != z:
            frame = np.asarray(self._pixels[:, z : z + 1])
            shape = network_shape((1, frame.shape[2], frame.shape[3]), self._zoom)
            inputs = inputs_for(self._network.header, frame, shape, self._scaling)
            self._slice = z, inputs, scaled(frame[:, 0], self._scaling.only(slice(0, len(frame))))
        return self._slice[1:]


def reach_of(net: NetSettings, zoom: float) -> int:
    """Pixels of the image around a part that its features depend on, as far as they are looked at."""
    return max(filters.REACH, math.ceil(seen_around(net) / zoom))


def parts_of(shape: tuple[int, ...], edge: int = EDGE) -> list[Box]:
    """Even parts of a slice (Y, X), no wider than ``edge``."""
    edges = []
    for length in shape:
        cuts = np.linspace(0, length, -(-length // edge) + 1).round().astype(int).tolist()
        edges.append(list(itertools.pairwise(cuts)))
    return list(itertools.product(*edges))
