"""U-Net++: nested skips, a head at every depth; the drawing is in `architecture/designs/nested`."""

from __future__ import annotations

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.designs import Nested
from napari_apprentice.architecture.designs.nested import Node, name_of
from napari_apprentice.engine.nets.net import Net
from napari_apprentice.engine.nets.parts import block, convolution, dropout
from napari_apprentice.engine.nets.steps import Lift, Pool


class NestedNet(Net):
    """Zhou et al., DLMIA 2018. ``columns`` of its nodes are computed; fewer make it faster (`prune`)."""

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        of, dims = Nested.of(settings), settings.dims
        self.columns = settings.depth
        self.pool = nn.ModuleList(
            Pool(settings.down, of.pools[i], of.learned_pools[i], dims) for i in range(settings.depth)
        )
        self.node = nn.ModuleDict({_key(node): block(one, dims) for node, one in of.blocks.items()})
        deepest = _key((settings.depth, 0))
        self.node[deepest] = nn.Sequential(self.node[deepest], dropout(settings.dropout, dims))
        self.lift = nn.ModuleDict(
            {_key(node): Lift(settings.up, of.pools[node[0]], one, dims) for node, one in of.lifts.items()}
        )
        self.head = nn.ModuleList(convolution(one, dims) for one in of.heads)
        self._initialise()

    def body(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Column by column; the nodes of the top row are what heads look at."""
        found: dict[Node, torch.Tensor] = {}
        for i in range(self.columns + 1):
            found[i, 0] = self.node[_key((i, 0))](x if i == 0 else self.pool[i - 1](found[i - 1, 0])[0])
        for j in range(1, self.columns + 1):
            for i in range(self.columns - j + 1):
                lifted = self.lift[_key((i, j))](found[i + 1, j - 1])
                found[i, j] = self.node[_key((i, j))](torch.cat([*(found[i, k] for k in range(j)), lifted], dim=1))
        if len(self.head) == 1:
            return [self.head[0](found[0, self.columns])]
        return [self.head[j - 1](found[0, j]) for j in range(1, self.columns + 1)]

    def prune(self, columns: int) -> NestedNet:
        """Predict from fewer columns: deeper nodes are not computed. `ValueError` without deep supervision."""
        if not 1 <= columns <= self.settings.depth:
            raise ValueError(f"a net of {self.settings.depth} columns cannot be cut to {columns}")
        if len(self.head) == 1 and columns < self.settings.depth:
            raise ValueError("only a net with deep supervision predicts from fewer columns")
        self.columns = columns
        return self

    def maps(self) -> dict[str, nn.Module]:
        """The nodes that are computed."""
        nodes = [(i, j) for j in range(self.columns + 1) for i in range(self.columns - j + 1)]
        return {name_of(node, self.settings.depth): self.node[_key(node)] for node in nodes}


def _key(node: Node) -> str:
    return f"{node[0]}-{node[1]}"
