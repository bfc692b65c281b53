"""Sources of patches from fully annotated images."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from napari_apprentice.data.instances import emphasis, encode
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.normalize import fit
from napari_apprentice.settings import NormalizeSettings


def annotated_source(pixels: np.ndarray, labels: np.ndarray, normalize: NormalizeSettings) -> Source:
    """A source from pixels (C, Z, Y, X) and complete labels (Z, Y, X): 0 is background everywhere."""
    vouched = np.where(labels > 0, 2, 1).astype(np.uint8)
    target, weight = encode(labels, vouched)
    weight *= emphasis(labels)[None]
    ids = np.unique(labels[labels > 0])
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, ids), np.float32).reshape(-1, 3)
    image = fit(pixels, normalize).linear(pixels)
    tensor = torch.from_numpy
    return Source(tensor(image), tensor(target), tensor(weight), tensor(labels.astype(np.float32)), centres)
