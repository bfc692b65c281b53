"""Measurements of objects that follow edits: the same numbers as those of measuring again, and of the export."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.exports import table as written
from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import edits
from napari_apprentice.data.objects.names import CONFIRMED
from napari_apprentice.data.objects.sums import Measured, Summing
from napari_apprentice.data.objects.table import ObjectTable

SHAPES = {
    "plane": (1, 1, 40, 50),
    "volume": (1, 5, 20, 30),
    "series": (3, 1, 20, 30),
    "series of volumes": (2, 3, 9, 8),
}


def scene(shape, seed=0, channels=2):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, shape).astype(np.uint32) * rng.integers(0, 2, shape).astype(np.uint32)
    labels[labels == 5] = 4_000_000_000  # ids may be anything
    confirmed = np.where(labels > 0, rng.integers(0, 2, shape) * 2, 0).astype(np.uint8)
    pixels = rng.integers(0, 4000, (shape[0], channels, *shape[1:])).astype(np.uint16)
    image = Volume(pixels, spacing=(2.0, 0.5, 0.5), unit="um", channels=("dapi", "er"))
    return labels, confirmed, image


def summing(labels, confirmed, image, region=None, shape=None) -> Summing:
    def look(t, box):
        return image.pixels[(t, slice(None), *box)]

    shape = shape or labels.shape
    return Summing(Measured(labels, confirmed, region or whole_region(shape), shape, look, image.pixels.shape[1]))


def finished(one: Summing) -> Summing:
    while not one.is_done:
        one.step()
    return one


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_column_is_that_of_the_export(shape):
    labels, confirmed, image = scene(shape)
    found = ObjectTable.of(finished(summing(labels, confirmed, image)).sums, image, {})
    export = written.measure_objects(ExportRequest(labels, image))
    shared = [name for name in found.columns if name != CONFIRMED]
    assert [name for name in export if name in shared] == shared
    assert {found.size, *found.intensities} < set(shared)
    for name in shared:
        np.testing.assert_allclose(np.asarray(export[name], float), found.columns[name].astype(float), err_msg=name)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_edits_before_while_and_after_it_looks_give_what_looking_again_gives(shape):
    labels, confirmed, image = scene(shape)
    rng = np.random.default_rng(1)
    followed = summing(labels, confirmed, image)
    for turn in range(12):
        where = rng.choice(labels.size, 40, replace=False)
        maker = (edits.paint, edits.erase)[turn % 2]
        delta = maker(labels, confirmed, where, *([7 + turn % 3] if turn % 2 == 0 else []))
        delta.apply(labels, confirmed)
        followed.note(delta)
        if turn % 3:
            followed.step()
    finished(followed)
    anew = finished(summing(labels, confirmed, image))
    np.testing.assert_array_equal(followed.sums.keys, anew.sums.keys)
    np.testing.assert_allclose(followed.sums.sums, anew.sums.sums)


def test_pixels_that_are_no_numbers_leave_no_trace_when_they_are_erased():
    labels, confirmed, image = scene((1, 1, 9, 9))
    pixels = image.pixels.astype(np.float32)
    pixels[0, 0, 0, 4, 4] = np.nan
    labels[0, 0, 4, 4] = 3
    image = Volume(pixels)
    followed = finished(summing(labels, confirmed, image))
    assert np.isnan(followed.sums.sums[followed.sums.ids == 3, -2])
    delta = edits.erase(labels, confirmed, [4 * 9 + 4])
    delta.apply(labels, confirmed)
    followed.note(delta)
    finished(followed)
    assert np.isfinite(followed.sums.sums).all()


def test_of_a_part_of_an_image_what_goes_on_beyond_it_is_told_from_what_touches_the_border():
    labels = np.zeros((1, 1, 4, 6), np.uint32)
    labels[0, 0, 0, 2], labels[0, 0, 2, 5], labels[0, 0, 2, 0], labels[0, 0, 2, 2] = 1, 2, 3, 4
    image = Volume(np.zeros((1, 1, 1, 4, 6), np.uint8))
    region = (slice(0, 1), slice(0, 1), slice(10, 14), slice(0, 6))  # below, above and to the right the image goes on
    found = finished(summing(labels, np.zeros_like(labels, np.uint8), image, region, (1, 1, 30, 12))).sums
    made = ObjectTable.of(found, image, {})
    assert made.is_cut.tolist() == [True, True, False, False]
    assert made.columns["touches_border"].tolist() == [0, 0, 1, 0]


def test_many_blocks_are_one_table():
    labels = np.arange(1, 1_200_001, dtype=np.uint32).reshape(1, 1, 1000, 1200) // 1200 + 1
    image = Volume(np.ones((1, 1, 1, 1000, 1200), np.uint8))
    one = summing(labels, np.zeros(labels.shape, np.uint8), image)
    finished(one)
    assert len(one.sums.keys) == 1001
    assert one.sums.sums[:, 0].sum() == labels.size
