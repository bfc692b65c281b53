"""What travels of a model: all between linear values and what the channels mean, in one graph of any size.

::

    (v - low) / (high - low) -> hot pixels out -> 0 to 4 -> logarithms -> network -> sigmoid, softmax
         outside: of the whole image |<------------------- in the graph -------------------------->|
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from napari_apprentice.data.image.noise import HOT_ABOVE, HOT_TIMES
from napari_apprentice.data.models import ModelHeader, meanings_of
from napari_apprentice.data.travel.told import CEILING
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.normalize import with_logarithm
from napari_apprentice.settings import Triple


class Travelling(nn.Module):
    """Takes linear values (B, C, Y, X), or (B, C, Z, Y, X) of a network of volumes, and gives maps of the same size."""

    def __init__(self, header: ModelHeader, net: Net) -> None:
        super().__init__()
        self.net: Net = ready(net, pick("cpu"))  # type: ignore[assignment]  # a module that computes the same
        self.meanings = meanings_of(header)
        self.gain = header.normalize.gain

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Maps (B, K, ...)."""
        values = without_hot_pixels(image).clamp(0.0, CEILING)
        return activate(self.net.same_size(with_logarithm(values, self.gain))[-1], self.meanings)


def without_hot_pixels(values: torch.Tensor) -> torch.Tensor:
    """`data.image.noise.without_hot_pixels` of (B, C, ..., Y, X), as a graph can say it."""
    more = (1, 1, 1, 1, *(0, 0) * (values.ndim - 4))
    wide = functional.pad(values, more, mode="reflect")
    height, width = values.shape[-2], values.shape[-1]
    shifts = [(j, i) for j in range(3) for i in range(3) if (j, i) != (1, 1)]
    beside = torch.stack([wide[..., j : j + height, i : i + width] for j, i in shifts])
    brightest = torch.topk(beside, 5, dim=0).values
    second, median = brightest[1], (brightest[3] + brightest[4]) / 2
    hot = (values > HOT_ABOVE) & (values - second > HOT_ABOVE) & (values > HOT_TIMES * second)
    return torch.where(hot, median, values)


def example(header: ModelHeader, seed: int = 0) -> torch.Tensor:
    """Linear values (1, C, ...) of a small image, of a size that the network takes."""
    shape = header.net.size or _small(header.net.multiple, header.net.dims)
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, header.image_channels, *shape[3 - header.net.dims :]), generator=generator)


def _small(multiple: Triple, dims: int) -> Triple:
    """Twice the grid, and 16 pixels at least, 8 along z."""
    least = (1 if dims == 2 else 8, 16, 16)
    z, y, x = (max(2 * m if m > 1 else m, m * -(-n // m)) for n, m in zip(least, multiple, strict=True))
    return z, y, x
