from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.beginning import object_begun_in


def test_stroke_goes_on_with_the_object_it_begins_in_or_right_beside_its_slice() -> None:
    labels = np.zeros((2, 3, 4, 5), np.uint32)
    labels[0, 1, 1:3, 1:3] = 7
    labels[0, 1, 0, 4] = 9
    assert object_begun_in(labels, (0, 1, 2, 2), before=9) == 7
    assert object_begun_in(labels, (0, 1, 3, 3), before=7) == 0
    assert object_begun_in(labels, (0, 2, 2, 2), before=7) == 7, "the slice below"
    assert object_begun_in(labels, (1, 1, 1, 1), before=7) == 7, "the next frame"
    assert object_begun_in(labels, (0, 2, 2, 2), before=9) == 0, "another object was painted last"
    assert object_begun_in(labels, (0, 1, -1, 9), before=7) == 0, "beside the image"
    assert object_begun_in(labels, (0, 3, 2, 2), before=7) == 0
