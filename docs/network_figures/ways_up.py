"""Patterns that ways up leave behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (a look into a network)
from matplotlib.figure import Figure
from scipy import ndimage

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.autoencoder.learning import repeat
from napari_apprentice.engine.nets import build
from network_figures.drawing import bare, stretched
from network_figures.small import header_of, picture, repeater, small

CORNER = (slice(0, 64), slice(0, 64))
WAYS = {"transposed": "transposed convolution", "shuffle": "pixel shuffle", "nearest": "nearest", "linear": "linear"}


def checkerboard(cache: Path) -> Figure:
    """What ways up make of the same everywhere, untaught; what they give back, taught, and its finest detail."""
    figure = Figure(figsize=(8, 6.4), layout="constrained")
    axes = figure.subplots(3, len(WAYS))
    for (up, title), (untaught, taught, finest) in zip(WAYS.items(), axes.T, strict=True):
        settings = small("autoencoder").model_copy(
            update={"up": up, "widths": (8, 16, 32), "pools": ((1, 2, 2),) * 2, "norm": "none", "bias": True}
        )
        flat = decoder_on_flat(settings)
        untaught.imshow(flat[16:48, 16:48] / flat.mean() - 1, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        untaught.set_title(f"{title}\n{pattern(flat):.0%}", fontsize=9)
        net = repeater("ways", settings, ("nuclei",), cache, 0.0, 200)
        given = repeat(header_of(settings), net, picture("nuclei", 1).volume).image[0, 0]
        taught.imshow(stretched(given)[CORNER] ** 0.6, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        scale = 0.02 * np.ptp(given)
        finest.imshow(detail(given)[CORNER], cmap="gray", vmin=-scale, vmax=scale, interpolation="nearest")
        finest.set_title(f"{pattern(given):.0%}", fontsize=9)
    for axis, title in zip(axes[:, 0], ("untaught", "taught: image", "taught: finest detail"), strict=True):
        axis.set_ylabel(title, fontsize=9)
    for axis in axes.flat:
        bare(axis)
    return figure


def decoder_on_flat(settings: NetSettings) -> np.ndarray:
    """What an untaught way up makes of a bottleneck that says the same everywhere: its first logit (Y, X)."""
    torch.manual_seed(0)
    net = build(settings).eval()
    with torch.inference_mode():
        x = torch.rand(1, settings.widths[-1], 1, 1).expand(-1, -1, 16, 16)
        for i in reversed(range(settings.depth)):
            x = net.merge[i](net.lift[i](x))
        return net.head(x)[0, 0].numpy()


def detail(image: np.ndarray) -> np.ndarray:
    """An image less the mean of 3 x 3 pixels around each."""
    return image - ndimage.uniform_filter(image, 3)


def pattern(image: np.ndarray) -> float:
    """The share of the finest detail's power in waves of about 2 pixels; 0 where there is only rounding."""
    found = detail(image.astype(float))[16:-16, 16:-16]
    if found.std() < 1e-5 * np.abs(image).mean():
        return 0.0
    power = np.abs(np.fft.fft2(found - found.mean())) ** 2
    fast = [np.abs(np.fft.fftfreq(n)) >= 0.45 for n in found.shape]
    return float(power[fast[0][:, None] | fast[1][None]].sum() / power.sum())
