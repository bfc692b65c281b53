"""Images and masks that are there already, in the window: a folder of them, and masks onto the image."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

import napari_apprentice as na
from napari_apprentice.gui.opening import get_outlines_reader
from napari_apprentice.jobs import TeachJob


def masks() -> np.ndarray:
    """The squares of `cells`, each under its number."""
    labels = np.zeros((120, 160), np.uint32)
    corners = [(y, x) for y in range(12, 104, 40) for x in range(12, 144, 40)]
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + 16, x : x + 16] = number
    return labels


@pytest.fixture
def folder(tmp_path, cells):
    """Two images with masks, one as an image and one as outlines; an image without, and masks without an image."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for seed, name in enumerate(("a", "b", "c")):
        tifffile.imwrite(folder / f"{name}.tif", cells(seed=seed))
    tifffile.imwrite(folder / "a_masks.tif", masks().astype(np.uint16))
    na.write_labels(folder / "b_rois.zip", masks()[None, None])
    na.write_labels(folder / "d.geojson", masks()[None, None])
    return folder


def drop(panel, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    nothing = Qt.KeyboardModifier.NoModifier
    panel.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, nothing))


def test_a_folder_of_images_and_masks_is_added_and_taught(panel, viewer, folder, runners, qtbot):
    drop(panel, folder)
    dialog = panel.from_folder.dialog
    assert dialog.isVisible()
    assert dialog.table.rows == [
        ("a.tif", "a_masks.tif", ""),
        ("b.tif", "b_rois.zip", ""),
        ("c.tif", "", "no masks: left out"),
        ("", "d.geojson", "no image: left out"),
    ]
    dialog.job.verb.button.click()
    qtbot.waitUntil(lambda: not dialog.is_running and bool(runners.jobs), timeout=60_000)
    assert [row[2] for row in dialog.table.rows[:2]] == ["12 objects", "12 objects"]
    assert "2 images added, 24 objects." in dialog.words.text()
    (job,) = [one.job for one in runners.jobs if isinstance(one.job, TeachJob)]
    assert len(job.training_data) == 2
    assert panel.session.project.name == "mine"
    assert [entry.name for entry in panel.session.entries] == ["a", "b"]
    assert [layer.name for layer in panel.images.layers] == ["a"]  # the others come when they are chosen
    np.testing.assert_array_equal(panel.label_layers.labels.data, masks())
    panel.session.choose_image(panel.session.entries[1])
    assert [layer.name for layer in panel.images.layers if layer.visible] == ["b"]
    np.testing.assert_array_equal(panel.label_layers.labels.data, masks())


def test_a_folder_without_masks_says_so_and_adds_nothing(panel, folder):
    for path in folder.iterdir():
        if path.stem not in "abc":
            path.unlink()
    panel.teach.from_folder.click()
    dialog = panel.from_folder.dialog
    dialog.begin(str(folder))
    assert not dialog.job.verb.button.isEnabled()
    assert "name them alike" in dialog.job.verb.reason.text()
    assert panel.session.project is None


def test_masks_are_dropped_onto_the_image_and_taken_back(panel, opened, folder):
    before = np.array(opened.data)
    drop(panel, folder / "b_rois.zip")
    np.testing.assert_array_equal(panel.label_layers.labels.data > 0, masks() > 0)
    assert not panel.session.current.is_confirmed
    panel.session.undo()
    np.testing.assert_array_equal(panel.label_layers.labels.data, before)
    tifffile.imwrite(folder / "small.tif", np.ones((8, 8), np.uint8))
    panel.image.open_masks(str(folder / "small.tif"))
    assert "they must be of one size" in panel.image.sentence


def test_outlines_dropped_on_the_canvas_are_labels_to_start_from(panel, opened, viewer, folder):
    read = get_outlines_reader(str(folder / "b_rois.zip"))
    assert get_outlines_reader(str(folder / "a.tif")) is None
    viewer._add_layer_from_data(*read(str(folder / "b_rois.zip"))[0])
    layer = viewer.layers["b_rois"]
    np.testing.assert_array_equal(layer.data, masks())
    np.testing.assert_array_equal(layer.scale, (0.5, 0.5))
    panel.image.start.setCurrentText("b_rois")
    panel.image.start.activated.emit(panel.image.start.currentIndex())
    np.testing.assert_array_equal(panel.label_layers.labels.data, masks())
    viewer.layers.clear()
    with pytest.raises(na.UserError, match="open that first"):
        read(str(folder / "b_rois.zip"))
