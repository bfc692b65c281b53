"""From logits to what they mean."""

from __future__ import annotations

import torch


def activated(logits: torch.Tensor, kind: str) -> torch.Tensor:
    """Logits (B, K, ...) as probabilities and values.

    Classes: sigmoid of one logit, softmax of several. Instances: the first is the probability of foreground, the
    second log-distance. Values stay as they are.
    """
    if kind == "classes":
        return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)
    if kind == "values":
        return logits
    return torch.cat([logits[:, :1].sigmoid(), logits[:, 1:]], dim=1)
