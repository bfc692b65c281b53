"""``apprentice bench objects`` in a real window, on images of a few objects."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest

from apprentice_lab.bench import balls, objects

no_screen = sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@pytest.mark.parametrize(("shape", "count"), [((1, 90, 120), 25), ((6, 60, 70), 11)])
def test_a_scene_has_as_many_objects_as_are_wanted_and_they_are_brighter(shape, count):
    volume, labels = balls.scene(shape, count, np.random.default_rng(0))
    assert np.unique(labels).tolist() == list(range(count + 1))
    assert labels.shape == (1, *shape) == volume.labels_shape
    assert volume.pixels[0, 0][labels[0] > 0].min() > volume.pixels[0, 0][labels[0] == 0].max()


@pytest.mark.skipif(no_screen, reason="needs a screen")
def test_everything_is_timed_in_both_images(tmp_path):
    settings = objects.ObjectsSettings(rows=40, volume=(4, 60, 60), objects=12, repeats=1)
    lines = list(objects.run(tmp_path, settings))
    assert lines[0] == "plane: 40 objects in 1 x 126 x 126"
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["images"]
    assert found["volume"]["objects"] == 12
    for image in found.values():
        assert {"filling the table", "sorting it", "the table after it"} < set(image["ms"])
        assert image["removed"] > 0
        assert image["undo_bytes"] > 0
