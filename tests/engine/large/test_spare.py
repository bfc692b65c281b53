"""A tile goes on in parts when memory runs out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.large.spare import _in_parts, forward_sparing, smaller_than
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.warm import Warm

NET = NetSettings(widths=(16, 16, 16), pools=((1, 2, 2), (1, 2, 2)), in_channels=2)

LIMITED = """
import resource, sys
import numpy as np
import psutil
from napari_apprentice.engine.device import is_out_of_memory, pick
from napari_apprentice.engine.large.spare import forward_sparing
from napari_apprentice.engine.network import forward
from napari_apprentice.engine.warm import Warm

network = Warm().network(sys.argv[1], pick("cpu"))
inputs = np.load(sys.argv[2])
forward(network, inputs[None, :, :, :64, :64])  # what it needs once is there
limit = psutil.Process().memory_info().vms + (120 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    forward(network, inputs[None])
    sys.exit("there was memory enough")
except (RuntimeError, MemoryError) as error:
    assert is_out_of_memory(error), error
np.save(sys.argv[3], forward_sparing(network, inputs))
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save(tmp_path / "t.safetensors", ModelHeader(id="t", name="t", net=NET), build(NET))
    return tmp_path / "t.safetensors"


def test_parts_of_a_tile_say_what_the_tile_says(model: Path) -> None:
    network = Warm().network(str(model), pick("cpu"))
    inputs = np.random.default_rng(0).normal(size=(2, 1, 192, 256)).astype(np.float32)
    whole = forward_sparing(network, inputs)
    parts = _in_parts(network, inputs, (1, 96, 128))
    np.testing.assert_allclose(parts, whole, atol=1e-4)


def test_parts_are_no_smaller_than_what_the_network_sees() -> None:
    assert smaller_than((1, 384, 384), (0, 60, 60), (1, 16, 16)) == (1, 192, 192)
    assert smaller_than((1, 192, 192), (0, 60, 60), (1, 16, 16)) == (1, 144, 144)
    assert smaller_than((1, 144, 144), (0, 60, 60), (1, 16, 16)) == (1, 144, 144)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_tile_that_does_not_fit_into_memory_is_predicted_in_parts(model: Path, tmp_path: Path) -> None:
    inputs = np.random.default_rng(1).normal(size=(2, 1, 1024, 1024)).astype(np.float32)
    np.save(tmp_path / "inputs.npy", inputs)
    files = [str(model), str(tmp_path / "inputs.npy"), str(tmp_path / "found.npy")]
    done = subprocess.run([sys.executable, "-c", LIMITED, *files], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    whole = forward_sparing(Warm().network(str(model), pick("cpu")), inputs)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), whole, atol=1e-4)
