from __future__ import annotations

import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.nets import build

SMALL = NetSettings(in_channels=2, widths=(4, 8, 16), pools=((1, 2, 2),) * 2)
SMALL_3D = NetSettings(dims=3, widths=(4, 8, 16), pools=((1, 2, 2), (2, 2, 2)))


def test_the_bundled_net_has_less_than_three_and_a_half_million_parameters() -> None:
    net = build(NetSettings(in_channels=2))
    assert sum(p.numel() for p in net.parameters()) == 1_811_890


@pytest.mark.parametrize("settings", [SMALL, SMALL_3D], ids=["2D", "3D"])
@pytest.mark.parametrize("norm", ["batch", "instance", "group", "none"])
def test_output_has_the_size_of_the_input(settings: NetSettings, norm: str) -> None:
    net = build(settings.model_copy(update={"norm": norm})).eval()
    with torch.no_grad():
        y = net(torch.randn(2, settings.in_channels, 4, 12, 20))
    assert y.shape == (2, 2, 4, 12, 20)


def test_a_2d_net_takes_a_volume_slice_by_slice() -> None:
    net = build(SMALL).eval()
    x = torch.randn(2, 2, 3, 8, 8)
    with torch.no_grad():
        whole = net(x)
        slices = [net(x[:, :, z : z + 1]) for z in range(3)]
    torch.testing.assert_close(whole, torch.cat(slices, dim=2))


def test_a_size_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ValueError, match=r"multiple of \(1, 4, 4\)"):
        build(SMALL)(torch.zeros(1, 2, 1, 10, 8))


def test_the_last_map_feeds_the_head() -> None:
    net = build(SMALL).eval()
    x = torch.randn(1, 2, 1, 8, 8)
    with torch.no_grad():
        maps = net.feature_maps(x)
        assert list(maps) == ["encoder 0", "encoder 1", "bottleneck", "decoder 1", "decoder 0"]
        assert maps["bottleneck"].shape == (1, 16, 1, 2, 2)
        torch.testing.assert_close(net.head(maps["decoder 0"][:, :, 0])[:, :, None], net(x))


@pytest.mark.parametrize("settings", [SMALL, SMALL_3D], ids=["2D", "3D"])
def test_no_output_sees_further_than_the_receptive_radius(settings: NetSettings) -> None:
    torch.manual_seed(0)
    net = build(settings.model_copy(update={"norm": "none"}))
    for parameter in net.parameters():  # no dead units: every path contributes
        parameter.data.abs_()
    radius = settings.receptive_radius
    depth = 1 if settings.dims == 2 else 32
    size = (depth, 60, 60)
    x = torch.rand(1, settings.in_channels, *size, requires_grad=True)
    for offset in (0, 1, 3):
        at = tuple(n // 2 + min(offset, n // 2) for n in size)
        (gradient,) = torch.autograd.grad(net(x)[(0, 0, *at)], x)
        seen = gradient.abs().sum(dim=(0, 1)).nonzero()
        for axis in range(3):
            assert len(seen) > 0
            assert (seen[:, axis] - at[axis]).abs().max() <= radius[axis]
