from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader, why_not_fits
from napari_apprentice.engine.autoencoder.learning import Repeating, learn, repeat, source_of
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.errors import UserError
from napari_apprentice.settings import NormalizeSettings

NORMALIZE = NormalizeSettings()
NET = NetSettings(
    preset="autoencoder",
    in_channels=2,
    out_channels=2,
    widths=(8, 16, 16),
    pools=((1, 2, 2),) * 2,
    skip="none",
    bottleneck="codes",
    codes=8,
    up="nearest",
)
# 28 x 28 numbers through 32: the textbook's case
DIGITS = NET.model_copy(update={"size": (1, 28, 28), "codes": 32})
HOW = Repeating(steps=120, patch=(1, 32, 32), noise=0.3, learning_rate=1e-2)


def header(net: NetSettings) -> ModelHeader:
    return ModelHeader(id="again", name="again", kind="values", net=net)


@pytest.fixture(scope="module")
def learned() -> tuple[Net, list[float]]:
    losses: list[float] = []
    net = learn(NET, [source_of(spots(), NORMALIZE)], HOW, pick("cpu"), lambda step, loss: losses.append(loss))
    return net, losses


def spots(seed: int = 0) -> np.ndarray:
    """Disks of any brightness on a ground that gets lighter, (1, 1, 128, 128), without noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :128]
    image = 10 + 0.5 * x.astype(np.float32)
    for cy, cx, r, light in rng.uniform((0, 0, 5, 60), (128, 128, 9, 160), (30, 4)):
        image[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = light
    return image[None, None]


def test_it_learns_to_repeat_images(learned) -> None:
    losses = learned[1]
    assert len(losses) == HOW.steps
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])


def test_noise_is_taken_away_from_images_it_never_saw(learned) -> None:
    truth = spots(seed=5)
    noisy = truth + np.random.default_rng(0).normal(0, 25, truth.shape).astype(np.float32)
    again = repeat(header(NET), learned[0], noisy).image
    assert again.shape == truth.shape
    assert np.square(again - truth).mean() < 0.5 * np.square(noisy - truth).mean()


def test_an_image_of_any_size_becomes_codes_for_every_window(learned) -> None:
    found = repeat(header(NET), learned[0], np.random.default_rng(0).random((1, 3, 30, 41), dtype=np.float32))
    assert found.codes.shape == (8, 3, 8, 11)
    assert found.image.shape == (1, 3, 30, 41)


def test_the_textbook_squeezes_28_by_28_pixels_into_32_codes() -> None:
    net = build(DIGITS)
    codes = {stage.name: stage for stage in DIGITS.design.stages}
    assert codes["codes"].parameters == 7 * 7 * 16 * 32 + 32
    assert codes["from codes"].parameters == 32 * 7 * 7 * 16 + 16
    found = repeat(header(DIGITS), net.eval(), np.zeros((1, 1, 28, 28), np.uint8))
    assert found.codes.shape == (32, 1, 1, 1)
    assert found.image.shape == (1, 1, 28, 28)
    with pytest.raises(UserError, match="images of 28 x 28 only"):
        repeat(header(DIGITS), net, np.zeros((1, 1, 32, 28), np.uint8))


def test_every_code_of_the_textbook_sees_the_whole_image() -> None:
    x = torch.rand(1, 2, 1, 28, 28, requires_grad=True)
    net = build(DIGITS.model_copy(update={"norm": "none", "down": "average"})).eval()
    for parameter in net.parameters():
        parameter.data.abs_().add_(1e-3)
    (gradient,) = torch.autograd.grad(net.encode(x)[0, 0].sum(), x)
    assert (gradient.abs() > 0).all()


def test_the_same_seed_learns_the_same() -> None:
    sources = [source_of(spots(), NORMALIZE)]
    how = replace(HOW, steps=3)
    runs = [learn(NET, sources, how, pick("cpu"), lambda step, loss: None).state_dict() for _ in range(2)]
    for a, b in pairwise(runs):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_model_for_masks_has_no_codes_and_an_auto_encoder_no_masks(learned) -> None:
    masks = ModelHeader(id="masks", name="masks", net=NetSettings(in_channels=2))
    with pytest.raises(UserError, match="masks is no auto-encoder"):
        repeat(masks, learned[0], np.zeros((1, 1, 8, 8)))
    assert "again is an auto-encoder" in why_not_fits(header(NET), (1, 1, 1, 8, 8))


def test_another_number_of_channels_is_refused(learned) -> None:
    with pytest.raises(UserError, match="takes images of 1 channel"):
        repeat(header(NET), learned[0], np.zeros((2, 1, 8, 8)))
