from __future__ import annotations

import numpy as np

from napari_apprentice.data.objects.paths import paths_of


def test_a_path_is_the_centre_of_an_id_in_each_frame_that_has_it() -> None:
    labels = np.zeros((4, 2, 6, 8), np.uint32)
    labels[0, 0, 1:3, 1:3] = 9
    labels[2, :, 1:3, 2:5] = 9
    labels[1, 0, 5, 5] = 2  # in one frame only
    labels[2, 1, 0, 0] = labels[3, 1, 0, 2] = 4_000_000_000
    np.testing.assert_array_equal(
        paths_of(labels),
        [[9, 0, 0, 1.5, 1.5], [9, 2, 0.5, 1.5, 3], [4e9, 2, 1, 0, 0], [4e9, 3, 1, 0, 2]],
    )


def test_labels_without_objects_have_none() -> None:
    assert paths_of(np.zeros((3, 1, 4, 4), np.uint32)).shape == (0, 5)
