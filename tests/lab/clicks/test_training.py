from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from apprentice_lab.clicks.training import ClickPlan, train
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.practice.rendered import rendered_scenes
from napari_apprentice.engine.prompts.inputs import NET


def test_a_training_that_was_stopped_goes_on_and_its_average_is_what_comes_of_it(tmp_path: Path) -> None:
    scenes, out = rendered_scenes(2, 0), tmp_path / "last.pt"
    train(scenes, ClickPlan(minutes=0.02, batch=2), out)
    first = torch.load(out, weights_only=True)
    assert first["step"] >= 1
    average = train(scenes, ClickPlan(minutes=first["seconds"] / 60 + 0.02, batch=2), out)
    second = torch.load(out, weights_only=True)
    assert second["step"] > first["step"]
    assert second["seconds"] > first["seconds"]
    for name, value in average.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), second["average"][name].numpy())


def test_without_time_a_start_is_what_comes_of_it(tmp_path: Path) -> None:
    start = build(NET)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    average = train(rendered_scenes(1, 0), ClickPlan(minutes=0), tmp_path / "last.pt", start)
    for name, value in average.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy())
