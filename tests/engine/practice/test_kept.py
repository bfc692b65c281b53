"""Which confirmed objects a click network learns from, and which judge it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.holdout import blocks_set_aside
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.practice.kept import KeptObjects, read_kept
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TrainingImageRef, VolumeRef

RNG = np.random.default_rng(0)


def kept_of(images, rng) -> KeptObjects:
    """What comes of reading, waited for."""
    reading = read_kept(images, rng)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return end.value


@pytest.fixture
def refer(tmp_path):
    """Corrected images on disk, as a job names them."""

    def refer(labels, confirmed, pixels=None, key="an image") -> TrainingImageRef:
        labels = np.asarray(labels, np.uint32)
        pixels = np.zeros((len(labels), 1, *labels.shape[1:]), np.uint16) if pixels is None else pixels
        name = f"{len(list(tmp_path.iterdir()))}"
        return TrainingImageRef(
            image=VolumeRef(pixels=scratch.write(tmp_path / f"{name}.npy", pixels), name=key),
            labels=scratch.write(tmp_path / f"{name}-labels.npy", labels),
            confirmed=scratch.write(tmp_path / f"{name}-confirmed.npy", np.asarray(confirmed, np.uint8)),
            key=key,
        )

    return refer


def squares(many: int, apart: int = 20) -> np.ndarray:
    """Squares of 36 pixels, ``many`` along each axis, as labels (1, 1, Y, X)."""
    labels = np.zeros((1, 1, many * apart, many * apart), np.uint32)
    for i in range(many * many):
        y, x = (apart * k + 5 for k in divmod(i, many))
        labels[0, 0, y : y + 6, x : x + 6] = i + 1
    return labels


def ids(scenes, labels) -> set[int]:
    """Of which objects sections are in scenes, by where they lie."""
    return {int(labels[0, 0][one.labels == number].max()) for one in scenes for number, _ in one.objects}


def test_objects_judge_in_blocks_set_aside_and_teach_elsewhere(refer):
    labels = squares(10)
    kept = kept_of([refer(labels, 2 * (labels > 0))], RNG)
    aside = blocks_set_aside("an image", 200, 200)
    judge = {int(labels[0, 0, y, x]) for y, x in np.ndindex(200, 200) if aside[y, x] and y % 20 == 8 and x % 20 == 8}
    assert len(judge) >= 8
    assert ids(kept.judges, labels) == judge
    assert ids(kept.teaches, labels) == set(range(1, 101)) - judge
    assert (kept.judged, kept.taught, kept.why_not_judged) == (len(judge), 100 - len(judge), "")
    (teaches,) = kept.teaches
    assert not teaches.is_all_labelled, "what nobody kept may be an object all the same"


def test_of_few_objects_half_judge_and_what_taught_then_never_judges_later(refer):
    labels = squares(5, 40)
    kept = kept_of([refer(labels, 2 * (labels > 0))], RNG)
    assert kept.judged >= 8
    assert 8 <= kept.taught <= 17
    later = squares(10)
    more = kept_of([refer(later, 2 * (later > 0))], RNG)
    at = {number: tuple(np.argwhere(labels[0, 0] == number)[0]) for number in ids(kept.teaches, labels)}
    aside = blocks_set_aside("an image", 200, 200)
    assert not any(aside[y + 3, x + 3] for y, x in at.values())
    assert more.judged < 50


def test_too_few_are_not_judged_and_those_in_one_place_all_teach(refer):
    labels = squares(10)
    some = np.isin(labels, [1, 28, 55, 73, 91])
    few = kept_of([refer(labels, 2 * some)], RNG)
    assert few.taught + few.judged == 5
    one = kept_of([refer(labels, 2 * (labels == 1))], RNG)
    assert (one.taught, one.judged) == (1, 0)
    assert "too close together" in one.why_not_judged


def test_only_what_is_whole_teaches(refer):
    labels = squares(4)
    confirmed = 2 * (labels > 0)
    confirmed[0, 0, 5, 5] = 0  # of the first object a pixel is not confirmed
    confirmed[labels == 2] = 1
    kept = kept_of([refer(labels, confirmed)], RNG)
    assert kept.taught + kept.judged == 14
    assert not {1, 2} & ids([*kept.teaches, *kept.judges], labels)
    with pytest.raises(UserError, match="keep or approve a few whole objects"):
        kept_of([refer(labels, np.where(labels > 0, 3, 0))], RNG)


def test_an_object_of_a_volume_is_asked_for_in_three_of_its_slices_and_judged_in_its_middle(refer):
    labels = np.zeros((1, 12, 60, 60), np.uint32)
    labels[0, 1:10, 5:15, 5:15] = 1
    labels[0, 2:5, 40:50, 40:50] = 2
    pixels = np.arange(12, dtype=np.uint16)[None, None, :, None, None] * np.ones((1, 1, 1, 60, 60), np.uint16)
    kept = kept_of([refer(labels, 2 * (labels > 0), pixels)], RNG)
    assert (kept.taught, kept.judged) == (2, 0), "each lies where nothing is set aside"
    assert {int(one.pixels[0, 0]): len(one.objects) for one in kept.teaches} == {3: 2, 2: 1, 4: 1, 5: 1, 7: 1}


def test_several_channels_are_seen_as_their_mean_as_by_a_click(refer):
    labels = squares(4)
    pixels = RNG.integers(0, 1000, (1, 2, 1, 80, 80)).astype(np.uint16)
    (one,) = kept_of([refer(labels, 2 * (labels == 1), pixels)], RNG).teaches
    assert one.pixels.shape == (80, 80)
    assert 0 < np.corrcoef(one.pixels.ravel(), pixels[0, 0, 0].ravel())[0, 1] < 1


def test_specks_are_no_objects_that_judge_or_teach(refer):
    labels = squares(10)
    aside = blocks_set_aside("an image", 200, 200)
    judge = [n for n in range(1, 101) if aside[tuple(20 * k + 8 for k in divmod(n - 1, 10))]]
    for number in judge[3:]:
        y, x = np.argwhere(labels[0, 0] == number)[0]
        labels[labels == number] = 0
        labels[0, 0, y : y + 2, x : x + 2] = number
    teach = [n for n in range(1, 101) if n not in judge][:2]
    kept = kept_of([refer(labels, 2 * np.isin(labels, [*judge, *teach]))], RNG)
    assert (kept.taught, kept.judged) == (2, 3)
    assert "are only 3 objects" in kept.why_not_judged


def test_ids_as_large_as_there_are_teach_as_small_ones_do(refer):
    labels = squares(10)
    small = kept_of([refer(labels, 2 * (labels > 0))], np.random.default_rng(0))
    large = np.where(labels > 0, labels + np.uint32(2**32 - 200), 0)
    kept = kept_of([refer(large, 2 * (labels > 0))], np.random.default_rng(0))
    assert (kept.taught, kept.judged) == (small.taught, small.judged)
    assert ids(kept.judges, labels) == ids(small.judges, labels)
