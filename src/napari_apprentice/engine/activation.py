"""From logits to what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

import torch

from napari_apprentice.data.representations import Meaning

ACTIVATIONS: dict[Meaning, Callable[[torch.Tensor], torch.Tensor]] = {
    "probability": torch.sigmoid,
    "class": partial(torch.softmax, dim=1),
    "number": lambda logits: logits,
}


def activate(logits: torch.Tensor, meanings: Sequence[Meaning]) -> torch.Tensor:
    """Logits (B, K, ...) as what each channel means; channels beyond the last meaning have that, too."""
    parts, first = [], 0
    stretches = [(meaning, len(list(same))) for meaning, same in groupby(meanings)]
    for i, (meaning, count) in enumerate(stretches, 1):
        last = None if i == len(stretches) else first + count
        parts.append(ACTIVATIONS[meaning](logits[:, first:last]))
        first += count
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
