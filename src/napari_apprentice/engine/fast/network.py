"""A fast network at work: compiled for each size of tile it meets, several tiles at a time."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_apprentice.engine.fast import store
from napari_apprentice.engine.fast.runtime import core
from napari_apprentice.settings import Triple

_SIZES = 6  # compiled at a time: those of a few images, and of the window around a click
_MOST_AT_ONCE = 4
_WORDS = {"int8": "8 bits", "bf16": "bfloat16", "f32": "single precision"}


class FastNetwork:
    """What is asked instead of torch (`engine.network.Fast`): tiles (B, C, z, y, x) become what channels mean."""

    def __init__(self, model: Any, about: store.About) -> None:
        self._model = model
        self._about = about
        self._compiled: OrderedDict[tuple[int, ...], queue.SimpleQueue[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self.at_once = max(1, min(_MOST_AT_ONCE, torch.get_num_threads()))

    @classmethod
    def load(cls, folder: Path, about: store.About) -> FastNetwork:
        """What `build` wrote."""
        return cls(core().read_model(folder / "model.xml"), about)

    @property
    def words(self) -> str:
        """For people."""
        return f"OpenVINO, {_WORDS[self._about.precision]}"

    def takes(self, tile: Triple) -> bool:
        """Whether tiles (z, y, x) of this size can be asked about."""
        return self._about.tile is None or self._about.tile == tile

    def ready(self, tile: Triple) -> None:
        """Compile for a size now instead of at the first tile."""
        if self.takes(tile):
            self._requests((1, int(self._model.input(0).partial_shape[1].get_length()), *tile))

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Answers (B, K, z, y, x) float32 to tiles (B, C, z, y, x)."""
        free = self._requests((1, *tiles.shape[1:]))
        answers: list[np.ndarray] = []
        for first in range(0, len(tiles), self.at_once):
            requests = [free.get() for _ in tiles[first : first + self.at_once]]
            try:
                for request, tile in zip(requests, tiles[first : first + self.at_once], strict=True):
                    request.start_async({0: tile[None]})
                for request in requests:
                    request.wait()
                    answers.append(np.array(request.get_output_tensor(0).data))
            finally:
                for request in requests:
                    free.put(request)
        return np.concatenate(answers)

    def _requests(self, shape: tuple[int, ...]) -> queue.SimpleQueue[Any]:
        with self._lock:
            if shape not in self._compiled:
                self._compiled[shape] = self._compile(shape)
            self._compiled.move_to_end(shape)
            if len(self._compiled) > _SIZES:
                self._compiled.popitem(last=False)
            return self._compiled[shape]

    def _compile(self, shape: tuple[int, ...]) -> queue.SimpleQueue[Any]:
        model = self._model.clone()
        model.reshape(list(shape))
        compiled = core().compile_model(model, "CPU", options(self._about.precision, self.at_once))
        requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self.at_once):
            requests.put(compiled.create_infer_request())
        return requests


def options(precision: store.Precision, at_once: int = 1) -> dict[str, Any]:
    """How OpenVINO computes: a few tiles at a time, on as many threads as torch would take."""
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": at_once,
    }
