from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from apprentice_lab.training.annotated import annotated_source, predict_whole
from apprentice_lab.training.pretrain import Cycle, PretrainPlan, average_of, pretrain
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.augment import NO_AUGMENTATION
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.settings import NormalizeSettings

NORMALIZE = NormalizeSettings()
NET = NetSettings(in_channels=2, widths=(4, 8), pools=((1, 2, 2),))
PLAN = PretrainPlan(NET, (Cycle(6, 2e-3),), batch_size=2, patch=(1, 32, 32), warmup=2, average=0.5, bfloat16=False)


def _image() -> tuple[np.ndarray, np.ndarray]:
    labels = np.kron(np.arange(16).reshape(4, 4) % 3, np.ones((12, 12)))[None].astype(np.uint32)
    pixels = 100.0 * (labels > 0) + np.random.default_rng(0).normal(10, 2, labels.shape)
    return pixels[None], labels


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_run_that_was_stopped_ends_like_one_that_was_not(tmp_path: Path, dropout: float) -> None:
    plan = replace(PLAN, net=NET.model_copy(update={"dropout": dropout}))
    sources = [annotated_source(*_image(), NORMALIZE)]
    once = pretrain(sources, np.ones(1), plan, tmp_path / "once.pt", lambda: False)
    calls = iter([False, False, False, True])
    pretrain(sources, np.ones(1), plan, tmp_path / "twice.pt", lambda: next(calls))
    assert average_of(tmp_path / "twice.pt", NET)[0] == 3
    twice = pretrain(sources, np.ones(1), plan, tmp_path / "twice.pt", lambda: False)
    for name, tensor in once.state_dict().items():
        torch.testing.assert_close(twice.state_dict()[name], tensor, msg=name)


def test_the_rate_warms_up_and_falls_in_every_cycle() -> None:
    plan = replace(PLAN, cycles=(Cycle(6, 0.2), Cycle(4, 0.1)))
    rates = [plan.rate_at(step) for step in range(10)]
    # a step stands for its middle: a quarter and three quarters of the warm-up, then 1/8, 3/8, ... of the cosine
    expected = [0.05, 0.15, 0.1924, 0.1383, 0.0617, 0.0076, 0.025, 0.075, 0.0854, 0.0146]
    np.testing.assert_allclose(rates, expected, atol=1e-4)
    assert plan.steps == 10


def test_a_stretch_of_so_many_seconds_begins_with_a_model_and_ends_at_rate_0(tmp_path: Path) -> None:
    sources = [annotated_source(*_image(), NORMALIZE)]
    net = pretrain(sources, np.ones(1), PLAN, tmp_path / "first.pt", lambda: False)
    start = tmp_path / "first.safetensors"
    save(start, ModelHeader(id="first", name="First", net=NET), net)
    further = replace(PLAN, start=start, seconds=0.0)
    untouched = pretrain(sources, np.ones(1), further, tmp_path / "none.pt", lambda: False)
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(untouched.state_dict()[name], tensor, msg=name)
    pretrain(sources, np.ones(1), replace(further, seconds=0.5), tmp_path / "some.pt", lambda: False)
    assert average_of(tmp_path / "some.pt", NET)[0] > 0
    rates = [replace(further, seconds=100.0).rate_at(step=3, seconds=at) for at in (3.0, 6.0, 53.0, 100.0)]
    np.testing.assert_allclose(
        rates, [1e-3, 2e-3, 1e-3, 0], atol=1e-6
    )  # half the warm-up, its end, the middle, the end


def test_a_model_of_another_network_is_no_start(tmp_path: Path) -> None:
    other = NET.model_copy(update={"in_channels": 1})
    save(tmp_path / "other.safetensors", ModelHeader(id="other", name="Other", net=other), build(other))
    plan = replace(PLAN, start=tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="another network"):
        pretrain([annotated_source(*_image(), NORMALIZE)], np.ones(1), plan, tmp_path / "a.pt", lambda: False)


def test_training_learns_what_is_bright(tmp_path: Path) -> None:
    pixels, labels = _image()
    plan = replace(PLAN, cycles=(Cycle(150, 0.01, NO_AUGMENTATION),), average=0.8)
    net = pretrain([annotated_source(pixels, labels, NORMALIZE)], np.ones(1), plan, tmp_path / "a.pt", lambda: False)
    prediction = predict_whole(net, NET, pixels[:, :, :-1, :-3], NORMALIZE, ("probability", "number"))
    assert prediction.shape == (2, 1, 47, 45)
    assert ((prediction[0] > 0.5) == (labels[:, :-1, :-3] > 0)).mean() > 0.9


def test_a_source_knows_where_its_objects_are() -> None:
    source = annotated_source(*_image(), NORMALIZE)
    assert source.image.shape == (1, 1, 48, 48)
    assert source.target.shape == source.weight.shape == (2, 1, 48, 48)
    assert source.labels is not None
    assert len(source.centres) == 2
    assert source.weight.min() > 0
