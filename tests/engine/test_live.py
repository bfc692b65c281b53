"""Features and the head that is fitted to them: on grids that can be checked by hand, and through the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import PRESETS, FreshSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import computes_float16
from napari_apprentice.engine.features.grids import Grid, onto
from napari_apprentice.engine.features.maps import Features, Map
from napari_apprentice.engine.live.head import fit
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.plans import Engine
from napari_apprentice.events import Failed, Finished
from napari_apprentice.jobs import ArrayRef, LiveAllJob, LiveJob, Samples, VolumeRef

FORMS_2D = [name for name, one in PRESETS.items() if 2 in one.dims]


def halves(height: int = 48, width: int = 80) -> np.ndarray:
    """Noise, brighter on the right: (Y, X)."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(100, 10, (height, width)).astype(np.float32)
    pixels[:, width // 2 :] += 100
    return pixels


@pytest.fixture
def asks(tmp_path):
    """Jobs of *Live* on pixels (C, Z, Y, X) with a small network, as one engine answers them."""
    engine = Engine()

    def begin(pixels: np.ndarray, net=None):
        torch.manual_seed(0)
        net = net or build(FreshSettings(width=4).net(2, in_channels=2))
        path = tmp_path / "m.safetensors"
        checkpoint.save(path, ModelHeader(id="m", name="m", net=net.settings), net)
        image = VolumeRef(pixels=scratch.write(tmp_path / "pixels.npy", pixels[None].astype(np.float32)))

        def ask(box, places, values, *, whole: bool = False):
            told = {"id": "l", "image": image, "model": str(path), "out": ArrayRef(path=str(tmp_path / "out.npy"))}
            told["samples"] = Samples.of(np.array(places).reshape(-1, 4), np.array(values, int))
            job = LiveAllJob(**told) if whole else LiveJob(**told, box=box, generation=3)
            *_, last = engine.run(job, lambda: False)
            if isinstance(last, Failed):
                raise ValueError(last.message)
            assert isinstance(last, Finished)
            return last.result, np.array(scratch.read(last.result.labels))

        return ask

    return begin


@pytest.mark.parametrize("step", [1.0, 2.0, 4.0, 3.0, 2.5])
def test_a_ramp_stays_a_ramp_from_any_grid(step):
    n = int(40 / step) + 2
    own = Grid((n, n), ((step - 1) / 2, (step - 1) / 2), (step, step))
    at = own.origin[0] + step * torch.arange(n)
    found = onto((at[:, None] + 10 * at)[None].float(), own, Grid((30, 20), (4.0, 6.0), (1.0, 1.0)))
    rows, columns = torch.arange(4.0, 34.0), torch.arange(6.0, 26.0)
    assert found.shape == (1, 30, 20)
    assert torch.allclose(found[0], rows[:, None] + 10 * columns, atol=1e-3)


@pytest.fixture(params=[False, True], ids=["float32", "float16"])
def processor(request, monkeypatch):
    """One that multiplies in float16, or one that does not."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_fp16": request.param}, raising=False)
    computes_float16.cache_clear()
    yield
    computes_float16.cache_clear()


@pytest.mark.usefixtures("processor")
def test_scores_are_what_the_head_says_of_each_pixels_features():
    torch.manual_seed(1)
    fine = Map(torch.randn(3, 16, 16).half(), Grid((16, 16), (0.0, 0.0), (1.0, 1.0)))
    coarse = Map(torch.randn(5, 8, 8).half(), Grid((8, 8), (0.5, 0.5), (2.0, 2.0)))
    features = Features(((2, 12), (0, 16)), (fine, coarse))
    weights, bias = torch.randn(8, 2), torch.randn(2)
    points = np.stack(np.meshgrid(np.arange(2, 12), np.arange(16), indexing="ij"), axis=-1).reshape(-1, 2)
    one_by_one = features.rows(points) @ weights + bias
    assert torch.allclose(features.scores(weights, bias).reshape(2, -1).T, one_by_one, atol=1e-2)


def test_a_head_tells_classes_apart_however_few_samples_one_has():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(-1, 0.5, (500, 4)), rng.normal(1, 0.5, (5, 4))]).astype(np.float32)
    values = np.array([2] * 500 + [7] * 5)
    head = fit(torch.from_numpy(rows), values)
    assert head.values == (2, 7)
    best = (torch.from_numpy(rows) @ head.weights + head.bias).argmax(dim=1).numpy()
    assert (np.array(head.values)[best] == values).mean() > 0.98


def test_two_strokes_tell_the_halves_of_an_image_apart(asks):
    ask = asks(halves()[None, None])
    box = ((0, 1), (0, 1), (0, 48), (0, 80))
    places = [(0, 0, y, x) for y in range(10, 14) for x in (8, 9, 10, 60, 61, 62)]
    result, labels = ask(box, places, [4 if x > 40 else 0 for *_, x in places])
    assert (result.known, result.used, result.generation) == ((0, 4), 24, 3)
    assert labels.dtype == np.uint8
    expected = np.zeros((48, 80), int)
    expected[:, 40:] = 4
    assert (labels == expected).mean() > 0.95


@pytest.mark.parametrize("size", [(48, 16), (16, 16), (1, 40)])
def test_an_image_of_a_few_pixels_is_looked_at_too(asks, size):
    height, width = size
    ask = asks(halves(height, width)[None, None])
    box = ((0, 1), (0, 1), (0, height), (0, width))
    result, labels = ask(box, [(0, 0, 0, 0), (0, 0, height - 1, width - 1)], [1, 2])
    assert (result.known, labels.shape) == ((1, 2), size)


def test_features_are_computed_once_for_a_view(asks):
    ask = asks(halves()[None, None])
    box = ((0, 1), (0, 1), (0, 48), (0, 80))
    assert ask(box, [], [])[0].looked_s > 0
    result, labels = ask(box, [(0, 0, 5, 5)], [1])
    assert result.looked_s == 0
    assert result.known == ()
    assert not labels.any()


def test_what_was_painted_in_another_view_counts_while_it_is_kept(asks):
    ask = asks(halves()[None, None])
    left, right = ((0, 1), (0, 1), (0, 48), (0, 40)), ((0, 1), (0, 1), (0, 48), (40, 80))
    places, values = [(0, 0, 5, 5), (0, 0, 5, 70)], [0, 1]
    assert ask(right, places, values)[0].used == 1
    result, labels = ask(left, places, values)
    assert result.used == 2
    assert (labels == 0).mean() > 0.9


def test_all_of_a_volume_follows_what_was_painted_in_one_slice(asks):
    volume = np.stack([halves(), halves()[:, ::-1]])
    ask = asks(volume[None])
    result, labels = ask(None, [(0, 0, 5, 5), (0, 0, 40, 9), (0, 0, 5, 70), (0, 0, 30, 60)], [0, 0, 1, 1], whole=True)
    assert (result.objects, labels.shape, labels.dtype) == (1, (1, 2, 48, 80), np.uint32)
    assert (labels[0, 0] == (np.arange(80) >= 40)).mean() > 0.9
    assert (labels[0, 1] == (np.arange(80) < 40)).mean() > 0.9


def test_one_class_alone_cannot_be_applied(asks):
    with pytest.raises(ValueError, match="one class only"):
        asks(halves()[None, None])(None, [(0, 0, 5, 5)], [1], whole=True)


def test_colour_that_the_network_does_not_see_is_seen_by_the_filters(asks, tmp_path):
    """Two halves of the same brightness, one red, one green."""
    rng = np.random.default_rng(0)
    rgb = rng.normal(50, 5, (3, 1, 48, 80)).astype(np.float32)
    rgb[0, 0, :, :40] += 100
    rgb[1, 0, :, 40:] += 100
    gray = rgb.mean(axis=0, keepdims=True)
    colours = VolumeRef(pixels=scratch.write(tmp_path / "rgb.npy", rgb[None]))
    asks(gray)
    job = LiveJob(
        id="l",
        image=VolumeRef(pixels=ArrayRef(path=str(tmp_path / "pixels.npy"))),
        colours=colours,
        model=str(tmp_path / "m.safetensors"),
        box=((0, 1), (0, 1), (0, 48), (0, 80)),
        samples=Samples.of(
            np.array([[0, 0, 9, 9], [0, 0, 30, 20], [0, 0, 9, 70], [0, 0, 30, 60]]), np.array([0, 0, 1, 1])
        ),
        generation=0,
        out=ArrayRef(path=str(tmp_path / "out.npy")),
    )
    *_, last = Engine().run(job, lambda: False)
    assert (scratch.read(last.result.labels) == (np.arange(80) >= 40)).mean() > 0.95


@pytest.mark.parametrize("name", FORMS_2D)
def test_any_2d_network_gives_features(asks, name):
    net = build(FreshSettings(network=name, width=4).net(2, in_channels=2))
    size = net.settings.size
    if size is not None:
        pytest.skip("this network takes images of one size only")
    places = [(0, 0, y, x) for y in range(10, 14) for x in (8, 9, 10, 60, 61, 62)]
    _, labels = asks(halves()[None, None], net)(
        ((0, 1), (0, 1), (0, 48), (0, 80)), places, [int(x > 40) for *_, x in places]
    )
    assert (labels == (np.arange(80) >= 40)).mean() > 0.9
