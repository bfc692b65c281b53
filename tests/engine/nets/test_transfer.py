from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_apprentice.architecture import NetSettings, preset
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.nets.transfer import load_all_but_heads, load_encoder
from napari_apprentice.errors import UserError

X = torch.rand(1, 2, 1, 32, 32)


def _model(path: Path, settings: NetSettings) -> Net:
    torch.manual_seed(1)
    net = build(settings).eval()
    checkpoint.save(path, ModelHeader(id="a", name="a", net=settings), net)
    return net


@pytest.mark.parametrize("name", ["unet", "attention-unet"])
def test_a_unet_begins_with_the_encoder_of_an_auto_encoder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "repeats.safetensors"
    theirs = _model(path, preset("autoencoder", in_channels=2, width=4))
    net = build(preset(name, in_channels=2, width=4)).eval()  # type: ignore[arg-type]
    assert load_encoder(net, path) > 0
    with torch.no_grad():
        ours, known = net.feature_maps(X), theirs.feature_maps(X)
    for level in ("encoder 0", "encoder 3", "bottleneck"):
        torch.testing.assert_close(ours[level], known[level])


def test_nested_skips_take_the_encoder_as_their_first_column(tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    same = {"norm": "batch"}
    theirs = _model(path, preset("unet", in_channels=2, width=4))
    net = build(preset("unet++", in_channels=2, width=4).model_copy(update=same)).eval()
    load_encoder(net, path)
    with torch.no_grad():
        torch.testing.assert_close(net.feature_maps(X)["bottleneck"], theirs.feature_maps(X)["bottleneck"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (preset("unet", in_channels=2, width=8), "choose the width"),
        (preset("unet", in_channels=1, width=4), "as many channels"),
        (preset("resunet", in_channels=2, width=4), "same blocks"),
        (preset("unet", 3, in_channels=2, width=4), "2D and this network 3D"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused_and_nothing_changes(
    tmp_path: Path, settings: NetSettings, sentence: str
) -> None:
    path = tmp_path / "repeats.safetensors"
    _model(path, preset("autoencoder", in_channels=2, width=4))
    net = build(settings)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(UserError, match=sentence):
        load_encoder(net, path)
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(tensor, before[name])


def _vgg(*, norms: bool) -> tuple[torch.nn.Sequential, dict[str, torch.Tensor]]:
    """VGG-16 with a sixteenth of its channels, in the order and names of torchvision."""
    torch.manual_seed(2)
    layers: list[torch.nn.Module] = []
    channels = 3
    for width in (4, 4, 0, 8, 8, 0, 16, 16, 16, 0, 32, 32, 32, 0, 32, 32, 32, 0):
        if width == 0:
            layers.append(torch.nn.MaxPool2d(2))
            continue
        layers.append(torch.nn.Conv2d(channels, width, 3, padding=1))
        if norms:
            layers.append(torch.nn.BatchNorm2d(width))
            layers[-1].running_mean.uniform_()  # type: ignore[union-attr,operator]
            layers[-1].running_var.uniform_(0.5, 2)  # type: ignore[union-attr,operator]
        layers.append(torch.nn.ReLU())
        channels = width
    features = torch.nn.Sequential(*layers).eval()
    state = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    state["classifier.0.weight"], state["classifier.0.bias"] = torch.randn(256, 32 * 7 * 7) * 0.02, torch.randn(256)
    state["classifier.3.weight"], state["classifier.3.bias"] = torch.randn(256, 256) * 0.02, torch.randn(256)
    return features, state


@pytest.mark.parametrize("norms", [False, True])
@pytest.mark.parametrize("name", ["fcn-8s", "segnet"])
def test_vgg_16_gives_the_same_map_in_our_nets(tmp_path: Path, name: str, norms: bool) -> None:
    features, state = _vgg(norms=norms)
    torch.save(state, tmp_path / "vgg16.pth")
    settings = preset(name, in_channels=3, width=4)  # type: ignore[arg-type]
    if norms:
        settings = settings.model_copy(update={"norm": "batch"})
    net = build(settings).eval()
    load_encoder(net, tmp_path / "vgg16.pth")
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        ours = net.feature_maps(x[:, :, None])["encoder 4"]
        torch.testing.assert_close(ours[:, :, 0], features[:-1](x), atol=1e-5, rtol=1e-4)


def test_the_fully_connected_layers_of_vgg_become_convolutions(tmp_path: Path) -> None:
    _, state = _vgg(norms=False)
    torch.save(state, tmp_path / "vgg16.pth")
    net = build(preset("fcn-32s", in_channels=3, width=4))
    load_encoder(net, tmp_path / "vgg16.pth")
    pooled = torch.rand(32, 7, 7)
    said = torch.relu(state["classifier.0.weight"] @ pooled.flatten() + state["classifier.0.bias"])
    said = torch.relu(state["classifier.3.weight"] @ said + state["classifier.3.bias"])
    with torch.no_grad():
        ours = net.get_submodule("bottleneck")(pooled[None])
    torch.testing.assert_close(ours[0, :, 3, 3], said, atol=1e-5, rtol=1e-4)


def test_other_channels_than_red_green_blue_share_the_first_kernels(tmp_path: Path) -> None:
    features, state = _vgg(norms=False)
    torch.save(state, tmp_path / "vgg16.pth")
    net = build(preset("fcn-32s", in_channels=2, width=4)).eval()
    load_encoder(net, tmp_path / "vgg16.pth")
    grey = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        ours = net.feature_maps(grey.expand(-1, 2, -1, -1)[:, :, None])["encoder 0"]
        torch.testing.assert_close(ours[:, :, 0], features[:4](grey.expand(-1, 3, -1, -1)), atol=1e-5, rtol=1e-4)


def test_a_file_of_something_else_is_answered_in_one_sentence(tmp_path: Path) -> None:
    net = build(preset("fcn-32s", in_channels=3, width=4))
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(UserError, match="cannot be read as weights"):
        load_encoder(net, tmp_path / "text.pth")
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="no VGG-16"):
        load_encoder(net, tmp_path / "other.pth")
    _, state = _vgg(norms=False)
    torch.save(state, tmp_path / "vgg16.pth")
    with pytest.raises(UserError, match="choose fcn-32s"):
        load_encoder(build(preset("unet", in_channels=3, width=4)), tmp_path / "vgg16.pth")


@pytest.mark.parametrize("name", ["unet", "unet++", "segnet"])
def test_all_but_what_is_answered_is_taken_over_and_foreground_stays(name: str) -> None:
    torch.manual_seed(0)
    two = preset(name, in_channels=2, width=4)  # type: ignore[arg-type]
    theirs = build(two).eval()
    ours = build(two.model_copy(update={"out_channels": 5})).eval()
    load_all_but_heads(ours, theirs)
    with torch.no_grad():
        known, found = theirs(X), ours(X)
    assert found.shape[1] == 5
    torch.testing.assert_close(found[:, 0], known[:, 0])
    assert not torch.allclose(found[:, 1], known[:, 1])


def test_answers_that_are_added_up_on_the_way_begin_anew_but_for_foreground() -> None:
    two = preset("fcn-8s", in_channels=2, width=4)
    theirs, ours = build(two), build(two.model_copy(update={"out_channels": 5}))
    load_all_but_heads(ours, theirs)
    one, other = theirs.state_dict()["lift.0.weight"], ours.state_dict()["lift.0.weight"]
    torch.testing.assert_close(other[0, 0], one[0, 0])
    torch.testing.assert_close(ours.state_dict()["down.0.0.weight"], theirs.state_dict()["down.0.0.weight"])
