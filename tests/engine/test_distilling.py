"""A last layer that says what was said of windows: exactly where it can, and never by changing another layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import PRESETS, FreshSettings
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.distilling import Said, set_last_layer
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.normalize import with_logarithm

GAIN = 20.0
MEANINGS = {"objects": ("probability", "number"), "classes": ("class", "class", "class")}


def plane(seed: int, edge: int = 64) -> torch.Tensor:
    """Noise and a ramp, (1, 1, Y, X)."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(0, 1, (1, 1, edge, edge)).astype(np.float32) + np.linspace(0, 1, edge, dtype=np.float32)
    return torch.from_numpy(image)


def answers(net, one, meanings) -> torch.Tensor:
    with torch.inference_mode():
        return activate(net.eval()(with_logarithm(one[None], GAIN)), meanings)[0]


@pytest.mark.parametrize("kind", MEANINGS)
def test_what_another_last_layer_said_is_said_again(kind):
    meanings = MEANINGS[kind]
    torch.manual_seed(0)
    teacher = build(FreshSettings(width=4).net(2, in_channels=2, out_channels=len(meanings)))
    teacher.lean_to_background(0.0, 0.3)
    net = build(teacher.settings)
    net.load_state_dict(teacher.state_dict())
    net.lean_to_background(-2.0, 0.1)
    planes = [plane(seed) for seed in (0, 1)]
    before = {name: value.clone() for name, value in net.state_dict().items() if not name.startswith("head.")}
    said = [Said(one, answers(teacher, one, meanings)) for one in planes]
    far = (answers(net, planes[0], meanings) - said[0].values).abs().mean()
    assert set_last_layer(net, said, meanings, GAIN)
    near = (answers(net, planes[0], meanings) - said[0].values).abs().mean()
    assert near < 0.02 < far
    new = plane(7)
    assert (answers(net, new, meanings) - answers(teacher, new, meanings)).abs().mean() < 0.03
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())


def test_a_network_with_several_last_layers_is_left_as_it_is():
    name = next(name for name in PRESETS if name == "unet++")
    net = build(FreshSettings(network=name, width=4).net(2, in_channels=2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert not set_last_layer(net, [], MEANINGS["objects"], GAIN)
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())
