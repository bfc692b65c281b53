"""The U-Net and its relatives that go down and up level by level; the drawing is in `architecture/designs/ushape`."""

from __future__ import annotations

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.designs import UShape
from napari_apprentice.engine.nets.net import Net
from napari_apprentice.engine.nets.padding import centre
from napari_apprentice.engine.nets.parts import block, convolution, dropout
from napari_apprentice.engine.nets.steps import AttentionGate, Lift, Pool


class UNet(Net):
    """Encoder, bottleneck, decoder (Ronneberger et al., MICCAI 2015; Cicek et al., MICCAI 2016).

    Which blocks, ways down and up, and skips it has is in the settings: `architecture.presets` names the usual ones.
    """

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        of, dims, levels = UShape.of(settings), settings.dims, range(settings.depth)
        self.down = nn.ModuleList(block(one, dims) for one in of.down)
        self.pool = nn.ModuleList(Pool(settings.down, of.pools[i], of.learned_pools[i], dims) for i in levels)
        self.bottleneck = nn.Sequential(block(of.bottom, dims), dropout(settings.dropout, dims))
        self.codes = nn.Sequential(*(convolution(one, dims) for one in of.codes or ()))
        self.lift = nn.ModuleList(Lift(settings.up, of.pools[i], of.lifts[i], dims) for i in levels)
        self.gate = nn.ModuleList(AttentionGate(g, of.pools[i], dims) for i, g in enumerate(of.gates) if g)
        self.merge = nn.ModuleList(block(one, dims) for one in of.merges)
        self.head = convolution(of.head, dims)
        self._initialise()

    def body(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Down, bottleneck, up."""
        skips, places = [], []
        unpools = self.settings.up == "max-unpool"
        for down, pool in zip(self.down, self.pool, strict=True):
            x = down(x)
            skips.append(x)
            x, where = pool(x, where=unpools)
            places.append(where)
        x = self.codes(self.bottleneck(x))
        for i in reversed(range(len(self.merge))):
            x = self.merge[i](self._joined(i, skips[i], self.lift[i](x, places[i]), below=x))
        return [self.head(x)]

    def _joined(self, level: int, skip: torch.Tensor, lifted: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
        """What the encoder saw beside what came up; the larger skip of valid convolutions is cropped."""
        kind = self.settings.skip
        if kind == "none":
            return lifted
        if kind == "attention":
            skip = self.gate[level](skip, below)
        if skip.shape[2:] != lifted.shape[2:]:
            skip = centre(skip, lifted.shape[2:])
        return skip + lifted if kind == "add" else torch.cat([skip, lifted], dim=1)

    def maps(self) -> dict[str, nn.Module]:
        """Encoder, bottleneck, decoder from bottom to top, and the maps of gates."""
        levels = range(len(self.merge))
        found: dict[str, nn.Module] = {f"encoder {i}": self.down[i] for i in levels}
        found["bottleneck"] = self.bottleneck
        if self.settings.codes:
            found["codes"] = self.codes[0]
        found |= {f"decoder {i}": self.merge[i] for i in reversed(levels)}
        return found | {f"gate {i}": gate.get_submodule("score") for i, gate in enumerate(self.gate)}

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Codes (B, codes, Z, Y, X) of an auto-encoder, from inputs (B, C, Z, Y, X)."""
        return self.feature_maps(x)["codes"]
