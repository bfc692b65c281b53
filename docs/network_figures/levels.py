"""What each level of the bundled model sees, and what it makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (a look into a network)
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from napari_apprentice.architecture import NetSettings
from network_figures.drawing import GREEN, ORANGE, PINK, RED, SHOW, SKY, YELLOW, bare, bundled, shown, stretched
from network_figures.small import inputs_of, picture

MIDDLE = np.array([258, 290])  # the border of a nucleus


def sees(cache: Path) -> Figure:
    """An image with the receptive field of every level of nuclei-2d, and how the image looks through it."""
    header, _ = bundled()
    image = shown(picture("nuclei", 1))
    figure = Figure(figsize=(8, 3.9), layout="constrained")
    axes = figure.subplot_mosaic([["image", "0", "1", "2"], ["image", "3", "4", "5"]], width_ratios=[2, 1, 1, 1])
    axes["image"].imshow(image, cmap="gray")
    middle = MIDDLE
    fields = [*(f"encoder {i}" for i in range(4)), "bottleneck", "whole network"]
    colours = [YELLOW, SKY, GREEN, ORANGE, PINK, RED]
    for i, (name, edge, colour) in enumerate(zip(fields, receptive_fields(header.net), colours, strict=True)):
        y, x = middle - edge / 2
        axes["image"].add_patch(Rectangle((x, y), edge, edge, fill=False, edgecolor=colour, linewidth=2))
        axis, half = axes[str(i)], edge // 2
        near = tuple(slice(at - half, at + edge - half) for at in middle)
        axis.imshow(image[near], cmap="gray", vmin=0, vmax=1)
        axis.set_title(f"{name}\n{edge} x {edge} pixels", fontsize=9)
        for side in axis.spines.values():
            side.set(color=colour, linewidth=3)
    axes["image"].set_title("what one pixel of each level sees", fontsize=10)
    for axis in axes.values():
        bare(axis, frame=True)
    return figure


def receptive_fields(net: NetSettings) -> list[int]:
    """Edge in pixels of what one voxel of each encoder level, the bottleneck and the output sees."""
    found, edge = [], 1
    design = net.design
    for level, stride in enumerate(net.strides):
        block = design.down[level] if level < net.depth else design.bottom
        edge += 2 * block.reach[1] * stride[1]
        found.append(edge)
        if level < net.depth:
            edge += (net.pools[level][1] - 1) * stride[1]
    return [*found, 2 * net.receptive_radius[1] + 1]


def levels(cache: Path) -> Figure:
    """Three feature maps of every level of nuclei-2d, down and up again."""
    _, net = bundled()
    with torch.inference_mode():
        maps = net.feature_maps(inputs_of(picture("nuclei", 1), SHOW))
    names = [*(f"encoder {i}" for i in range(4)), "bottleneck", *(f"decoder {i}" for i in reversed(range(4)))]
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.01, hspace=0, w_pad=0.02, wspace=0)
    for column, name in enumerate(names):
        found = maps[name][0, :, 0].numpy()
        for row, channel in enumerate(most_varied(found, 3)):
            axis = figure.add_subplot(3, len(names), row * len(names) + column + 1)
            axis.imshow(stretched(channel), cmap="gray", interpolation="nearest")
            bare(axis)
            if row == 0:
                axis.set_title("bottle-\nneck" if name == "bottleneck" else name.replace(" ", "\n"), fontsize=9)
            if row == 2:
                axis.set_xlabel(f"{found.shape[0]} maps\n{found.shape[1]} x {found.shape[2]}", fontsize=8)
    return figure


def most_varied(maps: np.ndarray, count: int) -> list[np.ndarray]:
    """Maps (channels, Y, X) in which much is to be seen, and not the same."""
    flat = maps.reshape(len(maps), -1)
    spread = flat.std(axis=1)
    alike = np.abs(np.corrcoef(flat + 1e-6 * np.random.default_rng(0).standard_normal(flat.shape)))
    chosen = [int(spread.argmax())]
    while len(chosen) < count:
        chosen.append(int((spread * (1 - alike[chosen].max(axis=0))).argmax()))
    return [maps[i] for i in chosen]
