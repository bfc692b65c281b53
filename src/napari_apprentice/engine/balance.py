"""Rare classes count more, so that a network does not begin by calling everything background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from napari_apprentice.engine.batches import Source
from napari_apprentice.settings import Kind

_MOST = 6.0


def balance_classes(sources: Sequence[Source], kind: Kind) -> list[Source]:
    """The sources with the channel-0 weights of all classes (foreground, background) brought closer to each other.

    A class is weighted by how much rarer it is than the most frequent one (of classes the root of that), at most 6
    times. Counted is what has weight, in all sources together.
    """
    top = int(max(float(source.target[0].max()) for source in sources)) + 1
    counts = np.zeros(max(2, top))
    for source in sources:
        taught = source.weight[0] > 0
        counts += np.bincount(source.target[0][taught].long().numpy(), minlength=len(counts))
    power = 1.0 if kind == "instances" else 0.5
    factors = np.clip((counts.max() / np.maximum(counts, 1)) ** power, 1, _MOST)
    table = torch.from_numpy(factors.astype(np.float32))
    out = []
    for source in sources:
        weight = source.weight.clone()
        weight[0] *= table[source.target[0].long()]
        out.append(replace(source, weight=weight))
    return out
