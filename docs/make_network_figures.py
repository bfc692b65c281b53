"""Make the figures of docs/networks.md, from our own networks on images that the package renders itself.

OMP_NUM_THREADS=1 python docs/make_network_figures.py --cache FOLDER

The bundled model is used as it is; all other networks are small, learn for about a minute each and are kept in the
cache. Codes are laid out by scikit-learn (pip install ".[docs]").
"""

from __future__ import annotations

import argparse
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (the figures look into networks)
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Rectangle
from PIL import Image
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parent))
from small_networks import NORMALIZE, Picture, finder, picture, repeater, small

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.annotated import predict_whole
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.repeat import repeat
from napari_apprentice.session.catalog import bundled_files

IMAGES = Path(__file__).parent / "images"
# Okabe and Ito's colours, which everyone can tell apart
ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
)  # fmt: skip
KINDS = {"nuclei": BLUE, "cells": ORANGE, "tissue": PINK}
SHOW = slice(128, 384)
CORNER = (slice(0, 64), slice(0, 64))
WAYS = {"transposed": "transposed convolution", "shuffle": "pixel shuffle", "nearest": "nearest", "linear": "linear"}
MIDDLE = np.array([258, 290])  # the border of a nucleus


def main() -> None:
    """All figures, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the small networks")
    parser.add_argument("names", nargs="*", help="only these figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = {"sees": sees, "levels": levels, "skips": skips, "checkerboard": checkerboard, "gates": gates,
               "dilation": dilation, "codes": codes, "again": again}  # fmt: skip
    for name in options.names or figures:
        save(name, figures[name](options.cache))


def save(name: str, figure: Figure) -> None:
    """Write a figure with 256 colours: small files."""
    FigureCanvasAgg(figure)
    raw = BytesIO()
    figure.savefig(raw, dpi=100, format="png")
    image = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(IMAGES / f"networks-{name}.png", optimize=True)


# What each level sees


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
        maps = net.inside(inputs_of(picture("nuclei", 1), SHOW))
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


# With and without skips


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


# Checkerboards


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


# Gates


def gates(cache: Path) -> Figure:
    """What the gates of a small attention U-Net let through."""
    settings = small("attention-unet")
    net = finder("gates", settings, cache)
    example = picture("nuclei", 1)
    with torch.inference_mode():
        maps = net.inside(inputs_of(example, SHOW))
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


# Dilation


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


# Codes


def codes(cache: Path) -> Figure:
    """Patches of three kinds of image, laid out by what an auto-encoder says about them."""
    patches, found = coded(cache)
    places = laid_out(found)
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for kind, colour in KINDS.items():
        mine = np.array([one.kind == kind for one in patches])
        left.scatter(*places[mine].T, s=14, color=colour, label=kind)
    left.legend(fontsize=9, frameon=False, loc="best")
    for i in spread_out(places, 46):
        thumb = OffsetImage(patches[i].pixels, zoom=0.36, cmap="gray", norm=Normalize(0, 1))
        frame = {"edgecolor": KINDS[patches[i].kind], "linewidth": 1.5}
        right.add_artist(AnnotationBbox(thumb, tuple(places[i]), pad=0.08, bboxprops=frame))
    for axis in (left, right):
        axis.set(xlim=around(places[:, 0]), ylim=around(places[:, 1]))
    left.set_title("each dot is a patch of 64 x 64 pixels", fontsize=10)
    right.set_title("some of them", fontsize=10)
    bare(left, frame=True), bare(right, frame=True)
    return figure


def around(values: np.ndarray) -> tuple[float, float]:
    """Limits with a margin for little images."""
    margin = 0.08 * np.ptp(values)
    return values.min() - margin, values.max() + margin


def coded(cache: Path) -> tuple[list[Picture], np.ndarray]:
    """Patches of images it has not learnt from, and the mean and spread of the codes of each."""
    settings, net = again_net(cache)
    patches, found = [], []
    for kind in KINDS:
        for seed in (1, 2, 3):
            whole = picture(kind, seed)
            look = shown(whole)
            code = repeat(header_of(settings), net, whole.volume).codes[:, 0]
            for y in range(0, 512, 64):
                for x in range(0, 512, 64):
                    part = (slice(y, y + 64), slice(x, x + 64))
                    patches.append(Picture(kind, look[part], whole.truth[part]))
                    place = code[:, y // 16 : y // 16 + 4, x // 16 : x // 16 + 4].reshape(len(code), -1)
                    found.append(np.concatenate([place.mean(axis=1), place.std(axis=1)]))
    return patches, np.array(found)


def again_net(cache: Path) -> tuple[NetSettings, Net]:
    """The auto-encoder of the last two figures."""
    settings = small("autoencoder")
    return settings, repeater("again", settings, tuple(KINDS), cache, 0.2, 900)


def laid_out(found: np.ndarray) -> np.ndarray:
    """Codes in two dimensions (van der Maaten & Hinton, JMLR 2008), neighbours beside each other."""
    try:
        from sklearn.manifold import TSNE
    except ImportError:
        sys.exit('Codes are laid out by scikit-learn: pip install ".[docs]".')
    scaled = (found - found.mean(axis=0)) / found.std(axis=0).clip(1e-6)
    return np.asarray(TSNE(perplexity=30, init="pca", random_state=0).fit_transform(scaled))


def spread_out(places: np.ndarray, count: int) -> list[int]:
    """Some places that are far from each other: each next one is the farthest from those before."""
    chosen = [0]
    distance = np.full(len(places), np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return chosen


def again(cache: Path) -> Figure:
    """Images, the same with noise, and what an auto-encoder makes of them."""
    settings, net = again_net(cache)
    figure = Figure(figsize=(8, 5.4), layout="constrained")
    axes = figure.subplots(len(KINDS), 4)
    rng = np.random.default_rng(0)
    for row, kind in zip(axes, KINDS, strict=True):
        clean = picture(kind, 1)
        scaling = fit(clean.volume, NORMALIZE)
        noisy = clean.volume + rng.normal(0, 0.2 * (scaling.high[0] - scaling.low[0]), clean.volume.shape).astype(
            np.float32
        )
        repeated = [repeat(header_of(settings), net, one).image[0, 0] for one in (clean.volume, noisy)]
        part = (slice(128, 256), slice(128, 256))
        low, high = scaling.low[0], scaling.high[0]
        for axis, image in zip(row, (clean.pixels, repeated[0], noisy[0, 0], repeated[1]), strict=True):
            axis.imshow(image[part], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            bare(axis)
        row[0].set_ylabel(kind, fontsize=10)
    for axis, title in zip(axes[0], ("image", "given back", "with noise", "given back"), strict=True):
        axis.set_title(title, fontsize=10)
    return figure


# What all figures need


def bundled() -> tuple[ModelHeader, Net]:
    """The model nuclei-2d."""
    return checkpoint.load(bundled_files()["nuclei-2d"][1])


def header_of(settings: NetSettings) -> ModelHeader:
    """As the header of an auto-encoder's file."""
    return ModelHeader(id="again", name="again", kind="values", net=settings)


def inputs_of(example: Picture, part: slice) -> torch.Tensor:
    """A square part of an image as a network sees it (1, C, 1, Y, X)."""
    scaled = fit(example.volume, NORMALIZE).apply(example.volume)
    return torch.from_numpy(np.ascontiguousarray(scaled[..., part, part]))[None]


def shown(example: Picture) -> np.ndarray:
    """Brightness (Y, X) for people, 0 to 1."""
    return stretched(example.pixels) ** 0.6


def draw(axis: Axes, pixels: np.ndarray) -> None:
    """An image under outlines."""
    axis.imshow(stretched(pixels) ** 0.6, cmap="gray")


def stretched(values: np.ndarray) -> np.ndarray:
    """From the 1st to the 99th percentile."""
    low, high = np.percentile(values, [1, 99])
    return np.clip((values - low) / max(high - low, 1e-9), 0, 1)


def most_varied(maps: np.ndarray, count: int) -> list[np.ndarray]:
    """Maps (channels, Y, X) in which much is to be seen, and not the same."""
    flat = maps.reshape(len(maps), -1)
    spread = flat.std(axis=1)
    alike = np.abs(np.corrcoef(flat + 1e-6 * np.random.default_rng(0).standard_normal(flat.shape)))
    chosen = [int(spread.argmax())]
    while len(chosen) < count:
        chosen.append(int((spread * (1 - alike[chosen].max(axis=0))).argmax()))
    return [maps[i] for i in chosen]


def bare(axis: Axes, *, frame: bool = False) -> None:
    """No ticks."""
    axis.set(xticks=[], yticks=[])
    if not frame:
        for side in axis.spines.values():
            side.set_visible(False)


if __name__ == "__main__":
    main()
