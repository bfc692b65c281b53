"""Which fast networks are there, which are being made, and which cannot be had."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from napari_apprentice.data.storage import scratch
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.engine.fast import store
from napari_apprentice.engine.fast.network import FastNetwork
from napari_apprentice.errors import UserError
from napari_apprentice.processes import waited_for
from napari_apprentice.settings import Triple

Examples = Callable[[], np.ndarray]  # tiles (N, C, z, y, x) as the network would see them

_BUILD = "napari_apprentice.engine.fast.build"


class EngineCache:
    """Fast networks by key (`store.key_of`). Making one is left to a process, and nobody waits for it unasked."""

    def __init__(self) -> None:
        self._found: dict[str, FastNetwork | None] = {}  # None: cannot be had
        self._notes: dict[str, str] = {}
        self._making: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def find(self, key: str) -> FastNetwork | None:
        """The fast network, when it was made: just now or in an earlier session."""
        with self._lock:
            if key not in self._found and key not in self._making:
                self._load(key)
            return self._found.get(key)

    def note(self, key: str) -> str:
        """One sentence when it cannot be had, the first time this is asked."""
        return self._notes.pop(key, "")

    def want(self, key: str, model: str, tile: Triple, examples: Examples) -> None:
        """Begin to make one of a model file, ready for a size of tile, unless that was begun or done."""
        if self.find(key) is not None:
            return
        with self._lock:
            if key in self._found or key in self._making:
                return
            make = threading.Thread(target=self._make, args=(key, model, tile, examples), name=key, daemon=True)
            self._making[key] = make
        make.start()

    def wait(self, key: str) -> None:
        """Until it is made, or cannot be had."""
        making = self._making.get(key)
        if making is not None:
            making.join()

    def _make(self, key: str, model: str, tile: Triple, examples: Examples) -> None:
        """On a thread of its own, which mostly waits for the process."""
        why = ""
        try:
            code = _build(key, model, examples())
            if code:
                why = f"The fast engine could not be made ready (exit code {code}): PyTorch runs the network."
        except (OSError, UserError, MemoryError) as error:
            why = f"The fast engine could not be made ready ({error}): PyTorch runs the network."
        with self._lock:
            self._load(key)
            if why and self._found.setdefault(key, None) is None:
                self._notes[key] = why
            made = self._found.get(key)
        if made is not None:
            made.ready(tile)
        with self._lock:
            del self._making[key]

    def _load(self, key: str) -> None:
        about = store.find(key)
        if about is None:
            return
        if about.problem:
            self._found[key], self._notes[key] = None, about.problem
        else:
            self._found[key] = FastNetwork.load(store.folder_of(key), about)


def _build(key: str, model: str, tiles: np.ndarray) -> int:
    """Run the process; its exit code."""
    folder = TemporaryFolder()
    examples = folder.path / "tiles.npy"
    try:
        scratch.write(examples, tiles)
        return waited_for([_BUILD, model, str(examples), key])
    finally:
        folder.close()
