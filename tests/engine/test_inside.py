from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import PRESETS, FreshSettings, NetSettings
from napari_apprentice.architecture.sizes import corner_of_map
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.field import view_in, widen_view
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.plans import Engine
from napari_apprentice.events import Failed, Finished
from napari_apprentice.jobs import ArrayRef, InsideJob, InsideResult, VolumeRef
from napari_apprentice.settings import ClassName

SMALL = {"width": 4}
FORMS = [(name, dims) for name, one in PRESETS.items() for dims in one.dims]


@pytest.fixture
def ask(tmp_path):
    """Look inside a net, as the engine does, at pixels (Z, Y, X)."""

    def look(net, pixels: np.ndarray, level: str, edges, **header) -> InsideResult:
        head = ModelHeader(id="m", name="m", net=net.settings, **header)
        checkpoint.save(tmp_path / "m.safetensors", head, net)
        image = VolumeRef(pixels=scratch.write(tmp_path / "pixels.npy", pixels[None, None].astype(np.float32)))
        job = InsideJob(
            id="i",
            image=image,
            model=str(tmp_path / "m.safetensors"),
            level=level,
            box=((0, 1), *edges),
            generation=2,
            out=ArrayRef(path=str(tmp_path / "map.npy")),
        )
        *_, last = Engine().run(job, lambda: False)
        if isinstance(last, Failed):
            raise ValueError(last.message)
        assert isinstance(last, Finished)
        return last.result

    return look


@torch.no_grad()
def passing_light(settings: NetSettings) -> torch.nn.Module:
    """A net whose every map is bright where the image is: all weights alike, and nothing is taken away."""
    net = build(settings).eval()
    for parameter in net.parameters():
        parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim > 1 else 0.0)
    for module in net.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.weight.fill_(1.0)
    return net


def bright(shape, box) -> np.ndarray:
    pixels = np.zeros(shape, np.float32)
    pixels[tuple(slice(*edge) for edge in box)] = 1000.0
    return pixels


def centre_of(result: InsideResult) -> list[float]:
    """Where the response's centre of mass lies in the image."""
    values = scratch.read(result.map)[0].astype(float)
    values -= np.median(values)
    weights = np.clip(values, 0, None) ** 2
    grid = np.indices(values.shape)
    return [
        float((at * weights).sum() / weights.sum() * s + o)
        for at, s, o in zip(grid, result.scale, result.origin, strict=True)
    ]


@pytest.mark.parametrize("zoom", [0.5, 1.7])
@pytest.mark.parametrize(
    ("level", "stride"), [("encoder 0", 1), ("encoder 2", 4), ("bottleneck", 16), ("decoder 1", 2)]
)
def test_a_bright_square_lies_under_its_own_response(ask, level, stride, zoom):
    net = passing_light(FreshSettings(network="unet", **SMALL).net(2, in_channels=2))
    pixels = bright((1, 400, 480), ((0, 1), (160, 192), (208, 240)))
    result = ask(net, pixels, level, ((0, 1), (100, 300), (120, 400)), zoom=zoom)
    assert result.scale == pytest.approx((1.0, stride / zoom, stride / zoom), rel=0.01)
    assert result.origin[1:] == pytest.approx((100, 120), abs=1.5 * stride / zoom)
    _, y, x = centre_of(result)
    assert (y, x) == pytest.approx((175.5, 223.5), abs=1.0 / zoom + 0.06 * stride / zoom)


def test_place_of_the_first_voxel_by_hand(ask):
    # Voxels of level 2 are 4 pixels wide and begin at pixel 100: 100, 101, 102, 103 have their middle at 101.5.
    net = passing_light(FreshSettings(network="unet", **SMALL).net(2, in_channels=2))
    result = ask(
        net, bright((1, 256, 256), ((0, 1), (99, 120), (99, 120))), "encoder 2", ((0, 1), (101, 111), (64, 69))
    )
    assert result.scale == (1.0, 4.0, 4.0)
    assert result.origin == (0.0, 101.5, 65.5)
    assert scratch.read(result.map).shape == (16, 1, 3, 2)  # 100..111, 64..71


@pytest.mark.parametrize("network", ["unet-2015", "resunet", "segnet", "deeplab", "fcn-8s", "unet++", "autoencoder"])
def test_the_square_lies_under_its_response_in_every_kind_of_network(ask, network):
    settings = FreshSettings(network=network, padding="valid", **SMALL).net(2, in_channels=2)
    net = passing_light(settings)
    pixels = bright((1, 320, 320), ((0, 1), (128, 192), (128, 192)))
    for stage in settings.maps:
        if stage.name.startswith("score") or (network == "segnet" and "decoder" in stage.name):
            continue  # one maximum of many equal ones gets the value back
        result = ask(net, pixels, stage.name, ((0, 1), (32, 288), (32, 288)))
        _, y, x = centre_of(result)
        assert (y, x) == pytest.approx((159.5, 159.5), abs=1.5 + 0.1 * settings.strides[stage.level][1]), stage.name


def test_a_volume_lies_under_its_response(ask):
    net = passing_light(FreshSettings(network="unet3d", **SMALL).net(3, spacing=(3.0, 1.0, 1.0), in_channels=2))
    pixels = bright((24, 96, 96), ((8, 12), (40, 56), (32, 48)))
    result = ask(net, pixels, "encoder 1", ((9, 10), (8, 96), (0, 90)), zoom=1.0)
    assert result.scale == (1.0, 2.0, 2.0)
    assert result.origin[0] == 1.0  # 16 slices around the one in view
    assert centre_of(result) == pytest.approx((9.5, 47.5, 39.5), abs=0.5)


def test_a_view_is_seen_as_in_the_whole_image(ask):
    torch.manual_seed(0)
    net = build(NetSettings(in_channels=2, widths=(4, 8, 8), pools=((1, 2, 2),) * 2, norm="none")).eval()
    pixels = np.random.default_rng(0).normal(0, 1, (1, 192, 256))
    whole = ask(net, pixels, "decoder 1", ((0, 1), (0, 192), (0, 256)))
    all_of_it = scratch.read(whole.map)[list(np.argsort(whole.channels))].astype(float)
    part = ask(net, pixels, "decoder 1", ((0, 1), (70, 121), (100, 180)))
    found = scratch.read(part.map)[list(np.argsort(part.channels))].astype(float)
    _, y, x = (round((o - w) / s) for o, w, s in zip(part.origin, whole.origin, part.scale, strict=True))
    expected = all_of_it[:, :, y : y + found.shape[2], x : x + found.shape[3]]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_gates_are_one_channel_between_0_and_1(ask):
    net = build(FreshSettings(network="attention-unet", **SMALL).net(2, in_channels=2)).eval()
    result = ask(net, bright((1, 96, 96), ((0, 1), (10, 60), (10, 60))), "gate 0", ((0, 1), (0, 96), (0, 96)))
    values = scratch.read(result.map)
    assert values.shape == (1, 1, 48, 48)
    assert values.min() >= 0
    assert values.max() <= 1


def test_channels_that_vary_most_come_first(ask):
    torch.manual_seed(1)
    net = build(FreshSettings(network="unet", **SMALL).net(2, in_channels=2)).eval()
    pixels = np.random.default_rng(0).normal(0, 1, (1, 64, 64))
    result = ask(net, pixels, "encoder 1", ((0, 1), (0, 64), (0, 64)))
    spread = scratch.read(result.map).astype(float).std(axis=(1, 2, 3))
    assert (np.diff(spread) <= 1e-3).all()
    assert sorted(result.channels) == list(range(8))


def test_an_unknown_level_is_one_sentence(ask):
    net = build(FreshSettings(network="unet", **SMALL).net(2, in_channels=2)).eval()
    with pytest.raises(ValueError, match="no level gate 0: choose one of encoder 0, encoder 1"):
        ask(net, np.ones((1, 64, 64)), "gate 0", ((0, 1), (0, 64), (0, 64)))


def test_a_large_view_is_cut_to_its_middle_and_lies_on_the_grid():
    net = FreshSettings().net(2)
    view = view_in(net, ((0, 1), (0, 5000), (1000, 1200)), (1, 5000, 5000), (1, 5000, 5000))
    assert view == (slice(0, 1), slice(1988, 3012), slice(1000, 1200))
    given = widen_view(net, view, (1, 5000, 5000))
    assert given.read[1:] == (slice(1888, 3120), slice(896, 1296))
    assert given.shape == (1, 1232, 400)


@pytest.mark.parametrize(("network", "dims"), FORMS)
def test_what_can_be_looked_at_is_known_without_torch(network, dims):
    settings = FreshSettings(network=network, **SMALL).net(dims)
    net = build(settings).eval()
    edge = 64 if dims == 2 else 32
    size = (1, edge, edge) if dims == 2 else (16, edge, edge)
    with torch.no_grad():
        found = net.feature_maps(torch.zeros(1, 1, *size))
    assert {stage.name for stage in settings.maps} == set(found)
    for stage in settings.maps:
        assert found[stage.name].shape[1] == stage.channels, stage.name
        shape = tuple(found[stage.name].shape[2:])
        assert shape == tuple(n // s for n, s in zip(size, settings.strides[stage.level], strict=True)), stage.name
        assert corner_of_map(settings, stage.level, size, shape) == (0, 0, 0)


def test_the_output_is_the_probability_of_foreground_in_all_of_the_image(ask) -> None:
    net = build(NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, norm="none"))
    found = ask(net, np.random.default_rng(0).random((1, 40, 50)), "output", ((0, 1), (0, 8), (0, 8)))
    values = scratch.read(found.map)
    assert (found.names, found.channels, values.shape) == (("foreground",), (0,), (1, 1, 40, 50))
    assert (found.scale, found.origin) == ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    assert 0 <= values.min() <= values.max() <= 1


def test_the_output_for_classes_has_each_by_name_and_they_add_up(ask) -> None:
    net = build(NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=3, norm="none"))
    classes = (ClassName(value=1, name="core"), ClassName(value=2, name="rim"))
    pixels = np.random.default_rng(0).random((1, 40, 50))
    found = ask(net, pixels, "output", ((0, 1), (0, 40), (0, 50)), kind="classes", classes=classes, zoom=0.5)
    values = scratch.read(found.map)
    assert (found.names, values.shape) == (("background", "core", "rim"), (3, 1, 20, 25))
    np.testing.assert_allclose(values.sum(0), 1, atol=2e-3)
    assert (found.scale, found.origin) == ((1.0, 2.0, 2.0), (0.0, 0.5, 0.5))
