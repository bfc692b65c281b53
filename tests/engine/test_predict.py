from __future__ import annotations

from collections import deque

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import device
from napari_apprentice.engine import predict as predicting
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.network import Network, forward
from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.predict import PredictionStep, predict, predict_steps
from napari_apprentice.engine.tiling import tiles_for
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.settings import NormalizeSettings, SegmentSettings

FLAT = NetSettings(widths=(4, 8, 8), pools=((1, 2, 2),) * 2, in_channels=2)
DEEP = NetSettings(dims=3, widths=(4, 8, 8), pools=((1, 2, 2), (2, 2, 2)), in_channels=2)
EXACT = SegmentSettings(tile=64, blend=False)
KINDS = {
    "valid": {"padding": "valid", "up": "transposed", "norm": "none"},
    "residual": {"block": "residual", "down": "strided"},
    "dense": {"block": "dense", "down": "average", "up": "shuffle"},
    "gated": {"skip": "attention"},
    "nested": {"skip": "nested", "up": "transposed"},
    "unpooled": {"up": "max-unpool", "skip": "none"},
    "scores": {"decoder": "scores", "scores": 1},
    "dilated": {"decoder": "direct", "bottleneck": "aspp", "dilations": (1, 2, 4)},
}


def network(net: NetSettings, kind: str = "instances") -> Network:
    torch.manual_seed(0)
    built = build(net)
    for module in built.modules():  # statistics as after training
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    built.lean_to_background(0.0, 0.5)
    return Network(ModelHeader(id="a", name="a", kind=kind, net=net), ready(built, pick("cpu")), pick("cpu"))


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, (1, *shape)).astype(np.uint16)


def at_once(net: Network, pixels: np.ndarray) -> np.ndarray:
    """The whole image as one tile, whose sizes suit the network already."""
    inputs = fit(pixels, NormalizeSettings()).apply(pixels)
    return forward(net, inputs[None], exact=True)[0]


def close(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    return bool(np.abs(one.astype(np.float32) - other.astype(np.float32)).max() <= tolerance)


@pytest.mark.parametrize(("net", "shape"), [(FLAT, (1, 256, 192)), (FLAT, (3, 160, 128)), (DEEP, (48, 128, 96))])
def test_exact_tiles_give_what_the_whole_image_gives(net: NetSettings, shape: tuple[int, ...]) -> None:
    ready_net, pixels = network(net), image(*shape)
    whole = at_once(ready_net, pixels)
    tiles = tiles_for(net, shape, 64, blend=False)
    assert len(tiles) >= 2
    assert close(predict(ready_net, pixels, 1.0, EXACT).values, whole, 4e-3)  # float16 of values up to 4


@pytest.mark.parametrize("parts", KINDS.values(), ids=KINDS)
def test_exact_tiles_of_every_kind_of_net_give_what_the_whole_image_gives(parts: dict[str, object]) -> None:
    settings = FLAT.model_copy(update=parts)
    ready_net, pixels = network(settings), image(1, 224, 160)
    assert len(tiles_for(settings, (1, 224, 160), 64, blend=False)) >= 2
    assert close(predict(ready_net, pixels, 1.0, EXACT).values, at_once(ready_net, pixels), 4e-3)


def test_a_small_volume_is_one_tile_and_sees_all_of_itself() -> None:
    assert len(tiles_for(DEEP, (47, 58, 41), 512, blend=True)) == 1
    assert len(tiles_for(DEEP, (40, 256, 256), 512, blend=True)) > 1


@pytest.mark.parametrize(("net", "shape", "tolerance"), [(FLAT, (1, 300, 200), 0.01), (DEEP, (40, 120, 90), 0.05)])
def test_blended_tiles_are_close_to_the_whole_image(net: NetSettings, shape: tuple[int, ...], tolerance: float) -> None:
    ready_net, pixels = network(net), image(*shape)
    whole = predict(ready_net, pixels, 1.0, EXACT).values.astype(np.float32)
    blended = predict(ready_net, pixels, 1.0, SegmentSettings(tile=128)).values.astype(np.float32)
    assert np.abs(whole - blended).mean() < tolerance * whole.std()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 7), (1, 33, 257), (1, 16, 16), (2, 31, 64), (5, 17, 3)])
@pytest.mark.parametrize("net", [FLAT, DEEP])
@pytest.mark.parametrize("zoom", [1.0, 0.4, 1.7])
def test_images_of_any_size_are_predicted(shape: tuple[int, ...], net: NetSettings, zoom: float) -> None:
    prediction = predict(network(net), image(*shape), zoom, SegmentSettings(tile=64))
    z, y, x = shape
    assert prediction.shape == shape
    assert prediction.values.shape == (2, z, max(1, round(y * zoom)), max(1, round(x * zoom)))
    assert np.isfinite(prediction.values).all()


def test_normalisation_is_that_of_the_whole_image() -> None:
    pixels = image(1, 256, 256)
    pixels[..., :128] //= 40  # the left half is dark
    ready_net = network(FLAT)
    assert close(predict(ready_net, pixels, 1.0, EXACT).values, at_once(ready_net, pixels), 4e-3)


def test_classes_are_probabilities() -> None:
    net = FLAT.model_copy(update={"out_channels": 3})
    values = predict(network(net, "classes"), image(1, 100, 100)).values
    assert np.abs(values.astype(np.float32).sum(axis=0) - 1).max() < 2e-3


def test_one_step_for_each_tile_with_what_it_gave() -> None:
    steps: list[PredictionStep] = []
    predict(network(FLAT), image(1, 200, 200), 1.0, SegmentSettings(tile=96), on_step=steps.append)
    given = [step for step in steps if step.block is not None]
    assert len(given) == given[-1].total == given[-1].done > 4
    covered = np.zeros((1, 200, 200), int)
    for step in given:
        covered[step.region] += 1
        assert step.block.shape[1:] == covered[step.region].shape
    assert (covered == 1).all()


def test_a_cancel_is_heard_between_tiles() -> None:
    seen: deque[PredictionStep] = deque()
    steps = predict_steps(
        network(FLAT), image(1, 300, 300), 1.0, SegmentSettings(tile=64), cancelled=lambda: bool(seen)
    )
    with pytest.raises(Cancelled):
        seen.extend(steps)
    assert len(seen) < 4


def test_out_of_memory_goes_on_with_smaller_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = predicting.forward

    def small_memory(net: Network, inputs: np.ndarray, **how: bool) -> np.ndarray:
        if inputs.shape[-1] > 100:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(net, inputs, **how)

    ready_net, pixels = network(FLAT), image(1, 300, 300)
    before = predict(ready_net, pixels, 1.0, SegmentSettings(tile=96))
    monkeypatch.setattr(predicting, "forward", small_memory)
    notes: list[PredictionStep] = []
    found = predict(ready_net, pixels, 1.0, SegmentSettings(tile=384), on_step=notes.append)
    assert [step.note for step in notes if step.note] == [
        f"The device ran out of memory: going on with tiles of {edge} pixels." for edge in (192, 96)
    ]
    np.testing.assert_array_equal(found.values, before.values)


def test_memory_that_is_never_enough_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> np.ndarray:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(predicting, "forward", no_memory)
    with pytest.raises(torch.OutOfMemoryError):
        predict(network(FLAT), image(1, 100, 100))


def test_an_absurd_zoom_is_refused() -> None:
    with pytest.raises(UserError, match="larger typical diameter"):
        predict(network(FLAT), np.zeros((1, 1, 10_000, 10_000), np.uint8), 30.0)


@pytest.mark.gpu
@pytest.mark.skipif(device.available()[0].name == "cpu", reason="there is no GPU")
@pytest.mark.parametrize(("net", "shape"), [(FLAT, (1, 300, 200)), (DEEP, (40, 120, 90))])
def test_a_gpu_says_what_the_processor_says(net: NetSettings, shape: tuple[int, ...]) -> None:
    here, pixels = network(net), image(*shape)
    there = Network(here.header, ready(here.net, device.pick("auto")), device.pick("auto"))
    settings = SegmentSettings(tile=128)
    one, other = (predict(n, pixels, 1.0, settings).values.astype(np.float32) for n in (here, there))
    assert np.abs(one - other).mean() < 0.01 * one.std()


def test_folding_changes_nothing() -> None:
    torch.manual_seed(0)
    for net in (FLAT, DEEP):
        built = build(net).train()
        x = torch.randn(2, 2, 4, 16, 16)
        built(x)  # moves the statistics
        built.eval()
        folded = ready(built, pick("cpu"))
        torch.testing.assert_close(folded(x), built(x), atol=1e-4, rtol=1e-4)
        assert not any(isinstance(m, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d) for m in folded.modules())
