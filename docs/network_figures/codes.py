"""What an auto-encoder gives back, and its codes as a map."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.autoencoder.learning import repeat
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.normalize import fit
from network_figures.drawing import BLUE, ORANGE, PINK, bare, shown
from network_figures.small import NORMALIZE, Picture, header_of, picture, repeater, small

KINDS = {"nuclei": BLUE, "cells": ORANGE, "tissue": PINK}


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
