"""Which engine a job runs on: the fast one where it is ready, PyTorch until then and for everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.geometry.patches import plan_tiles
from napari_apprentice.engine.fast import runtime, store
from napari_apprentice.engine.fast.engine_cache import EngineCache, Examples
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.network import Network
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings, Triple

_EXAMPLES = 16
_CANDIDATES = 48
_EXAMPLE_2D = (1, 256, 256)
_EXAMPLE_3D = (32, 96, 96)


@dataclass(frozen=True)
class Choice:
    """The network as it will run; ``note`` is a sentence for the user. ``key`` "": nothing faster can be made."""

    network: Network
    key: str = ""
    note: str = ""


def choose(engine_cache: EngineCache, network: Network, model: str, tile: Triple, settings: SegmentSettings) -> Choice:
    """The fast form of a network when it is made already; never waits.

    `UserError` when the fast engine is asked for and not installed.
    """
    asked = settings.engine == "fast"
    if settings.engine == "torch" or not settings.blend:  # exact is exact
        return Choice(network)
    if asked and not runtime.is_installed():
        raise UserError('The fast engine is not installed: pip install "napari-apprentice[fast]", or choose auto.')
    if network.header.elsewhere is not None:
        return Choice(network, note="The fast engine does not take networks made elsewhere." if asked else "")
    if network.learned is not None:  # of the network its maps are needed, not its answers
        note = "The fast engine does not know what Live learned: PyTorch runs the network."
        return Choice(network, note=note if asked else "")
    if network.device.is_gpu:
        note = f"The fast engine is for processors: PyTorch runs the network on {network.device.words}."
        return Choice(network, note=note if asked else "")
    if not runtime.is_installed():
        return Choice(network)
    key = store.key_of(model, tile if network.header.net.padding == "valid" else None)
    return Choice(replace(network, fast=engine_cache.find(key)), key)


def examples(net: NetSettings, inputs: NetworkInputs, tile: Triple) -> Examples:
    """Tiles of an image from which ranges can be seen: those with most in them, from all over the image."""

    def look() -> np.ndarray:
        size = tile if net.padding == "valid" else _EXAMPLE_2D if net.dims == 2 else _EXAMPLE_3D
        tiles = plan_tiles(inputs.shape, size, (0, 0, 0), net.multiple)
        step = max(1, len(tiles) // _CANDIDATES)
        seen = [inputs.read(one.read, one.shape) for one in tiles[::step]]
        seen.sort(key=lambda values: -float(values.std()))
        return np.stack(seen[:_EXAMPLES]).astype(np.float32)

    return look
