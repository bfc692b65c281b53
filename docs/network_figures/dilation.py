"""From where an answer comes, with and without dilation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (a look into a network)
from matplotlib.figure import Figure

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.nets import build
from network_figures.drawing import bare


def dilation(cache: Path) -> Figure:
    """From where the middle voxel gets its answer."""
    stacks = {
        "four convolutions of 3": ("dilated", (1, 1, 1, 1)),
        "dilations 1, 2, 4, 8": ("dilated", (1, 2, 4, 8)),
        "side by side: 6, 12, 18": ("aspp", (6, 12, 18)),
    }
    figure = Figure(figsize=(8, 3.05), layout="constrained")
    for axis, (title, (kind, dilations)) in zip(figure.subplots(1, 3), stacks.items(), strict=True):
        settings = NetSettings(
            widths=(1,), pools=(), bottleneck=kind, dilations=dilations, skip="none", norm="none", out_channels=1
        )
        net = build(settings)
        for parameter in net.parameters():
            parameter.data.fill_(1.0)
        x = torch.ones(1, 1, 1, 41, 41, requires_grad=True)
        (gradient,) = torch.autograd.grad(net(x)[0, 0, 0, 20, 20], x)
        seen = gradient[0, 0, 0].numpy()
        axis.imshow(np.where(seen > 0, np.sqrt(seen / seen.max()), np.nan), cmap="viridis", vmin=0, vmax=1)
        edge, places = 2 * settings.receptive_radius[1] + 1, int((seen > 0).sum())
        all_of_them = "" if places == edge**2 else f"{places} of "
        axis.set_title(f"{title}\nsees {all_of_them}{edge} x {edge} pixels", fontsize=10)
        bare(axis, frame=True)
    return figure
