from __future__ import annotations

import numpy as np

from apprentice_lab.bench import speed_decoding
from napari_apprentice.data.labels import instances
from napari_apprentice.data.labels.scores import average_precision
from napari_apprentice.settings import DecodeSettings


def test_the_field_holds_so_many_objects_that_touch() -> None:
    truth = speed_decoding.field((1, 256, 256), (1, 8, 8), 60)
    assert len(np.unique(truth)) == 61
    beside = (truth[:, :, 1:] != truth[:, :, :-1]) & (truth[:, :, 1:] > 0) & (truth[:, :, :-1] > 0)
    assert beside.any()


def test_both_ways_find_the_objects_of_a_noisy_prediction() -> None:
    truth = speed_decoding.field((1, 256, 256), (1, 6, 6), 36)
    prediction = speed_decoding.predict_truth(truth)
    assert average_precision(truth, instances.decode(prediction, DecodeSettings()), 0.5) > 0.9
    assert average_precision(truth, speed_decoding.peer(prediction, 12), 0.5) > 0.5


def test_decoding_is_measured_in_2d_and_3d() -> None:
    found = speed_decoding.measure(repeats=1, shrink=8)
    assert set(found) == {"2D", "3D"}
    for one in found.values():
        assert one["ratio"] == one["seconds"]["scikit-image"]["median"] / one["seconds"]["ours"]["median"]
        assert 0 < one["ap50"]["ours"] <= 1
