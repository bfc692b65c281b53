"""What is kept between jobs so that the next one is quick: models, scalings and the last predictions.

Everything here can be thrown away at any time; keys hold the files' modification times, so nothing stale is used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.engine.device import Device
from napari_apprentice.engine.fast.engine_cache import EngineCache
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.inputs import scaling_for
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.predict import Prediction
from napari_apprentice.errors import UserError

FileKey = tuple[str, int, int]
FrameKey = tuple[FileKey, int]
_Value = TypeVar("_Value")

_PREDICTION_BYTES = 1 << 30
_GRAY_BYTES = 1 << 28
_LIVE_BYTES = 1 << 29  # features of three views of 1024 x 1024 pixels


class Diameter(NamedTuple):
    """What was measured; None where there was nothing to measure."""

    pixels: float | None


class RecentlyUsed(OrderedDict[Any, _Value]):
    """The values used last, as many as `room` allows."""

    def __init__(self, room: int, size: Callable[[_Value], int] = lambda value: 1) -> None:
        super().__init__()
        self._room = room
        self._size = size

    def keep(self, key: Any, value: _Value) -> None:
        """Remember a value; the ones used longest ago make room."""
        self.pop(key, None)
        if self._size(value) > self._room:
            return
        self[key] = value
        while sum(map(self._size, self.values())) > self._room:
            self.popitem(last=False)

    def find(self, key: Any) -> _Value | None:
        """The value, which counts as used now."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]


class Warm:
    """Models by file and device, scalings and predictions by image frame."""

    def __init__(self) -> None:
        self.background = BackgroundThreads()
        self.engine_cache = EngineCache()
        self._networks: RecentlyUsed[Network] = RecentlyUsed(3)
        self._scalings: RecentlyUsed[Scaling] = RecentlyUsed(64)
        self._diameters: RecentlyUsed[Diameter] = RecentlyUsed(64)
        self.predictions: RecentlyUsed[Prediction] = RecentlyUsed(
            _PREDICTION_BYTES, lambda found: int(found.values.nbytes)
        )
        self.gray: RecentlyUsed[NDArray[np.float32]] = RecentlyUsed(_GRAY_BYTES, lambda found: int(found.nbytes))
        # of Live: features of views, and the ranges that they were brought to, and zooms, by image and network
        self.live: RecentlyUsed[Any] = RecentlyUsed(_LIVE_BYTES, lambda found: int(found.nbytes))
        self.ranges: RecentlyUsed[Any] = RecentlyUsed(16)
        self.zooms: RecentlyUsed[float] = RecentlyUsed(16)

    def network(self, path: str, device: Device) -> Network:
        """The model in a file, ready to predict on a device."""
        key = (file_key(path), device.name)
        found = self._networks.find(key)
        if found is None:
            header, net, learned = checkpoint.load_to_predict(path)
            checkpoint.refuse_inputs(header, path)
            found = Network(header, net if header.elsewhere else ready(net, device), device, key, learned=learned)
            self._networks.keep(key, found)
        return found

    def scaling(self, frame: FrameKey, pixels: np.ndarray, header: ModelHeader) -> Scaling:
        """How the intensities of a frame (C, Z, Y, X) become inputs of a model."""
        key = frame, header.normalize, header.live is not None and header.live.from_gray
        found = self._scalings.find(key)
        if found is None:
            found = scaling_for(header, pixels)
            self._scalings.keep(key, found)
        return found

    def diameter(self, frame: FrameKey, network: Network, measure: Callable[[], float | None]) -> float | None:
        """How large the objects of a frame seem to a network; measured once."""
        found = self._diameters.find((frame, network.key))
        if found is None:
            found = Diameter(measure())
            self._diameters.keep((frame, network.key), found)
        return found.pixels

    def forget(self) -> None:
        """Give the memory back."""
        kept = (self._networks, self._scalings, self._diameters, self.predictions, self.gray)
        for one in (*kept, self.live, self.ranges, self.zooms):
            one.clear()


def file_key(path: str) -> FileKey:
    """What tells one state of a file from another; `UserError` when it is gone."""
    try:
        stat = Path(path).stat()
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}): check that it is still there.") from error
    return str(Path(path).resolve()), stat.st_mtime_ns, stat.st_size


def frame_key(path: str, t: int) -> FrameKey:
    """One frame of the pixels in a file."""
    return file_key(path), t


def prediction_key(path: str, t: int, network: Network, zoom: float) -> tuple[Any, ...]:
    """What the prediction of a frame depends on."""
    return frame_key(path, t), network.key, zoom
