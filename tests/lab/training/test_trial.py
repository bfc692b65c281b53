"""One network learns a small task, and goes on when it was interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from apprentice_lab.timing import networks as timing
from apprentice_lab.training.trial import NORMALIZE, TrialPlan, trial
from napari_apprentice.architecture import NetSettings

NET = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=NORMALIZE.inputs_per_channel, out_channels=1)


def stripes() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((1, 64, 64), np.uint32)
    labels[:, :, 8:16] = labels[:, :, 40:48] = 1
    return labels[None] * 100 + np.random.default_rng(0).normal(20, 5, (1, 1, 64, 64)), labels


def test_a_class_is_learned(tmp_path: Path) -> None:
    pixels, labels = stripes()
    plan = TrialPlan("classes", (1, 32, 32), 4, 80, 2e-2, 0)
    found = trial(NET, plan, [(pixels, labels)], [pixels], tmp_path / "last.pt")
    assert found.predictions[0].shape == (1, 1, 64, 64)
    assert ((found.predictions[0][0] > 0.5) == (labels > 0)).mean() > 0.95
    assert found.step_s > 0


def test_what_was_interrupted_is_finished_not_begun_again(tmp_path: Path) -> None:
    pixels, labels = stripes()
    images, last = [(pixels, labels)], tmp_path / "last.pt"
    first = trial(NET, TrialPlan("classes", (1, 32, 32), 2, 3, 1e-3, 0), images, [pixels], last)
    again = trial(NET, TrialPlan("classes", (1, 32, 32), 2, 3, 1e-3, 0), images, [pixels], last)
    np.testing.assert_array_equal(first.predictions[0], again.predictions[0])
    assert torch.load(last, weights_only=True)["step"] == 3


def test_times_are_taken_of_all_networks() -> None:
    found = timing.prediction({"one": NET, "two": NET}, 2)
    assert list(found) == ["one", "two"]
    assert all(one["median"] > 0 and len(one["all"]) == 2 for one in found.values())
