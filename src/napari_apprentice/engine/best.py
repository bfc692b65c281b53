"""Which state of a network is kept while it learns, and when nothing better is to be expected."""

from __future__ import annotations

import copy

import torch
from torch import nn

from napari_apprentice.engine.evaluator import Score
from napari_apprentice.engine.schedules import Lowest

_AS_GOOD = 0.01  # a later network this little worse than the best so far is preferred


class Best:
    """The weights that did best so far; ``stale`` counts validations since the last progress, in loss or in score."""

    def __init__(self) -> None:
        self.stale = 0
        self._lowest = Lowest()
        self._top = -1.0
        self._weights: dict[str, torch.Tensor] | None = None

    def offer(self, score: Score, net: nn.Module) -> None:
        """A network was judged: its weights are remembered if it is the best, or hardly worse."""
        self.stale = 0 if self._lowest.beaten_by(score.loss) or score.fine > self._top else self.stale + 1
        if score.fine >= self._top - _AS_GOOD:
            self._top = max(score.fine, self._top)
            self._weights = copy.deepcopy(net.state_dict())

    def put_into(self, net: nn.Module) -> None:
        """Give a network the weights that did best; without any it stays as it is."""
        if self._weights is not None:
            net.load_state_dict(self._weights)
