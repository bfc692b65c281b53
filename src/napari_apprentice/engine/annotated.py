"""Fully annotated images, as recipes have them: as sources of patches, and predicted whole."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.instances import emphasis, encode
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.resample import network_shape, resize, resize_labels
from napari_apprentice.settings import NormalizeSettings


def annotated_source(pixels: np.ndarray, labels: np.ndarray, normalize: NormalizeSettings, zoom: float = 1.0) -> Source:
    """A source from pixels (C, Z, Y, X) and complete labels (Z, Y, X): 0 is background everywhere.

    It lies at ``zoom`` network pixels per image pixel.
    """
    plane = network_shape((1, *labels.shape[1:]), zoom)[1:]
    image = resize(torch.from_numpy(fit(pixels, normalize).linear(pixels)), plane)
    labels = resize_labels(labels, plane)
    vouched = np.where(labels > 0, 2, 1).astype(np.uint8)
    target, weight = encode(labels, vouched)
    weight *= emphasis(labels)[None]
    ids = np.unique(labels[labels > 0])
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, ids), np.float32).reshape(-1, 3)
    tensor = torch.from_numpy
    return Source(image, tensor(target), tensor(weight), tensor(labels.astype(np.float32)), centres)


def predict_whole(
    net: nn.Module, settings: NetSettings, pixels: np.ndarray, normalize: NormalizeSettings
) -> np.ndarray:
    """Foreground probability and log-distance (2, Z, Y, X) of a whole image (C, Z, Y, X) at the net's resolution.

    Mirrored at the border up to the net's multiple. For images of a recipe, which are small; `predict` tiles.
    """
    inputs = fit(pixels, normalize).apply(pixels)
    margins = [(-n % m, n) for n, m in zip(inputs.shape[1:], settings.multiple, strict=True)]
    padded = np.pad(inputs, [(0, 0), *((0, more) for more, _ in margins)], mode="symmetric")
    with torch.inference_mode():
        out = net(torch.from_numpy(padded)[None])[0].float()
        out[0].sigmoid_()
    z, y, x = (n for _, n in margins)
    return np.asarray(out[:, :z, :y, :x].numpy())
