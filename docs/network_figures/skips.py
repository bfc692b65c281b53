"""With and without skips, and what the gates of skips let through."""

from __future__ import annotations

from pathlib import Path

import torch  # noqa: TID253 (a look into a network)
from matplotlib.figure import Figure

from apprentice_lab.training.annotated import predict_whole
from network_figures.drawing import ORANGE, SHOW, SKY, bare, draw
from network_figures.small import NORMALIZE, finder, inputs_of, picture, small


def skips(cache: Path) -> Figure:
    """The same U-Net with and without skips, after the same short lesson."""
    example = picture("nuclei", 1)
    part = (slice(300, 428), slice(60, 188))
    truth = example.truth[part] > 0
    figure = Figure(figsize=(8, 2.95), layout="constrained")
    axes = figure.subplots(1, 3)
    axes[0].set_title("truth", fontsize=10)
    nets = {"without skips": small("unet").model_copy(update={"skip": "none"}), "with skips": small("unet")}
    for axis, (name, settings) in zip(axes[1:], nets.items(), strict=True):
        foreground = predict_whole(finder(name, settings, cache), settings, example.volume, NORMALIZE)[0, 0]
        whole = example.truth > 0
        overlap = ((foreground > 0.5) & whole).sum() / ((foreground > 0.5) | whole).sum()
        draw(axis, example.pixels[part])
        axis.contour(foreground[part], [0.5], colors=[ORANGE], linewidths=1.6)
        axis.set_title(f"{name}: overlap {overlap:.2f}", fontsize=10)
    draw(axes[0], example.pixels[part])
    for axis in axes:
        axis.contour(truth, [0.5], colors=[SKY], linewidths=1.2)
        bare(axis)
    return figure


def gates(cache: Path) -> Figure:
    """What the gates of a small attention U-Net let through."""
    settings = small("attention-unet")
    net = finder("gates", settings, cache)
    example = picture("nuclei", 1)
    with torch.inference_mode():
        maps = net.feature_maps(inputs_of(example, SHOW))
    figure = Figure(figsize=(8, 2.0), layout="constrained")
    axes = figure.subplots(1, 1 + settings.depth)
    draw(axes[0], example.pixels[SHOW, SHOW])
    axes[0].set_title("image", fontsize=10)
    for i, axis in enumerate(axes[1:]):
        gate = maps[f"gate {i}"][0, 0, 0].numpy()
        seen = axis.imshow(gate, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axis.set_title(f"gate {i}: {gate.shape[0]} x {gate.shape[1]}", fontsize=10)
    figure.colorbar(seen, ax=list(axes), label="lets through", shrink=0.9)
    for axis in axes:
        bare(axis)
    return figure
