"""Convolutions that mend what torch gets wrong."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_apprentice.engine.nets.parts import Conv3d


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_gradients_in_bfloat16_are_those_of_single_precision_whatever_lies_in_memory(slices: int) -> None:
    """Over two slices torch's own weight gradient is at times made of what was in memory before."""
    torch.manual_seed(0)
    ours, plain = Conv3d(8, 16, 3, padding=1), nn.Conv3d(8, 16, 3, padding=1)
    plain.load_state_dict(ours.state_dict())
    inputs, back = torch.randn(2, 8, slices, 16, 16), torch.randn(2, 16, slices, 16, 16)
    plain(inputs).backward(back)
    for _ in range(5):
        ours.zero_grad()
        remains = [torch.full((3 * 2**k,), float("nan"), dtype=torch.bfloat16) for k in range(4, 20)]
        del remains
        with torch.autocast("cpu", torch.bfloat16):
            out = ours(inputs)
        out.float().backward(back)
        assert ours.weight.grad is not None
        assert plain.weight.grad is not None
        error = (ours.weight.grad - plain.weight.grad).norm() / plain.weight.grad.norm()
        assert error < 0.03
