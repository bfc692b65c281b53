"""The table of objects in a real window: rows and canvas follow each other, and edits; ranges and the filter."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.gui.objects.pane import ALL_IMAGES, FILTER

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def pane(panel, opened, cells, hand, qtbot):
    """12 cells of 16 x 16, of .5 um a pixel, 5 of them cut to other sizes, two at the top edge; T opened the table."""
    labels = np.zeros((1, 1, 120, 160), np.uint32)
    for number, (y, x) in enumerate(((y, x) for y in range(12, 104, 40) for x in range(12, 144, 40)), 1):
        labels[0, 0, y : y + 16, x : x + 16] = number
    labels[0, 0, 20:28][labels[0, 0, 20:28] == 2] = 0  # 8 x 16
    labels[0, 0, 0:12, 12:28] = 1
    panel.session.edits.replace_labels(labels)
    panel.label_layers.activate()
    hand.key(Qt.Key.Key_T)
    qtbot.waitUntil(lambda: panel.objects.pane is not None and len(panel.objects.pane.view.keys) == 12, timeout=5_000)
    return panel.objects.pane


def column(pane, title: str) -> list[str]:
    model = pane.view.rows
    place = next(i for i in range(model.columnCount()) if model.headerData(i, Qt.Orientation.Horizontal) == title)
    return [model.data(model.index(row, place)) for row in range(model.rowCount())]


def click_row(pane, row: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    pane.view.scrollTo(pane.view.rows.index(row, 1))
    at = pane.view.visualRect(pane.view.rows.index(row, 1)).center()
    QTest.mouseClick(pane.view.viewport(), LEFT, modifier, at)


def click_heading(pane, place: int) -> None:
    across = pane.view.horizontalHeader()
    QTest.mouseClick(across.viewport(), LEFT, pos=QPoint(across.sectionViewportPosition(place) + 10, 8))


def test_doubts_of_a_proposal_that_changes_no_label_come_into_the_open_table(panel, pane, qtbot):
    entry = panel.session.current
    points, boxes = np.array([[0, 0, 14, 60]]), np.array([[[0, 1], [0, 1], [12, 20], [52, 68]]])
    panel.session.review.take_in(entry, Doubts(points, boxes, np.array([0.75]), np.array([False])))
    qtbot.waitUntil(lambda: "doubt" in pane._shown.columns, timeout=5_000)
    assert column(pane, "Doubt")[1] == "75 %"
    assert pane._shown.columns["doubt"][pane._shown.objects[:, 1] == 2] == 0.75


def selected(pane) -> list[int]:
    return (pane.view.selected & 0xFFFFFFFF).tolist()


def outlined(panel) -> np.ndarray:
    """Which ids of the masks lie in the layer of outlines."""
    layer = next((one for one in panel.viewer.layers if one.name == "selected objects"), None)
    if layer is None or not layer.visible:
        return np.zeros(0)
    corner = np.round((np.asarray(layer.translate) - panel.label_layers.labels.translate) / layer.scale).astype(int)
    where = np.argwhere(np.asarray(layer.data)) + corner
    return np.unique(np.asarray(panel.label_layers.labels.data)[tuple(where.T)])


def test_rows_have_sizes_in_the_unit_and_are_sorted_by_a_click_on_a_heading(pane):
    assert pane.below.words.text() == "12 objects."
    assert column(pane, "Area (um2)")[:3] == ["112", "32", "64"]
    assert column(pane, "Border") == ["yes", *[""] * 11]
    click_heading(pane, 1)
    assert column(pane, "Id")[:2] == ["2", "3"]
    click_heading(pane, 1)
    assert column(pane, "Id")[:2] == ["1", "3"]


def test_a_row_takes_the_camera_to_its_object_and_a_click_on_the_canvas_selects_the_row(
    panel, pane, hand, opened, qtbot
):
    click_row(pane, 7)
    qtbot.waitUntil(lambda: outlined(panel).tolist() == [8], timeout=3_000)
    np.testing.assert_allclose(panel.viewer.scene.camera.center[-2:], (59.5 / 2, 139.5 / 2), atol=0.6)
    QTest.keyClick(pane.view, Qt.Key.Key_Up)
    np.testing.assert_allclose(panel.viewer.scene.camera.center[-2:], (59.5 / 2, 99.5 / 2), atol=0.6)
    panel.viewer.reset_view()
    hand.click(opened, (100, 20))
    assert selected(pane) == [9]
    qtbot.waitUntil(lambda: outlined(panel).tolist() == [9], timeout=3_000)
    panel.tools.use("paint")
    hand.click(opened, (100, 60))  # the brush paints
    assert selected(pane) == [9]


def test_the_outline_of_an_object_in_the_first_slice_adds_none_and_in_3d_it_is_filled(panel, viewer, qtbot):
    pixels = np.random.default_rng(0).integers(0, 99, (7, 40, 60))
    labels = np.zeros((1, 7, 40, 60), np.uint32)
    labels[0, :2, 10:20, 10:20] = 3
    viewer.add_image(pixels, name="stack", scale=(2, 1, 1))
    QTest.qWait(50)
    panel.session.edits.replace_labels(labels)
    panel.objects.show()
    pane = panel.objects.pane
    qtbot.waitUntil(lambda: len(pane.view.keys) == 1, timeout=5_000)
    viewer.dims.set_current_step(0, 4)
    click_row(pane, 0)
    qtbot.waitUntil(lambda: outlined(panel).tolist() == [1], timeout=3_000)
    assert viewer.dims.current_step[0] == 0
    assert viewer.dims.nsteps[0] == 7
    outline = viewer.layers["selected objects"]
    assert outline.contour > 0
    viewer.dims.ndisplay = 3
    assert outline.contour == 0


def test_selected_rows_are_approved_and_deleted_in_one_step_each(panel, pane, qtbot):
    entry = panel.session.current
    click_row(pane, 2)
    click_row(pane, 4, SHIFT)
    QTest.keyClick(pane.view, Qt.Key.Key_A)
    assert np.unique(entry.labels[entry.confirmed == 2]).tolist() == [3, 4, 5]
    qtbot.waitUntil(lambda: column(pane, "Confirmed") == ["", "", "yes", "yes", "yes", *[""] * 7], timeout=3_000)
    assert selected(pane) == [3, 4, 5]
    QTest.keyClick(pane.view, Qt.Key.Key_Z, CONTROL)
    assert not entry.confirmed.any()
    pane.below.delete.click()
    assert (entry.confirmed == 1).sum() == 3 * 256
    assert len(column(pane, "Id")) == 9
    QTest.keyClick(pane.view, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: len(column(pane, "Id")) == 12, timeout=3_000)


def test_table_follows_a_stroke_when_it_is_over(panel, pane, hand, opened, qtbot):
    panel.viewer.reset_view()
    panel.tools.use("paint")
    hand.drag(opened, (60, 20), (60, 60))  # from 5 to 6
    qtbot.waitUntil(lambda: column(pane, "Confirmed")[4] == "partly", timeout=3_000)
    area = float(column(pane, "Area (um2)")[4])
    assert area == pytest.approx((panel.session.current.labels == 5).sum() / 4, rel=1e-3)
    assert area > 64


def test_a_range_of_the_histogram_selects_rows_that_then_stand_together(pane, qtbot):
    pane.histogram.choose(pane._shown.size)
    field = pane.histogram.high
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "64")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert selected(pane) == list(range(2, 13))
    assert pane.below.words.text() == "11 of 12 objects selected."
    assert column(pane, "Id")[:2] == ["2", "3"]  # sorted by size
    pane.histogram.range.setRegion((70, 200))  # as dragged
    assert selected(pane) == [1]


def test_filter_shows_what_it_removes_and_leaves_confirmed_objects(panel, pane, qtbot):
    entry = panel.session.current
    panel.session.edits.approve_object((0, 0, 14, 16))
    QTest.mouseClick(pane.turns[FILTER], LEFT)
    QTest.keyClicks(pane.filter.fields["min_size"], "40")
    pane.filter.border.setChecked(True)
    qtbot.waitUntil(lambda: pane.filter.remove.text() == "Remove 1 (1 confirmed stay)", timeout=3_000)
    assert selected(pane) == [2]
    pane.filter.remove.click()
    assert pane.below.words.text() == "1 removed; Ctrl+Z brings it back."
    assert 2 not in entry.labels
    assert not (entry.confirmed == 1).any()
    assert not pane.filter.settings.is_wanted
    QTest.keyClick(pane.view, Qt.Key.Key_Z, CONTROL)
    assert 2 in entry.labels


def test_export_writes_what_export_labels_writes(panel, pane, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *told: (str(tmp_path / "a"), "Measurements (*.csv)"))
    pane.below.export.click()
    panel.session.export_labels(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    shown = pane._shown.columns
    for name in set(shown) - {"confirmed"}:
        np.testing.assert_allclose([float(one[name]) for one in written], shown[name].astype(float), err_msg=name)


def test_each_image_is_a_row_and_a_double_click_opens_it(panel, pane, viewer, cells, qtbot):
    first = panel.session.current
    panel.session.add_image(Volume(cells(seed=1)[None, None, None], name="others"))
    QTest.mouseClick(pane.turns[ALL_IMAGES], LEFT)
    qtbot.waitUntil(lambda: pane.images.words.text() == "2 images.", timeout=5_000)
    model = pane.images.view.rows
    assert [model.data(model.index(row, 1)) for row in range(2)] == ["12", "0"]
    at = pane.images.view.visualRect(model.index(0, 0)).center()
    QTest.mouseClick(pane.images.view.viewport(), LEFT, pos=at)
    QTest.mouseDClick(pane.images.view.viewport(), LEFT, pos=at)
    assert panel.session.current is first


def test_a_hidden_table_measures_nothing_and_leaves_the_canvas_alone(panel, pane, viewer, hand, opened):
    click_row(pane, 3)
    QTest.qWait(100)
    pane.hide()
    assert panel.session.objects.table is None
    assert "selected objects" not in [one.name for one in viewer.layers]
    hand.click(opened, (100, 20))
    assert selected(pane) == [4]
    panel.objects.show()
    assert len(pane.view.keys) == 12


def test_fifty_thousand_rows_are_sorted_and_stay_selected(qtbot):
    from napari_apprentice.gui.objects.columns import Column, number_words
    from napari_apprentice.gui.objects.view import ColumnsView

    view = ColumnsView()
    qtbot.addWidget(view)
    values = np.random.default_rng(0).random(50_000)
    view.show_columns(
        [Column("id", "Id", "", np.arange(50_000), str), Column("x", "X", "", values, number_words)], np.arange(50_000)
    )
    view.select(np.flatnonzero(values > 0.5))
    assert len(view.selected) == np.count_nonzero(values > 0.5)
    click_heading_of = view.horizontalHeader()
    click_heading_of.setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    shown = values[view.rows.order]
    np.testing.assert_array_equal(shown, np.sort(values))
    chosen = view.selectionModel().selectedRows()
    assert len(chosen) == len(view.selected)


def test_tracks_are_a_layer_that_follows_edits_and_goes(panel, viewer, hand, qtbot):
    labels = np.zeros((3, 1, 60, 80), np.uint32)
    for frame in range(3):
        labels[frame, 0, 10:20, 10 + 5 * frame : 20 + 5 * frame] = 4
        labels[frame, 0, 40:50, 30:40] = 6
    viewer.add_image(np.where(labels[:, 0] > 0, 200, 10).astype(np.uint8), name="film", axis_labels=("t", "y", "x"))
    QTest.qWait(50)
    panel.image._on_axes("TYX")
    panel.session.segment_settings = panel.session.segment_settings.model_copy(update={"link": True})
    panel.session.edits.replace_labels(labels)
    panel.label_layers.activate()
    hand.key(Qt.Key.Key_T)
    qtbot.waitUntil(lambda: panel.objects.pane is not None and len(panel.objects.pane.view.keys) == 6, timeout=5_000)
    pane = panel.objects.pane
    qtbot.waitUntil(pane.below.tracks.isEnabled, timeout=5_000)
    assert (pane.below.tracks.isVisible(), pane.tracks.why_not()) == (True, "")
    pane.below.tracks.click()
    qtbot.waitUntil(lambda: pane.tracks.layer is not None, timeout=5_000)
    layer = pane.tracks.layer
    np.testing.assert_array_equal(layer.data[:3, 1:], [[0, 14.5, 14.5], [1, 14.5, 19.5], [2, 14.5, 24.5]])
    other = int(panel.session.current.labels[0, 0, 45, 35])
    panel.session.objects.remove([[0, other], [1, other]])  # one frame is left of it: no track
    qtbot.waitUntil(lambda: len(pane.tracks.layer.data) == 3, timeout=5_000)
    panel.session.undo()
    qtbot.waitUntil(lambda: len(pane.tracks.layer.data) == 6, timeout=5_000)
    pane.below.divisions.click()
    labels[1:, 0, 40:50, 35:40] = 9  # half of it is another from the second frame on
    labels[0] = 0
    labels[0, 0, 10:20, 10:20], labels[0, 0, 40:50, 30:40] = 4, 6
    panel.session.edits.replace_labels(labels)
    mother, daughter = (int(panel.session.current.labels[1, 0, 45, x]) for x in (31, 38))
    qtbot.waitUntil(lambda: daughter in pane.tracks.layer.graph, timeout=5_000)
    assert pane.tracks.layer.graph[daughter] == [mother]
    pane.below.divisions.click()
    assert not pane.tracks.layer.graph
    viewer.layers.remove(pane.tracks.layer)
    assert not pane.below.tracks.isChecked()
    assert not pane.below.divisions.isVisible()


def test_a_still_image_offers_no_tracks(pane):
    assert not pane.below.tracks.isVisible()
