"""Annotated images, as recipes and benches have them: as sources of patches, and predicted whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from apprentice_lab.representations import representation as named
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.labels.instances import emphasis
from napari_apprentice.data.representations import Meaning
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.resample import network_shape, resize, resize_labels
from napari_apprentice.settings import NormalizeSettings


def annotated_source(
    pixels: np.ndarray,
    labels: np.ndarray,
    normalize: NormalizeSettings,
    zoom: float = 1.0,
    *,
    confirmed: np.ndarray | None = None,
    representation: str = "log-distance",
) -> Source:
    """A source from pixels (C, Z, Y, X) and labels (Z, Y, X), at ``zoom`` network pixels per image pixel.

    `confirmed` (0 unknown, 1 background, 2 as labelled) says what of the labels is known; None: all, 0 is background
    everywhere. Objects of which anything is known are worth looking at.
    """
    plane = network_shape((1, *labels.shape[1:]), zoom)[1:]
    image = _seen(pixels, normalize, plane)
    known = np.where(labels > 0, 2, 1) if confirmed is None else confirmed
    labels, known = resize_labels(labels, plane), resize_labels(known, plane).astype(np.uint8)
    dims: Literal[2, 3] = 2 if labels.shape[0] == 1 else 3
    kind = named(representation, dims)
    target, weight = kind.encode(labels, known)
    sure = np.where(known == 2, labels, 0)
    weight *= emphasis(sure)[None]
    ids = np.unique(sure[sure > 0])
    centres = np.array(ndimage.center_of_mass(sure > 0, sure, ids), np.float32).reshape(-1, 3)
    tensor = torch.from_numpy
    return Source(
        image,
        tensor(target),
        tensor(weight),
        tensor(labels.astype(np.float32)),
        centres,
        representation=kind,
    )


def seen_otherwise(source: Source, pixels: np.ndarray, normalize: NormalizeSettings) -> Source:
    """The same objects in other pixels (C, Z, Y, X) of the same place; all but the image is shared."""
    height, width = source.image.shape[2:]
    return replace(source, image=_seen(pixels, normalize, (height, width)))


def predict_whole(
    net: nn.Module, settings: NetSettings, pixels: np.ndarray, normalize: NormalizeSettings, meanings: Sequence[Meaning]
) -> np.ndarray:
    """What a network says about a whole image (C, Z, Y, X) at its resolution, (K, Z, Y, X).

    Channels are what they mean (`activation`). Mirrored at the border up to the net's multiple. For images of a
    recipe, which are small; `predict` tiles.
    """
    inputs = fit(pixels, normalize).apply(pixels)
    margins = [(-n % m, n) for n, m in zip(inputs.shape[1:], settings.multiple, strict=True)]
    padded = np.pad(inputs, [(0, 0), *((0, more) for more, _ in margins)], mode="symmetric")
    with torch.inference_mode():
        out = activate(net(torch.from_numpy(padded)[None]).float(), meanings)[0]
    z, y, x = (n for _, n in margins)
    return np.asarray(out[:, :z, :y, :x].numpy())


def _seen(pixels: np.ndarray, normalize: NormalizeSettings, plane: tuple[int, int]) -> torch.Tensor:
    return resize(torch.from_numpy(fit(pixels, normalize).linear(pixels)), plane)
