from __future__ import annotations

from typing import Literal

import pytest
import torch

from napari_apprentice.architecture import PRESETS, NetSettings, PresetName, preset
from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.architecture.sizes import smallest_valid
from napari_apprentice.engine.nets import NestedNet, Net, UNet, build
from napari_apprentice.errors import UserError

FORMS = [(name, dims) for name, one in PRESETS.items() for dims in one.dims]
WIDTH = 4


def _small(name: PresetName, dims: Literal[2, 3], **parts: object) -> NetSettings:
    return preset(name, dims, 2, 3, WIDTH).model_copy(update=parts)


def _edge(net: NetSettings) -> tuple[int, int, int]:
    """A small patch the net takes."""
    z, y, x = net.multiple
    return (z if net.dims == 3 else 1), max(y, 16), 2 * max(x, 16)


@pytest.mark.parametrize(("name", "dims"), FORMS)
def test_arithmetic_and_torch_agree(name: PresetName, dims: Literal[2, 3]) -> None:
    settings = _small(name, dims)
    net = build(settings).eval()
    assert sum(p.numel() for p in net.parameters()) == settings.parameters
    size = smallest_valid(settings) if settings.padding == "valid" else _edge(settings)
    with torch.no_grad():
        maps = {key: tuple(value.shape[1:]) for key, value in _maps(net, torch.rand(1, 2, *size)).items()}
    table = ledger(settings, size)
    said = {row.name: (row.channels, *row.size) for row in table.rows}
    assert maps == {key: said[key] for key in maps}
    with torch.no_grad():
        assert tuple(net.valid(torch.rand(1, 2, *size)).shape) == (1, 3, *table.output)


def _maps(net: Net, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """What is inside, without the margin that nets of valid convolutions add."""
    found: dict[str, torch.Tensor] = {}
    for name, module in net.maps().items():
        module.register_forward_hook(lambda m, inputs, y, name=name: found.__setitem__(name, y))
    net.valid(x)
    return {name: y if y.ndim == 5 else y[:, :, None] for name, y in found.items()}


@pytest.mark.parametrize(("name", "dims"), FORMS)
def test_every_net_gives_the_size_it_gets_and_learns_everywhere(name: PresetName, dims: Literal[2, 3]) -> None:
    torch.manual_seed(0)
    settings = _small(name, dims) if PRESETS[name].dims == (2, 3) or dims == 2 else _small(name, dims, padding="same")
    if dims == 3:
        settings = settings.model_copy(update={"padding": "same"})
    net = build(settings)
    net.lean_to_background(-2.0, 0.1)
    x = torch.rand(2, 2, *_edge(settings))
    logits = net.supervised_logits(x)
    assert all(tuple(part.shape) == (2, 3, *x.shape[2:]) for part in logits)
    torch.stack([part.square().mean() for part in logits]).sum().backward()
    without = [key for key, p in net.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    assert not [key for key in without if not key.endswith("bias")]


@pytest.mark.parametrize(("name", "dims"), FORMS)
def test_no_output_sees_further_than_is_said(name: PresetName, dims: Literal[2, 3]) -> None:
    torch.manual_seed(1)
    settings = preset(name, dims, 1, 1, 4).model_copy(update={"norm": "none", "padding": "same"})
    if dims == 3 or name.startswith(("fcn", "segnet")):  # fewer levels: the same rules, less to compute
        settings = _shallow(settings)
    net = build(settings).eval()
    for parameter in net.parameters():  # no dead units: every path contributes
        parameter.data.abs_().add_(0.01)
    radius = settings.receptive_radius
    size = tuple(-(-(2 * r + 4) // m) * m for r, m in zip(radius, settings.multiple, strict=True))
    x = torch.rand(1, 1, *size, requires_grad=True)
    for offset in (0, 1):
        at = tuple(min(n // 2 + offset, n - 1) for n in size)
        (gradient,) = torch.autograd.grad(net(x)[(0, 0, *at)], x)
        seen = gradient.abs().sum(dim=(0, 1)).nonzero()
        assert len(seen) > 0
        for axis in range(3):
            assert (seen[:, axis] - at[axis]).abs().max() <= radius[axis]


def _shallow(net: NetSettings) -> NetSettings:
    """The last two pools and the bottleneck's width."""
    keep = 2
    return net.model_copy(
        update={
            "widths": (*net.widths[:keep], 4),
            "pools": net.pools[:keep],
            "convolutions": net.convolutions[:keep] + net.convolutions[-1:]
            if isinstance(net.convolutions, tuple)
            else net.convolutions,
            "dilations": tuple(d // 6 for d in net.dilations),
            "scores": min(net.scores, keep - 1),
        }
    )


def test_the_unet_of_2015_gives_388_of_572_and_572_of_572() -> None:
    net = build(preset("unet-2015", width=2)).eval()
    with torch.no_grad():
        assert net.valid(torch.rand(1, 1, 1, 572, 572)).shape == (1, 2, 1, 388, 388)
        assert net(torch.rand(1, 1, 1, 576, 64)).shape == (1, 2, 1, 576, 64)


def test_mirrored_margins_change_nothing_where_the_image_itself_is_the_margin() -> None:
    """Tiles whose places are multiples of 2^depth see the same pooling windows as the whole image."""
    torch.manual_seed(0)
    settings = preset("unet-2015", width=2)
    net = build(settings).eval()
    image = torch.rand(1, 1, 1, 512, 512)
    with torch.no_grad():
        whole = net(image)
        for y, x in ((16, 32), (112, 48), (160, 160)):
            tile = net(image[..., y : y + 352, x : x + 352])
            inner = slice(112, 240)  # further than it sees from the tile's border
            there = whole[..., y + 112 : y + 240, x + 112 : x + 240]
            torch.testing.assert_close(tile[..., inner, inner], there, atol=1e-6, rtol=1e-5)


def test_unet_plus_plus_cut_to_fewer_levels_says_what_its_head_there_said() -> None:
    net = build(preset("unet++", width=4)).eval()
    assert isinstance(net, NestedNet)
    x = torch.rand(1, 1, 1, 32, 32)
    with torch.no_grad():
        heads = net.supervised_logits(x)
        assert len(heads) == 4
        for depth in (1, 2, 3, 4):
            cut = net.prune(depth)
            torch.testing.assert_close(cut(x), heads[depth - 1])
            assert len(cut.supervised_logits(x)) == depth
            assert sum(p.numel() for p in cut.parameters()) == cut.settings.parameters
    assert net.prune(2).settings.multiple == (1, 4, 4)
    with pytest.raises(UserError, match="cannot be cut to 5"):
        net.prune(5)
    with pytest.raises(UserError, match="deep supervision"):
        NestedNet(net.settings.model_copy(update={"deep_supervision": False})).prune(2)


def test_gates_are_between_0_and_1_and_one_for_each_skip() -> None:
    net = build(preset("attention-unet", width=4)).eval()
    with torch.no_grad():
        maps = net.feature_maps(torch.randn(1, 1, 1, 32, 64))
    gates = {name: value for name, value in maps.items() if name.startswith("gate")}
    assert [tuple(value.shape) for value in gates.values()] == [
        (1, 1, 1, 16, 32),
        (1, 1, 1, 8, 16),
        (1, 1, 1, 4, 8),
        (1, 1, 1, 2, 4),
    ]
    assert all(bool((value > 0).all() and (value < 1).all()) for value in gates.values())


def test_a_digit_of_28_x_28_becomes_32_codes_and_28_x_28_again() -> None:
    settings = NetSettings(
        out_channels=1, widths=(4, 8, 16), pools=((1, 2, 2),) * 2, skip="none", bottleneck="codes", codes=32,
        size=(1, 28, 28), up="nearest",
    )  # fmt: skip
    net = build(settings).eval()
    assert isinstance(net, UNet)
    with torch.no_grad():
        assert net.encode(torch.rand(3, 1, 1, 28, 28)).shape == (3, 32, 1, 1, 1)
        assert net(torch.rand(3, 1, 1, 28, 28)).shape == (3, 1, 1, 28, 28)
    with pytest.raises(ValueError, match=r"size \(1, 28, 28\)"):
        net(torch.rand(1, 1, 1, 32, 32))


def test_dropout_drops_whole_channels_and_only_while_training() -> None:
    torch.manual_seed(0)
    net = build(preset("unet", width=4).model_copy(update={"dropout": 0.5, "norm": "none"}))
    x = torch.rand(1, 1, 1, 32, 32)
    dropped = net.train().feature_maps(x)["bottleneck"][0].flatten(1).abs().sum(dim=1) == 0
    kept = net.eval().feature_maps(x)["bottleneck"][0].flatten(1).abs().sum(dim=1) == 0
    assert dropped.sum() > 16 > 4 > kept.sum() - kept.sum()
    assert (dropped & ~kept).sum() > 10


@pytest.mark.parametrize("up", ["linear", "nearest", "transposed", "shuffle", "max-unpool", "average-unpool"])
@pytest.mark.parametrize("skip", ["none", "concatenate", "add", "attention"])
@pytest.mark.parametrize("dims", [2, 3])
def test_parts_can_be_combined(up: str, skip: str, dims: int) -> None:
    pools = ((1, 2, 2), (2, 3, 2)) if dims == 3 else ((1, 2, 2), (1, 3, 2))
    settings = NetSettings.model_validate(
        {"dims": dims, "widths": (4, 6, 8), "pools": pools, "up": up, "skip": skip, "in_channels": 2}
    )
    net = build(settings)
    z, y, x = settings.multiple
    assert net(torch.rand(2, 2, 2 * z, 2 * y, 2 * x)).shape == (2, 2, 2 * z, 2 * y, 2 * x)
    assert sum(p.numel() for p in net.parameters()) == settings.parameters
