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
from napari_apprentice.errors import UserError


class NestedNet(Net):
    """U-Net++ (Zhou et al., DLMIA 2018)."""

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        of, dims = Nested.of(settings), settings.dims
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
        depth = self.settings.depth
        for i in range(depth + 1):
            found[i, 0] = self.node[_key((i, 0))](x if i == 0 else self.pool[i - 1](found[i - 1, 0])[0])
        for j in range(1, depth + 1):
            for i in range(depth - j + 1):
                lifted = self.lift[_key((i, j))](found[i + 1, j - 1])
                found[i, j] = self.node[_key((i, j))](torch.cat([*(found[i, k] for k in range(j)), lifted], dim=1))
        tops = range(depth - len(self.head) + 1, depth + 1)
        return [head(found[0, j]) for j, head in zip(tops, self.head, strict=True)]

    def prune(self, depth: int) -> NestedNet:
        """The net of the first `depth` levels, which predicts with the head it has there: smaller and faster.

        Its weights are copies. `UserError` for a net without deep supervision, whose shallow nodes have no heads.
        """
        own = self.settings
        if not 1 <= depth <= own.depth:
            raise UserError(f"A network of {own.depth} levels cannot be cut to {depth}: choose 1 to {own.depth}.")
        if not own.deep_supervision:
            raise UserError("Only a network with deep supervision can be cut: its other levels do not predict.")
        cut = {"widths": own.widths[: depth + 1], "pools": own.pools[:depth]}
        if isinstance(own.convolutions, tuple):
            cut["convolutions"] = own.convolutions[: depth + 1]
        net = NestedNet(own.model_copy(update=cut))
        weights = self.state_dict()
        deepest = f"node.{_key((depth, 0))}."  # a bottleneck here, with room for dropout behind it
        net.load_state_dict(
            {
                name: weights[name.replace(f"{deepest}0.", deepest) if depth < own.depth else name]
                for name in net.state_dict()
            }
        )
        return net.train(self.training)

    def maps(self) -> dict[str, nn.Module]:
        """The nodes that are computed."""
        depth = self.settings.depth
        nodes = [(i, j) for j in range(depth + 1) for i in range(depth - j + 1)]
        return {name_of(node, depth): self.node[_key(node)] for node in nodes}


def _key(node: Node) -> str:
    return f"{node[0]}-{node[1]}"
