"""What teaches and what judges never meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_apprentice.data.labels.corrections import Corrections
from napari_apprentice.data.labels.holdout import blocks_set_aside, split_blocks
from napari_apprentice.data.labels.scores import matches_within


def _disks(shape: tuple[int, int, int, int], step: int = 24, radius: int = 8) -> Corrections:
    """Everything confirmed: disks on a grid, through all slices."""
    yy, xx = np.mgrid[: shape[2], : shape[3]]
    inside = (yy % step - step // 2) ** 2 + (xx % step - step // 2) ** 2 <= radius**2
    plane = np.where(inside, yy // step * 1000 + xx // step + 1, 0).astype(np.uint32)
    labels = np.broadcast_to(plane, shape).copy()
    return Corrections(labels, np.where(labels > 0, 2, 1).astype(np.uint8))


def test_the_sides_never_change() -> None:
    aside = blocks_set_aside("image-1", 256, 256)
    rows = ["".join(".#"[int(v)] for v in row[::64]) for row in aside[::64]]
    assert rows == ["#...", "..#.", "..#.", ".#.."], "a new version must not move blocks from one side to the other"


@pytest.mark.parametrize("size", [(256, 256), (512, 700), (1024, 1024), (160, 200), (100, 100)])
def test_a_quarter_is_set_aside_in_every_image(size: tuple[int, int]) -> None:
    shares = [blocks_set_aside(f"image-{i}", *size).mean() for i in range(40)]
    assert np.mean(shares) == pytest.approx(0.25, abs=0.03)
    assert min(shares) > 0.1


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=5), st.integers(0, 2**31), st.integers(1, 12))
def test_training_keeps_its_margin_from_what_is_judged(key: str, seed: int, margin: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (2, 2, 130, 170)
    labels = ndimage.zoom(rng.integers(0, 40, (2, 2, 8, 10)), (1, 1, 17, 17), order=0)[:, :, :130, :170]
    labels = np.ascontiguousarray(labels).astype(np.uint32)
    confirmed = np.where(rng.random(shape) < 0.8, np.where(labels > 0, 2, 1), 0).astype(np.uint8)
    (side,) = split_blocks([(key, Corrections(labels, confirmed))], margin=margin).sides
    aside = blocks_set_aside(key, 130, 170)
    assert not (side.training & (side.validation > 0)).any()
    near = ndimage.distance_transform_edt(~aside) <= margin
    assert not (side.training & near).any()
    np.testing.assert_array_equal(side.validation[side.validation > 0], confirmed[side.validation > 0])
    for t in range(2):
        judged, taught = (set(np.unique(labels[t][m])) - {0} for m in (side.validation[t] == 2, side.training[t]))
        assert not judged & taught, "an object is on one side only"


def test_more_corrections_move_nothing() -> None:
    full = _disks((1, 1, 400, 400))
    few = Corrections(full.labels, full.confirmed.copy())
    few.confirmed[:, :, 200:] = 0
    before, after = (split_blocks([("a", c)]).sides[0] for c in (few, full))
    np.testing.assert_array_equal(before.training, after.training)
    assert (after.validation[before.validation > 0] == before.validation[before.validation > 0]).all()


def test_straddling_objects_are_judged_whole_or_not_at_all() -> None:
    corrections = _disks((1, 1, 400, 400))
    holdout = split_blocks([("a", corrections)])
    (side,) = holdout.sides
    assert holdout.enough_to_judge
    counts = matches_within(corrections.labels, corrections.labels, side.validation, (0.9,))[0]
    assert counts.true_positives == holdout.validation_objects
    assert counts.false_positives == counts.false_negatives == 0
    aside = holdout.validation_objects + holdout.choosing_objects
    assert 0.15 < aside / len(np.unique(corrections.labels)) < 0.35


def test_what_chooses_a_state_of_the_network_never_judges_it() -> None:
    corrections = _disks((1, 2, 400, 700))
    holdout = split_blocks([("a", corrections)])
    (side,) = holdout.sides
    assert holdout.validation_objects >= 8
    assert holdout.choosing_objects >= 6
    assert not ((side.validation > 0) & (side.choosing > 0)).any()
    assert not (side.training & (side.choosing > 0)).any()
    judged, chosen = (set(np.unique(corrections.labels[one == 2])) for one in (side.validation, side.choosing))
    assert not judged & chosen, "an object is on one side only"


def test_with_few_corrections_nothing_chooses_and_all_that_is_set_aside_judges() -> None:
    full = _disks((1, 1, 400, 400))
    few = Corrections(full.labels, np.where(full.labels % 9 == 1, 2, 0).astype(np.uint8))
    holdout = split_blocks([("a", few)])
    assert 8 <= holdout.validation_objects < 14
    assert holdout.choosing_objects == 0
    assert not holdout.sides[0].choosing.any()
    aside = blocks_set_aside("a", 400, 400) & (few.confirmed[0, 0] > 0)
    assert (holdout.sides[0].validation[0, 0][aside] > 0).mean() > 0.7  # but for what reaches over


def test_corrections_in_one_place_are_all_used_and_that_is_said() -> None:
    full = _disks((1, 1, 400, 400))
    near = Corrections(full.labels, np.zeros_like(full.confirmed))
    near.confirmed[:, :, 2:22, 2:22] = full.confirmed[:, :, 2:22, 2:22]
    holdout = split_blocks([("a", near)])
    assert not holdout.enough_to_judge
    assert "other parts" in holdout.why_not_judged
    assert holdout.sides[0].training.all()
    assert not holdout.sides[0].validation.any()
    assert holdout.training_objects == 1


def test_a_tiny_image_is_not_cut() -> None:
    for i in range(8):
        holdout = split_blocks([(f"tiny-{i}", _disks((1, 1, 40, 40)))])
        assert not holdout.enough_to_judge
        assert holdout.sides[0].training.all()


def test_tiny_images_of_one_project_go_to_one_side_each() -> None:
    training_data = [(f"tiny-{i}", _disks((1, 1, 48, 48), step=12, radius=4)) for i in range(12)]
    holdout = split_blocks(training_data)
    for side in holdout.sides:
        assert side.training.all() != side.validation.any()
    assert 0 < sum(bool(side.validation.any()) for side in holdout.sides) < 12


def test_too_few_objects_are_said() -> None:
    full = _disks((1, 1, 400, 400))
    aside = blocks_set_aside("a", 400, 400)
    confirmed = np.zeros_like(full.confirmed)
    y, x = np.argwhere(aside & (full.labels[0, 0] > 0))[len(np.argwhere(aside & (full.labels[0, 0] > 0))) // 2]
    confirmed[full.labels == full.labels[0, 0, y, x]] = 2
    confirmed[0, 0][~aside] = full.confirmed[0, 0][~aside]
    holdout = split_blocks([("a", Corrections(full.labels, confirmed))])
    assert 0 < holdout.validation_objects < 8
    assert "fewer than 8" in holdout.why_not_judged


def test_slices_of_one_object_count_once_and_frames_share_their_blocks() -> None:
    deep, still = (split_blocks([("a", _disks(s))]) for s in ((1, 5, 400, 400), (1, 1, 400, 400)))
    assert deep.validation_objects == still.validation_objects
    (side,) = split_blocks([("a", _disks((3, 1, 400, 400)))]).sides
    np.testing.assert_array_equal(side.training[0], side.training[2])


def test_classes_count_voxels_of_at_least_two_values() -> None:
    corrections = _disks((1, 1, 400, 400))
    labels = (corrections.labels > 0).astype(np.uint32)
    holdout = split_blocks([("a", Corrections(labels, corrections.confirmed))], "classes")
    assert holdout.enough_to_judge
    (side,) = holdout.sides
    aside = (side.validation[0, 0] > 0) | (side.choosing[0, 0] > 0)
    np.testing.assert_array_equal(aside, blocks_set_aside("a", 400, 400))
    only = Corrections(labels, np.where(labels > 0, 2, 0).astype(np.uint8))
    assert split_blocks([("a", only)], "classes").why_not_judged == (
        "All corrections that were set aside are of one class: paint areas of another class, or background, "
        "in several places."
    )


def test_few_pixels_of_two_classes_are_counted_in_plain_words() -> None:
    confirmed = np.zeros((1, 1, 128, 128), np.uint8)
    confirmed[0, 0, ::16, ::16] = 2
    labels = np.ones(confirmed.shape, np.uint32)
    labels[..., np.arange(128) // 16 % 2 == 1] = 2
    holdout = split_blocks([("a", Corrections(labels, confirmed))], "classes")
    count = holdout.validation_objects
    assert 1 < count < 400
    assert holdout.why_not_judged == (
        f"Among the corrections set aside there are only {count} pixels, fewer than 400: too few to judge."
    )


def test_areas_in_one_place_ask_for_areas() -> None:
    corrections = _disks((1, 1, 16, 16))
    assert "paint areas in other parts" in split_blocks([("a", corrections)], "classes").why_not_judged
