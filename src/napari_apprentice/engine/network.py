"""A network ready to predict, and what it says about the tiles it is given."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.models import ModelHeader, meanings_of
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.device import Device, mixed_precision
from napari_apprentice.engine.learned import Learned, decode_for
from napari_apprentice.settings import Triple


class Fast(Protocol):
    """What stands in for a network and answers sooner (`fast.network` is one)."""

    at_once: int  # tiles that it does at the same time

    @property
    def words(self) -> str:
        """For people: what computes, and how exactly."""

    def takes(self, tile: Triple) -> bool:
        """Whether tiles (z, y, x) of this size can be asked about."""

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """What the model's channels mean (B, K, z, y, x) float32, of tiles (B, C, z, y, x)."""


@dataclass(frozen=True)
class Network:
    """A model ready to predict (`folding.ready`) on its device; ``key`` tells it from others.

    ``fast`` stands in for ``net`` where it can; what both predict counts as the same. With ``learned`` the model says
    what *Live* made of the network's maps (`features`), and not what the network says.
    """

    header: ModelHeader
    net: nn.Module
    device: Device
    key: Any = None
    fast: Fast | None = None
    learned: Learned | None = None

    def at(self, zoom: float) -> Network:
        """The same for an image that it looks at so: how large objects are tells which are too small to be any."""
        diameter = self.header.object_diameter
        if self.learned is None or self.header.kind != "instances" or diameter is None:
            return self
        return replace(self, header=self.header.model_copy(update={"decode": decode_for(diameter / zoom)}))

    @property
    def words(self) -> str:
        """Where it runs, for people."""
        return self.device.words if self.fast is None else f"{self.device.words}; {self.fast.words}"


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
        out = activate(logits, meanings_of(network.header))
    return np.asarray(out.cpu().numpy())
