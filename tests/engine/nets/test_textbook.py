"""Numbers of the textbooks, small enough to check by hand, through the parts our networks are made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.designs.ushape import Gate
from napari_apprentice.architecture.layers import Block, Conv
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.nets.coarse import interpolating
from napari_apprentice.engine.nets.padding import centre, mirror
from napari_apprentice.engine.nets.parts import block, convolution
from napari_apprentice.engine.nets.steps import AttentionGate, Lift, Pool, interpolate, shuffle
from napari_apprentice.settings import Triple


def _flat(edge: int) -> Triple:
    return 1, edge, edge


def _map(*rows: tuple[float, ...]) -> torch.Tensor:
    """One channel (1, 1, y, x) from its rows."""
    return torch.tensor(rows).float()[None, None]


def _weigh(conv: nn.Module, weight: torch.Tensor, bias: float | torch.Tensor | None = None) -> None:
    with torch.no_grad():
        conv.get_parameter("weight").copy_(weight)
        if bias is not None:
            conv.get_parameter("bias").copy_(torch.as_tensor(bias))


# How large a map is behind a convolution


@pytest.mark.parametrize(
    ("n", "conv", "out"),
    [
        pytest.param(5, Conv(1, 1, _flat(3), same=False), 3, id="valid 3: two less"),
        pytest.param(572, Conv(1, 1, _flat(3), same=False), 570, id="valid 3: the first layer of 2015"),
        pytest.param(32, Conv(1, 1, _flat(5), same=False), 28, id="valid 5: four less"),
        pytest.param(7, Conv(1, 1, _flat(7), same=False), 1, id="valid 7 on 7: a fully connected layer"),
        pytest.param(5, Conv(1, 1, _flat(3)), 5, id="padded by 1: the same"),
        pytest.param(14, Conv(1, 1, _flat(7)), 14, id="padded by 3: the same"),
        pytest.param(9, Conv(1, 1, _flat(3), dilation=2, same=False), 5, id="dilated by 2: as if 5 wide"),
        pytest.param(33, Conv(1, 1, _flat(3), dilation=8, same=False), 17, id="dilated by 8: as if 17 wide"),
        pytest.param(16, Conv(1, 1, _flat(3), dilation=6), 16, id="dilated by 6, padded by 6: the same"),
        pytest.param(8, Conv(1, 1, _flat(2), stride=_flat(2)), 4, id="stride 2: half"),
        pytest.param(9, Conv(1, 1, _flat(2), stride=_flat(2)), 4, id="stride 2 on 9: the last one is left out"),
        pytest.param(11, Conv(1, 1, _flat(3), stride=_flat(2)), 5, id="kernel 3, stride 2"),
    ],
)
def test_a_convolution_gives_floor_of_n_plus_2p_minus_the_kernels_span_over_the_stride_plus_1(
    n: int, conv: Conv, out: int
) -> None:
    made = convolution(conv, 2)
    k, s, d, p = conv.kernel[1], conv.stride[1], conv.dilation, made.padding[0]
    assert (n + 2 * p - d * (k - 1) - 1) // s + 1 == out
    assert made(torch.zeros(1, 1, n, n)).shape == (1, 1, out, out)


@pytest.mark.parametrize(
    ("n", "k", "s", "out"),
    [
        pytest.param(28, 2, 2, 56, id="the U-Net of 2015 goes up"),
        pytest.param(4, 4, 2, 8, id="FCN, by 2"),
        pytest.param(3, 16, 8, 24, id="FCN-8s, the last step"),
        pytest.param(2, 64, 32, 64, id="FCN-32s, all at once"),
        pytest.param(5, 3, 2, 11, id="an odd kernel gives one more"),
        pytest.param(1, 7, 7, 7, id="codes of one voxel become a map"),
    ],
)
def test_a_transposed_convolution_gives_n_minus_1_strides_and_a_kernel_less_what_is_cut(
    n: int, k: int, s: int, out: int
) -> None:
    made = convolution(Conv(1, 1, _flat(k), stride=_flat(s), transposed=True), 2)
    assert (n - 1) * s + k - 2 * made.padding[0] == out
    assert made(torch.zeros(1, 1, n, n)).shape == (1, 1, out, out)


def test_sizes_are_the_same_story_along_z() -> None:
    x = torch.zeros(1, 1, 9, 9, 9)
    assert convolution(Conv(1, 1, (3, 3, 3), same=False), 3)(x).shape[2:] == (7, 7, 7)
    assert convolution(Conv(1, 1, (1, 2, 2), stride=(1, 2, 2)), 3)(x).shape[2:] == (9, 4, 4)
    assert convolution(Conv(1, 1, (1, 2, 2), stride=(1, 2, 2), transposed=True), 3)(x).shape[2:] == (9, 18, 18)


def test_a_convolution_of_3_by_hand() -> None:
    edges = convolution(Conv(1, 1, _flat(3), same=False, bias=False), 2)
    _weigh(edges, _map((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)))
    step = _map((0, 0, 5, 5), (0, 0, 5, 5), (0, 0, 5, 5))
    assert edges(step).flatten().tolist() == [15, 15]


# Going up


def test_a_transposed_convolution_of_2_by_hand_paints_its_kernel_times_each_value() -> None:
    paint = convolution(Conv(1, 1, _flat(2), stride=_flat(2), transposed=True, bias=False), 2)
    _weigh(paint, _map((1, 2), (3, 4)))
    painted = _map((1, 2, 10, 20), (3, 4, 30, 40))
    torch.testing.assert_close(paint(_map((1, 10))), painted)


@pytest.mark.parametrize(("k", "s"), [(2, 2), (4, 2), (3, 2), (6, 3), (16, 8)])
def test_a_transposed_convolution_is_zero_insertion_padding_k_p_1_and_a_flipped_kernel(k: int, s: int) -> None:
    torch.manual_seed(0)
    made = convolution(Conv(2, 3, _flat(k), stride=_flat(s), transposed=True, bias=False), 2).double()
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    spread = torch.zeros(1, 2, 2 * s + 1, 3 * s + 1, dtype=torch.float64)
    spread[:, :, ::s, ::s] = x
    flipped = made.weight.flip(2, 3).transpose(0, 1)
    same = functional.conv2d(functional.pad(spread, [k - made.padding[0] - 1] * 4), flipped)
    torch.testing.assert_close(made(x), same)


def test_bilinear_upsampling_with_aligned_corners_goes_from_corner_to_corner_in_thirds() -> None:
    aligned = functional.interpolate(_map((1, 2), (3, 4)), size=(4, 4), mode="bilinear", align_corners=True)
    thirds = _map((3, 4, 5, 6), (5, 6, 7, 8), (7, 8, 9, 10), (9, 10, 11, 12)) / 3
    torch.testing.assert_close(aligned, thirds)


def test_ours_has_no_aligned_corners_so_that_every_voxel_stands_for_the_same_area() -> None:
    ours = interpolate(_map((1, 2), (3, 4)), (2, 2), linear=True)
    quarters = _map((1, 1.25, 1.75, 2), (1.5, 1.75, 2.25, 2.5), (2.5, 2.75, 3.25, 3.5), (3, 3.25, 3.75, 4))
    torch.testing.assert_close(ours, quarters)
    assert ours.mean() == 2.5


def test_max_unpooling_puts_every_value_back_where_its_maximum_was() -> None:
    x = _map((1, 2, 6, 3), (3, 5, 2, 1), (1, 2, 2, 1), (7, 3, 4, 8))
    small, where = Pool("max", _flat(2), None, 2)(x, where=True)
    assert small.flatten().tolist() == [5, 6, 7, 8]
    back = Lift("max-unpool", _flat(2), None, 2)(_map((1, 2), (3, 4)), where)
    torch.testing.assert_close(back, _map((0, 0, 2, 0), (0, 1, 0, 0), (0, 0, 0, 0), (3, 0, 0, 4)))


def test_average_pooling_and_unpooling_by_hand() -> None:
    x = _map((1, 3, 0, 0), (5, 7, 0, 8))
    small, _ = Pool("average", _flat(2), None, 2)(x)
    assert small.flatten().tolist() == [4, 2]
    full = Lift("average-unpool", _flat(2), None, 2)(small)
    torch.testing.assert_close(full, _map((4, 4, 2, 2), (4, 4, 2, 2)))


def test_the_nearest_way_up_repeats_what_its_convolution_of_1_gives() -> None:
    lift = Lift("nearest", _flat(2), Conv(1, 1, _flat(1)), 2)
    _weigh(lift.get_submodule("conv"), torch.full((1, 1, 1, 1), 10.0), 1.0)
    torch.testing.assert_close(lift(_map((1, 2))), _map((11, 11, 21, 21), (11, 11, 21, 21)))


def test_a_convolution_of_1_and_interpolation_commute() -> None:
    torch.manual_seed(0)
    lift = Lift("linear", _flat(2), Conv(3, 2, _flat(1)), 2)
    x = torch.randn(1, 3, 4, 5)
    later = lift.get_submodule("conv")(interpolate(x, (2, 2), linear=True))
    torch.testing.assert_close(lift(x), later)


def test_pixel_shuffle_lays_channels_out_row_by_row() -> None:
    channels = torch.arange(8.0).view(1, 4, 1, 2)  # pairs (0, 1), (2, 3), (4, 5), (6, 7)
    torch.testing.assert_close(shuffle(channels, (2, 2)), _map((0, 2, 1, 3), (4, 6, 5, 7)))


def test_voxel_shuffle_takes_unequal_factors() -> None:
    channels = torch.arange(12.0).view(1, 12, 1, 1, 1)
    out = shuffle(channels, (1, 2, 3))
    assert out.shape == (1, 2, 1, 2, 3)
    assert out[0, 0, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert out[0, 1, 0].tolist() == [[6, 7, 8], [9, 10, 11]]


@pytest.mark.parametrize(("k", "s"), [(4, 2), (16, 8)])
def test_an_up_convolution_of_fcn_begins_as_interpolation_and_keeps_a_ramp(k: int, s: int) -> None:
    lift = convolution(Conv(2, 2, _flat(k), stride=_flat(s), transposed=True, bias=False), 2)
    interpolating(lift)
    ramp = torch.arange(6.0).expand(1, 2, 6, 6)
    inside = lift(ramp)[0, 1, 3 * s, s : 5 * s]
    # pixel i of the fine image lies at (i + 1/2) / s - 1/2 of the coarse one
    torch.testing.assert_close(inside, (torch.arange(s, 5 * s) + 0.5) / s - 0.5)
    torch.testing.assert_close(lift(ramp)[..., s:-s, s:-s], interpolate(ramp, (s, s), linear=True)[..., s:-s, s:-s])


# Blocks


def test_a_residual_block_that_finds_nothing_to_change_is_relu_of_its_input() -> None:
    made = block(Block("residual", 1, 1, (Conv(1, 1, _flat(3), norm="batch"), Conv(1, 1, _flat(3), norm="batch"))), 2)
    for module in made.modules():
        if isinstance(module, nn.Conv2d):
            _weigh(module, torch.zeros(1, 1, 3, 3), 0.0)
    x = _map((1, -2), (-3, 4))
    torch.testing.assert_close(made.eval()(x), _map((1, 0), (0, 4)))


def test_a_residual_block_adds_what_it_found_and_joins_where_widths_differ() -> None:
    made = block(Block("residual", 1, 2, (Conv(1, 2, _flat(1)),), Conv(1, 2, _flat(1))), 2)
    _weigh(made.get_submodule("change.0"), torch.tensor([1.0, -1.0]).view(2, 1, 1, 1), torch.tensor([0.5, 0.5]))
    _weigh(made.get_submodule("join.0"), torch.tensor([2.0, 3.0]).view(2, 1, 1, 1), 0.0)
    # 2x + x + 1/2 and 3x - x + 1/2, then ReLU
    torch.testing.assert_close(made(_map((1, -1)))[0, :, 0], torch.tensor([[3.5, 0], [2.5, 0]]))


def test_a_dense_block_keeps_its_input_first_and_each_convolution_sees_all_before_it() -> None:
    made = block(Block("dense", 2, 4, (Conv(2, 1, _flat(1)), Conv(3, 1, _flat(1)))), 2)
    _weigh(made.get_submodule("layers.0.0"), torch.tensor([1.0, 10]).view(1, 2, 1, 1), 0.0)
    _weigh(made.get_submodule("layers.1.0"), torch.tensor([1.0, 10, 100]).view(1, 3, 1, 1), 0.0)
    x = torch.tensor([1.0, 2]).view(1, 2, 1, 1)
    # 1 + 20 = 21, then 1 + 20 + 2100
    assert made(x).flatten().tolist() == [1, 2, 21, 2121]


def test_parallel_convolutions_see_the_same_input_and_are_joined_in_their_order() -> None:
    made = block(Block("parallel", 1, 1, (Conv(1, 1, _flat(1)), Conv(1, 1, _flat(1))), Conv(2, 1, _flat(1))), 2)
    _weigh(made.get_submodule("branches.0.0"), torch.full((1, 1, 1, 1), 2.0), 0.0)
    _weigh(made.get_submodule("branches.1.0"), torch.full((1, 1, 1, 1), 3.0), 0.0)
    _weigh(made.get_submodule("join.0"), torch.tensor([1.0, 100]).view(1, 2, 1, 1), 0.0)
    assert made(_map((7.0,))).item() == 14 + 2100


# Gates


def test_an_attention_gate_is_the_sigmoid_of_psi_of_relu_of_both_and_multiplies_the_skip() -> None:
    gate = AttentionGate(
        Gate(Conv(1, 1, _flat(2), stride=_flat(2), bias=False), Conv(1, 1, _flat(1)), Conv(1, 1, _flat(1))),
        _flat(2),
        2,
    )
    _weigh(gate.skip, torch.full((1, 1, 2, 2), 0.25))
    _weigh(gate.below, torch.full((1, 1, 1, 1), 2.0), -1.0)
    _weigh(gate.get_submodule("score.1"), torch.full((1, 1, 1, 1), 3.0), -4.0)
    skip = _map((1, 2), (3, 6))
    # the skip's mean is 3; 3 + 2 g - 1, then 3 (.) - 4, then the sigmoid
    for below, score in [(0.5, 5.0), (-1.5, -4.0)]:
        expected = skip / (1 + math.exp(-score))
        torch.testing.assert_close(gate(skip, _map((below,))), expected)


# Gradients


def test_the_gradient_splits_at_a_concatenation() -> None:
    skip, lifted, merged = _gradients_at_the_top("concatenate")
    assert merged.shape[1] == 4
    torch.testing.assert_close(skip, merged[:, :2])
    torch.testing.assert_close(lifted, merged[:, 2:])


def test_an_added_skip_passes_the_whole_gradient_to_both() -> None:
    skip, lifted, merged = _gradients_at_the_top("add")
    torch.testing.assert_close(skip, merged)
    torch.testing.assert_close(lifted, merged)


def test_the_gradient_reaches_the_encoder_through_the_skip_when_the_bottleneck_is_cut() -> None:
    for kind in ("concatenate", "add", "attention"):
        net = _small(kind)
        _cut(net)
        assert _encoder_gradient(net) > 0, kind
    alone = _small("none")
    assert _encoder_gradient(alone) > 0
    _cut(alone)
    assert _encoder_gradient(alone) == 0


def _small(skip: str) -> Net:
    torch.manual_seed(0)
    return build(NetSettings(widths=(2, 3), pools=(_flat(2),), skip=skip, norm="none"))


def _cut(net: Net) -> None:
    """Nothing comes up from the bottleneck any more, and no gradient goes down."""
    lift = net.get_submodule("lift.0.conv")
    _weigh(lift, torch.zeros_like(lift.get_parameter("weight")), 0.0)


def _encoder_gradient(net: Net) -> float:
    torch.manual_seed(1)
    net.zero_grad()
    net(torch.rand(1, 1, 1, 8, 8)).square().sum().backward()
    return sum(float(p.grad.abs().sum()) for p in net.get_submodule("down.0").parameters() if p.grad is not None)


def _gradients_at_the_top(skip: str) -> tuple[torch.Tensor, ...]:
    """Gradients of what the encoder gives, of what comes up, and of what both become; the way below is cut."""
    net = _small(skip)
    _cut(net)
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor | None = None) -> None:
            seen[name] = inputs[0] if output is None else output
            seen[name].retain_grad()

        return hook

    net.get_submodule("down.0").register_forward_hook(keep("skip"))
    net.get_submodule("lift.0").register_forward_hook(keep("lifted"))
    net.get_submodule("merge.0").register_forward_pre_hook(keep("merged"))
    net(torch.rand(1, 1, 1, 8, 8)).square().sum().backward()
    gradients = [seen[name].grad for name in ("skip", "lifted", "merged")]
    assert all(g is not None and g.abs().sum() > 0 for g in gradients)
    return tuple(g for g in gradients if g is not None)


# How far it sees


@pytest.mark.parametrize(
    ("dilations", "sees"), [((1,), 3), ((1, 1, 1, 1), 9), ((1, 2, 4), 15), ((1, 2, 4, 8), 31), ((1, 2, 4, 8, 16), 63)]
)
def test_a_stack_of_dilations_that_double_sees_twice_as_far_with_each(dilations: tuple[int, ...], sees: int) -> None:
    settings = NetSettings(
        widths=(1,), pools=(), bottleneck="dilated", dilations=dilations, skip="none", norm="none", out_channels=1
    )
    assert settings.receptive_radius == (0, sees // 2, sees // 2)
    seen = _support(build(settings), 71)
    assert seen == {"rows": (35 - sees // 2, 35 + sees // 2), "count": sees * sees}


def test_side_by_side_dilations_see_as_far_as_the_widest_but_few_places() -> None:
    settings = NetSettings(
        widths=(1,), pools=(), bottleneck="aspp", dilations=(6, 12, 18), skip="none", norm="none", out_channels=1
    )
    assert settings.receptive_radius == (0, 18, 18)
    assert _support(build(settings), 71) == {"rows": (17, 53), "count": 1 + 3 * 8}


def _support(net: Net, edge: int) -> dict[str, object]:
    """Which pixels the middle of the output depends on; all weights are positive, so that no path is dead."""
    for parameter in net.parameters():
        parameter.data.abs_().add_(0.01)
    x = torch.rand(1, 1, 1, edge, edge, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x)[0, 0, 0, edge // 2, edge // 2], x)
    seen = gradient[0, 0, 0].nonzero()
    return {"rows": (int(seen[:, 0].min()), int(seen[:, 0].max())), "count": len(seen)}


# Borders


def test_a_mirrored_border_does_not_repeat_the_border_voxel() -> None:
    x = torch.tensor([0.0, 1, 2]).view(1, 1, 3)
    assert mirror(x, [2], [2]).flatten().tolist() == [2, 1, 0, 1, 2, 1, 0]
    torch.testing.assert_close(mirror(x, [2], [2]), functional.pad(x, (2, 2), mode="reflect"))


def test_a_mirrored_border_may_be_longer_than_the_image() -> None:
    x = torch.tensor([0.0, 1, 2]).view(1, 1, 3)
    assert mirror(x, [5], [6]).flatten().tolist() == [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert mirror(torch.full((1, 1, 1), 7.0), [2], [1]).flatten().tolist() == [7, 7, 7, 7]


def test_a_crop_to_the_middle_takes_as_much_off_each_side() -> None:
    x = torch.arange(8.0).view(1, 1, 8)
    assert centre(x, [4]).flatten().tolist() == [2, 3, 4, 5]
