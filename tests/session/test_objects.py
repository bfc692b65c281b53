"""The table of objects, what is done to its rows, the filter, a row an image: through the session's public door."""

from __future__ import annotations

import numpy as np
import pytest
from tests.session.test_regions import flat, image, opened

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects.summary import by_well, well_of
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName, FilterSettings

__all__ = ["image"]  # a fixture

SHAPE = (2, 3, 20, 30)


def stack(session: Session):
    """In each of two frames 1 touches the left edge, 2 is small and bright, 3 large; slices of 2 x .5 x .5 um."""
    pixels = np.full((2, 1, 3, 20, 30), 10.0)
    labels = np.zeros(SHAPE, np.uint32)
    labels[:, 1, 2:8, 0:6], labels[:, 1, 12:14, 10:12], labels[:, 1, 2:16, 16:28] = 1, 2, 3
    pixels[:, 0][labels == 2] = 50.0
    return session.add_image(Volume(pixels, spacing=(2.0, 0.5, 0.5), unit="um", name="cells"), labels)


def dark(shape, name: str) -> Volume:
    """One bright pixel."""
    pixels = np.zeros((1, 1, 1, *shape))
    pixels[..., 0, 0] = 1
    return Volume(pixels, name=name)


def test_table_has_sizes_in_the_unit_intensities_border_and_what_is_confirmed(session):
    stack(session)
    session.edits.approve_object((1, 1, 3, 20))
    table = session.objects.now()
    assert list(table.columns) == [
        "label", "frame", "pixels", "volume_um3", "intensity_mean_channel_0", "touches_border", "confirmed",
    ]  # fmt: skip
    assert table.objects.tolist() == [[0, 1], [0, 2], [0, 3], [1, 1], [1, 2], [1, 3]]
    assert table.columns["volume_um3"][:3].tolist() == [18.0, 2.0, 84.0]
    assert table.columns["intensity_mean_channel_0"][:3].tolist() == [10.0, 50.0, 10.0]
    assert table.columns["touches_border"].tolist() == [1, 0, 0, 1, 0, 0]
    assert table.columns["confirmed"].tolist() == [0, 0, 0, 0, 0, 1]


def approve(session, objects):
    session.objects.approve(objects)


def delete(session, objects):
    session.objects.delete(objects)


def remove(session, objects):
    session.objects.remove(objects)


@pytest.mark.parametrize(("edit", "sure", "label"), [(approve, 2, 2), (delete, 1, 0), (remove, 0, 0)])
def test_several_rows_are_one_step_that_a_reopened_project_has(session, edit, sure, label):
    entry = stack(session)
    session.edits.approve_object((0, 1, 12, 10))
    before = entry.labels.copy(), entry.confirmed.copy()
    edit(session, [(0, 2), (1, 2), (1, 3)])
    after = entry.labels.copy(), entry.confirmed.copy()
    assert (entry.labels[0, 1, 12, 10], entry.confirmed[0, 1, 12, 10]) == (label, sure)
    assert entry.confirmed[1, 1, 3, 20] == sure
    np.testing.assert_array_equal(entry.labels[0, 1, 2:16, 16:28], 3)  # in a frame that was not chosen
    session.undo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), before)
    session.redo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), after)
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal((again.current.labels, again.current.confirmed), after)


def test_filter_removes_by_size_intensity_and_border_in_one_step_and_leaves_what_was_edited(session):
    entry = stack(session)
    session.edits.approve_object((0, 1, 3, 2))  # on the border
    before = entry.labels.copy()
    assert session.filter_objects(FilterSettings(min_size=2.5, touching_border=True)) == 3
    assert np.unique(entry.labels[0]).tolist() == [0, 1, 3]
    assert np.unique(entry.labels[1]).tolist() == [0, 3]
    assert not entry.confirmed[1].any()  # what is removed says nothing and teaches nothing
    session.undo()
    np.testing.assert_array_equal(entry.labels, before)
    assert session.filter_objects(FilterSettings(max_intensity=49.0)) == 2
    assert session.filter_objects(FilterSettings(max_size=83.0)) == 2
    assert session.filter_objects(FilterSettings(touching_border=True), edited=True) == 2
    assert not entry.labels.any()
    assert not entry.confirmed.any()


def test_ranges_hold_their_ends(session):
    stack(session)
    kept = FilterSettings(min_size=2.0, max_size=84.0, min_intensity=10.0, max_intensity=50.0)
    assert session.filter_objects(kept) == 0
    with pytest.raises(UserError, match="There is no channel 1"):
        session.filter_objects(FilterSettings(min_intensity=1.0, intensity_channel=1))


def test_table_follows_edits_a_little_at_a_time(session):
    entry = stack(session)
    assert session.objects.table is None
    session.objects.now()
    session.paint(np.flatnonzero(entry.labels == 2), 3)
    assert len(session.objects.table) == 6  # nothing was measured while it was painted
    while not session.objects.advance(0.0):
        pass
    assert session.objects.table.objects.tolist() == [[0, 1], [0, 3], [1, 1], [1, 3]]
    session.undo()
    assert len(session.objects.now()) == 6
    other = session.add_image(dark((9, 9), "other"))
    assert session.objects.table is None
    assert len(session.objects.now()) == 0
    session.choose_image(entry)
    session.edits.replace_labels(np.ones(SHAPE, np.uint32))
    assert session.objects.now().columns["pixels"].tolist() == [1800, 1800]
    assert session.current is not other


def test_numbers_of_ones_own_are_a_column(session):
    stack(session)
    session.objects.set_column("doubt", [(1, 3), (0, 2), (7, 7)], [0.25, 0.5, 9.0])
    doubt = session.objects.now().columns["doubt"]
    np.testing.assert_array_equal(doubt, [np.nan, 0.5, np.nan, np.nan, np.nan, 0.25])
    session.objects.delete([(0, 1)])
    assert session.objects.now().columns["doubt"][0] == 0.5
    session.objects.set_column("doubt", [], [])
    assert "doubt" not in session.objects.now().columns


def test_rows_of_classes_are_not_edited_as_objects(session):
    session.choose_kind("classes", (ClassName(value=1, name="gland"), ClassName(value=2, name="stroma")))
    session.add_image(dark((9, 9), "section"))
    session.paint(np.arange(20), 2)
    table = session.objects.now()
    assert table.columns["class"].tolist() == ["stroma"]
    assert table.columns["area_px"].tolist() == [20.0]
    with pytest.raises(UserError, match="Areas of classes are not objects"):
        session.objects.delete(table.objects)
    with pytest.raises(UserError, match="Areas of classes are not objects"):
        session.objects_by_image.now()


def test_of_a_large_image_the_table_has_the_open_part_and_the_filter_leaves_what_goes_on_beyond(session, image):
    entry = opened(session, image)
    right = entry.region[3].stop
    assert right < entry.shape[3]
    session.paint(flat(entry, slice(1300, 1310), slice(200, 210)), 5)
    session.paint(flat(entry, slice(1300, 1310), slice(right - 5, right)), 6)
    table = session.objects.now()
    assert table.objects[:, 1].tolist() == [5, 6]
    assert table.is_cut.tolist() == [False, True]
    assert session.filter_objects(FilterSettings(min_size=1e6), edited=True) == 1
    assert set(np.unique(entry.labels)) == {0, 6}
    session.undo()
    assert set(np.unique(entry.labels)) == {0, 5, 6}


def test_each_image_is_a_row_and_those_not_opened_yet_are_not_kept_in_memory(session):
    stack(session)
    session.add_image(dark((100, 200), "b"))
    session.paint(np.arange(50), 1)
    session.paint(np.arange(1000, 1010), 2)
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        other = next(entry for entry in again.entries if entry is not again.current)
        first, second = again.objects_by_image.now()
        assert not other.is_read
        assert (first.name, first.count, first.median_size, first.size_unit) == ("cells", 6, 18.0, "um3")
        assert first.density == pytest.approx(6 / (2 * 3 * 20 * 30 * 0.5e-9))
        assert (second.count, second.median_size, second.confirmed) == (2, 30.0, 2)
        assert (second.density, second.density_unit) == (pytest.approx(100.0), "per million pixels")
        again.undo()
        assert [row.count for row in again.objects_by_image.now()] == [6, 1]


def test_fields_of_a_well_are_one_row(session):
    assert well_of("/data/screen.ome.zarr/B/3/0") == "screen.ome.zarr B3"
    assert well_of("/data/B/3.tif") == ""
    assert well_of(None) == ""
    stack(session)
    [one] = session.objects_by_image.now()
    fields = [one.__class__(**{**vars(one), "well": "screen.ome.zarr B3"}) for _ in range(2)]
    together, alone = by_well([*fields, one])
    assert (together.name, together.count) == ("screen.ome.zarr B3", 12)
    assert together.density == pytest.approx(one.density)
    assert (alone.name, alone.count) == ("cells", 6)
