"""A torch network as an OpenVINO model for tiles of one size."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from napari_apprentice.data.representations import Meaning
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.fast.runtime import openvino
from napari_apprentice.settings import Triple


class _Answering(nn.Module):
    """From inputs to probabilities and numbers, as `network.forward` gives them."""

    def __init__(self, net: nn.Module, meanings: Sequence[Meaning]) -> None:
        super().__init__()
        self.net = net
        self.meanings = tuple(meanings)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return activate(self.net(x), self.meanings)


def export_network(net: nn.Module, meanings: Sequence[Meaning], channels: int, tile: Triple) -> Any:
    """An OpenVINO model that takes one tile (1, C, z, y, x); raises whatever OpenVINO does not know."""
    shape = (1, channels, *tile)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # sizes are fixed, and meant to be
        return openvino().convert_model(
            _Answering(net, meanings).eval(), example_input=torch.zeros(shape), input=[list(shape)]
        )
