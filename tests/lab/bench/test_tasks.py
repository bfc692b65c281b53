"""The small tasks of the family bench: splits are kept, scores say what they mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench.tasks import TASKS, Example
from napari_apprentice.data.labels.instances import encode

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.data
@pytest.mark.parametrize("name", TASKS)
def test_images_of_dev_are_not_learned_from(name: str) -> None:
    if not DATA.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    task = TASKS[name]
    train, dev = task.read(DATA, "train"), task.read(DATA, "dev")
    assert not {one.name for one in train} & {one.name for one in dev}
    for one in (*train, *dev):
        assert one.pixels.ndim == 4
        assert one.pixels.shape[1:] == one.labels.shape
        assert one.labels.any()
        assert (one.labels.shape[0] > 1) == (task.dims == 3)
    assert {one.name for one in task.fitting(train)} <= {one.name for one in train}


def test_what_is_encoded_is_found_again_and_the_decoding_is_chosen_by_it() -> None:
    labels = np.zeros((1, 48, 48), np.uint32)
    labels[0, 8:20, 8:20], labels[0, 8:20, 20:32], labels[0, 34:44, 30:42] = 1, 2, 3
    example = Example("squares", np.zeros((1, 1, 48, 48)), labels)
    prediction = encode(labels, np.where(labels > 0, 2, 1).astype(np.uint8))[0]
    task = TASKS["nuclei-2d"]
    decoding = task.choose([example], [prediction])
    assert task.score([example], [task.decode(prediction, decoding)])["AP .50"] == 1.0


def test_dice_is_over_all_voxels_of_all_images() -> None:
    task = TASKS["membranes"]
    truth = [np.array([[[1, 1, 0, 0]]], np.uint32), np.array([[[0, 0, 0, 1]]], np.uint32)]
    found = [np.array([[[1, 0, 0, 0]]], np.uint32), np.array([[[0, 0, 1, 1]]], np.uint32)]
    examples = [Example(str(i), np.zeros((1, 1, 1, 4)), one) for i, one in enumerate(truth)]
    assert task.score(examples, found) == {"Dice": pytest.approx(2 * 2 / (3 + 3))}


def test_of_a_class_only_the_threshold_is_chosen() -> None:
    task = TASKS["membranes"]
    labels = np.array([[[0, 0, 1, 1]]], np.uint32)
    prediction = np.array([[[[0.05, 0.15, 0.25, 0.9]]]], np.float32)
    decoding = task.choose([Example("line", np.zeros((1, 1, 1, 4)), labels)], [prediction])
    assert decoding.foreground == 0.2
