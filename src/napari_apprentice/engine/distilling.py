"""A network that begins where *Live* was: its last layer is set so that it says what that learned, as far as it can.

What *Live* learned is a linear model of maps of many levels and of filters; a last layer of 1 x 1 convolutions sees the
last map only. Its weights are those of a ridge regression on what *Live* says of the windows that teach, everywhere,
not only where something is confirmed (knowledge distillation: Hinton et al., 2015; here in closed form).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.representations import Meaning
from napari_apprentice.engine.features.learned_values import LearnedSlices
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.normalize import with_logarithm
from napari_apprentice.engine.resample import resize
from napari_apprentice.engine.windows import TrainingWindow

_MOST = 20_000  # pixels of all windows
_PLANES = 4  # of a window
_DECAY = 1e-3  # of the mean square of a feature
_LEAST = 0.02  # probability, so that its logarithm is a number


@dataclass(frozen=True)
class Said:
    """Some planes (C, planes, Y, X) as a network sees them before logarithms, and what *Live* says there (K, ...)."""

    image: torch.Tensor
    values: torch.Tensor


def said_of(window: TrainingWindow, slices: LearnedSlices) -> Said:
    """Of some planes of a window in which something is confirmed."""
    z, rows, columns = window.box
    planes = np.flatnonzero(window.confirmed.any(axis=(1, 2)))
    planes = planes[:: -(-len(planes) // _PLANES)]
    box = (rows.start, rows.stop), (columns.start, columns.stop)
    values = np.stack([slices.values(z.start + int(i), box) for i in planes], axis=1)
    plane = (window.confirmed.shape[1], window.confirmed.shape[2])
    return Said(window.source.image[:, planes], resize(torch.from_numpy(values), plane))


def set_last_layer(net: Net, said: Sequence[Said], meanings: Sequence[Meaning], gain: float) -> bool:
    """Set it, where the network ends with one layer of 1 x 1 convolutions; else nothing happens, and False."""
    head = net.get_submodule("head")
    if not isinstance(head, nn.Conv2d) or set(head.kernel_size) != {1} or head.bias is None:
        return False
    each = max(1, _MOST // max(1, sum(one.image.shape[1] for one in said)))
    rows, targets = [], []
    for features, values in _seen(net, head, said, gain):
        step = max(1, features.shape[1] // each)
        rows.append(features[:, ::step].T)
        targets.append(_logits(values[:, ::step], meanings).T)
    if not rows:  # all is smaller than what the network takes
        return False
    x, y = torch.cat(rows).double(), torch.cat(targets).double()
    middle, usual = x.mean(dim=0), y.mean(dim=0)
    x = x - middle
    gram = x.T @ x / len(x)
    gram += _DECAY * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.solve(gram, x.T @ (y - usual) / len(x))  # (features, answers)
    with torch.no_grad():
        head.weight.copy_(weights.T[:, :, None, None])
        head.bias.copy_(usual - middle @ weights)
    return True


def _seen(net: Net, head: nn.Module, said: Sequence[Said], gain: float) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """What the last layer sees of each plane (features, pixels), and what *Live* says there (K, pixels)."""
    found: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        found[:] = inputs

    net.eval()
    hook = head.register_forward_pre_hook(keep)
    try:
        for one in said:
            for i in range(one.image.shape[1]):
                image = one.image[:, i : i + 1]
                height, width = (n // m * m for n, m in zip(image.shape[2:], net.settings.multiple[1:], strict=True))
                if not height or not width:
                    continue
                with torch.inference_mode():
                    net(with_logarithm(image[None, :, :, :height, :width], gain))
                if found[0].shape[2:] == (height, width):
                    yield found[0][0].flatten(1).clone(), one.values[:, i, :height, :width].flatten(1)
    finally:
        hook.remove()


def _logits(values: torch.Tensor, meanings: Sequence[Meaning]) -> torch.Tensor:
    """What a layer has to give for its answers (K, n) to be these; a class that *Live* does not know is unlikely."""
    values = torch.cat([values, torch.zeros(len(meanings) - len(values), values.shape[1])])
    likely = values.clamp(_LEAST, 1 - _LEAST)
    parts = {"probability": torch.logit(likely), "class": torch.log(likely), "number": values}
    return torch.stack([parts[meaning][k] for k, meaning in enumerate(meanings)])
