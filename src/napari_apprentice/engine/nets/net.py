"""What all networks have in common: how they take patches, 2D and 3D, and what can be seen inside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.sizes import smallest_valid
from napari_apprentice.engine.nets.padding import mirror

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)


class Net(nn.Module):
    """Takes (B, C, Z, Y, X) and gives logits (B, K, Z, Y, X) of the same size.

    A 2D net folds Z into the batch. Sizes must be multiples of ``settings.multiple``. A net of valid convolutions
    mirrors the margin it loses; `valid` gives what it says without that.

    A subclass says in `body` how data flows from input to the logits of every head, and in `maps` which of its
    modules give what can be looked at.
    """

    def __init__(self, settings: NetSettings) -> None:
        super().__init__()
        self.settings = settings

    def body(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Logits of every head, the last one is the net's answer; x is (B, C, Y, X) in 2D, (B, C, Z, Y, X) in 3D."""
        raise NotImplementedError

    def maps(self) -> dict[str, nn.Module]:
        """Modules by the name of the map they give, from input to output."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From inputs (B, in_channels, Z, Y, X) to logits (B, out_channels, Z, Y, X)."""
        return self.supervised_logits(x)[-1]

    def supervised_logits(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Logits (B, out_channels, Z, Y, X) of every head that a loss can look at."""
        self._check(x)
        return [self._unfold(part, x.shape[0]) for part in self.same_size(self._fold(x))]

    def same_size(self, x: torch.Tensor) -> list[torch.Tensor]:
        """As `body`, and of the same size as x, which is not looked at: it can be traced for any."""
        if self.settings.padding == "same":
            return self.body(x)
        return [_first(part, x.shape[2:]) for part in self.body(self._with_margin(x))]

    def valid(self, x: torch.Tensor) -> torch.Tensor:
        """Logits as the paper has them: of valid convolutions smaller than the input by ``settings.margin``."""
        return self._unfold(self.body(self._fold(x))[-1], x.shape[0])

    def feature_maps(self, x: torch.Tensor, only: Collection[str] | None = None) -> dict[str, torch.Tensor]:
        """Every map (B, channels, Z, Y, X) on the way, or ``only`` some, by name, at the resolution it has there."""
        found: dict[str, torch.Tensor] = {}

        def keep(name: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
            return lambda module, inputs, output: found.__setitem__(name, self._unfold(output, x.shape[0]))

        wanted = {name: part for name, part in self.maps().items() if only is None or name in only}
        hooks = [module.register_forward_hook(keep(name)) for name, module in wanted.items()]
        try:
            self(x)
        finally:
            for hook in hooks:
                hook.remove()
        return {name: found[name] for name in wanted if name in found}

    def lean_to_background(self, bias: float, std: float) -> None:
        """Fresh heads that say what they see loudly enough to learn quickly, and background where they see nothing."""
        heads = [m for m in self._heads.modules() if isinstance(m, _CONVOLUTIONS)]
        for head in heads:
            nn.init.normal_(head.weight, std=std)
            if head.bias is not None:
                nn.init.zeros_(head.bias)
        self._lean(heads, bias)

    def _lean(self, heads: Sequence[nn.Module], bias: float) -> None:
        """Each head answers for itself; where heads are added up, one of them has the bias."""
        with torch.no_grad():
            for head in heads:
                head.get_parameter("bias")[0] = bias

    def _initialise(self) -> None:
        """He et al., ICCV 2015; heads begin near 0."""
        for module in self.modules():
            if isinstance(module, _CONVOLUTIONS):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for module in self._heads.modules():
            if isinstance(module, _CONVOLUTIONS):
                nn.init.normal_(module.weight, std=0.01)

    def _check(self, x: torch.Tensor) -> None:
        settings = self.settings
        if x.ndim != 5:
            raise ValueError(f"the net takes (B, C, Z, Y, X), got shape {tuple(x.shape)}")
        size = tuple(x.shape[2:])
        if settings.size is not None and size != settings.size:
            raise ValueError(f"the net takes images of size {settings.size}, got {size}")
        if any(n % m for n, m in zip(size, settings.multiple, strict=True)):
            raise ValueError(f"size {size} is not a multiple of {settings.multiple}")

    @property
    def _heads(self) -> nn.Module:
        """What gives logits: ``head`` in every net, one or several."""
        return self.get_submodule("head")

    def _fold(self, x: torch.Tensor) -> torch.Tensor:
        if self.settings.dims == 3:
            return x
        if x.shape[2] == 1:
            return x[:, :, 0]
        b, c, z, height, width = x.shape
        return x.transpose(1, 2).reshape(b * z, c, height, width)

    def _unfold(self, y: torch.Tensor, batch: int) -> torch.Tensor:
        if self.settings.dims == 3:
            return y
        z = y.shape[0] // batch
        if z == 1:
            return y.unsqueeze(2)
        return y.reshape(batch, z, *y.shape[1:]).transpose(1, 2)

    def _with_margin(self, x: torch.Tensor) -> torch.Tensor:
        """Mirrored by half the margin on each side, and further at the end up to a size that pools evenly."""
        margin, first, multiple = self.settings.margin, smallest_valid(self.settings), self.settings.multiple
        before, after = [], []
        for axis, n in enumerate(x.shape[2:], start=5 - x.ndim):
            before.append(margin[axis] // 2)
            after.append(margin[axis] // 2 + (first[axis] - n - margin[axis]) % multiple[axis])
        return mirror(x, before, after)


def _first(y: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """The part of `size` at the beginning of every spatial axis."""
    return y[(slice(None), slice(None), *(slice(0, n) for n in size))]
