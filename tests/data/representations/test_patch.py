"""What is encoded again in a patch teaches what was confirmed, as much as it counts, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_apprentice.data.labels.corrections import whole_sections
from napari_apprentice.data.representations import representation
from napari_apprentice.data.representations.affinities import Affinities
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.data.representations.patch import Patch

KIND = Affinities(2)
RIGHT = KIND.offsets.index((0, 0, 1)) + 1


def corrected() -> tuple[np.ndarray, np.ndarray]:
    """A whole square (1), a stroke (2) inside an object nobody outlined, a stroke of background."""
    labels, confirmed = np.zeros((1, 24, 32), np.uint32), np.zeros((1, 24, 32), np.uint8)
    labels[0, 4:10, 4:10] = 1
    labels[0, 4:14, 18:28] = 2
    confirmed[0, 4:10, 4:10] = confirmed[0, 6:10, 20:25] = 2
    confirmed[0, 20, :] = 1
    return labels, confirmed


def patch_of(stand_in: float = 0.0) -> Patch:
    """As a source of corrections shows it: labels only where they are confirmed."""
    labels, confirmed = corrected()
    whole = whole_sections(labels, confirmed)
    target, weight = KIND.encode(labels, confirmed, whole=whole)
    weight[0][confirmed == 0] = -stand_in
    shown = np.where(confirmed == 2, labels, 0).astype(np.float32)
    return Patch(target, weight, shown, np.stack([confirmed, whole]).astype(np.float32))


def test_a_patch_as_the_image_is_teaches_as_the_image_does() -> None:
    patch = patch_of(0.3)
    target, weight = KIND.in_patch(patch)
    inside = (..., slice(23))  # farther right, background says something of what lies just outside
    np.testing.assert_array_equal(target, patch.target)
    np.testing.assert_array_equal(weight.clip(0)[inside], patch.weight.clip(0)[inside])
    assert weight[RIGHT, 0, 4:10, 4:9].all()


def test_a_stroke_does_not_say_where_its_object_ends() -> None:
    _, weight = KIND.in_patch(patch_of())
    assert (weight[RIGHT, 0, 6:10, 20:24] == 1).all()  # both voxels are in the stroke
    assert not weight[RIGHT, 0, 6:10, 24].any()  # the partner is not confirmed
    assert not weight[RIGHT, 0, 6:10, 19].any()
    assert weight[RIGHT, 0, 4:10, 9].all()  # a whole object ends at its rim


def test_background_that_nobody_confirmed_stands_in_where_nothing_is_known() -> None:
    target, weight = KIND.in_patch(patch_of(0.3))
    assert not weight[RIGHT, 0, 6:10, 24].any()  # as before: the end of a stroke
    free = weight[RIGHT, 0, 12:18, 2:12]
    np.testing.assert_allclose(free, -0.3)
    assert not target[RIGHT, 0, 12:18, 2:12].any()
    np.testing.assert_array_equal(weight[0], patch_of(0.3).weight[0])


def test_what_does_not_count_in_foreground_counts_nowhere() -> None:
    patch = patch_of()
    counts = patch.weight.copy()
    counts[0, 0, :, :16] *= 2.5
    counts[0, 0, :, 16:] = 0  # set aside to judge
    _, weight = KIND.in_patch(replace(patch, weight=counts))
    assert not weight[..., 16:].any()
    assert (weight[RIGHT, 0, 4:10, 4:9] == 2.5).all()


def test_distances_grow_in_what_was_magnified_and_nothing_else_changes() -> None:
    labels, confirmed = corrected()
    target, weight = LogDistance().encode(labels, confirmed)
    again, counts = LogDistance().in_patch(Patch(target, weight, scale=2.0))
    np.testing.assert_array_equal(counts, weight)
    np.testing.assert_array_equal(again[0], target[0])
    inside = target[1] > 0
    np.testing.assert_allclose(np.expm1(again[1][inside]), 2 * np.expm1(target[1][inside]) - 0.5, rtol=1e-5)


def test_a_section_that_is_whole_only_here_teaches_no_distance() -> None:
    labels, confirmed = corrected()
    for name in ("log-distance", "affinities"):
        kind = representation(name)
        _, usual = kind.encode(labels, confirmed)
        _, weight = kind.encode(labels, confirmed, whole=np.zeros(labels.shape, bool))
        assert usual[1][labels == 1].any()
        np.testing.assert_array_equal(weight[0], usual[0])
        if name == "log-distance":
            assert not weight[1][labels == 1].any()
        else:
            assert not weight[RIGHT, 0, 4:10, 9].any()  # where it ends is not known
