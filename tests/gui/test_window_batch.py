"""Segment many files, in the window: a real process, real files, a tiny network."""

from __future__ import annotations

import csv
import shlex

import numpy as np
import pytest
import tifffile
import torch
from napari.layers import Layer
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.opening import read

LONGEST_MS = 120_000


@pytest.fixture
def folder(tmp_path, cells):
    """Two images, and a file that is none."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for seed, name in enumerate(("a", "c")):
        tifffile.imwrite(folder / f"{name}.tif", cells(seed=seed))
    (folder / "b.tif").write_bytes(b"II*\0nothing here")
    return folder


@pytest.fixture
def tiny(tmp_path):
    torch.manual_seed(0)
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, norm="none")
    checkpoint.save(tmp_path / "tiny.safetensors", ModelHeader(id="tiny", name="tiny", net=net), build(net))
    return str(tmp_path / "tiny.safetensors")


@pytest.fixture
def dialog(panel, tiny):
    panel.session.choose_model(tiny)
    panel.segment.many.show()
    return panel.segment.many.dialog


def finish(dialog, qtbot):
    qtbot.waitUntil(lambda: not dialog.is_running, timeout=LONGEST_MS)


def test_a_folder_is_segmented_and_a_bad_file_stops_nothing(dialog, folder, qtbot):
    dialog.form.inputs.add(str(folder))
    assert dialog.form.out.text() == str(folder.with_name("plate_labels"))
    dialog.form.formats[".csv"].setChecked(True)
    dialog.job.verb.button.click()
    finish(dialog, qtbot)
    out = folder.with_name("plate_labels")
    named = [f"{one}{suffix}" for one in "ac" for suffix in (".csv", ".csv.json", ".tif")]
    assert sorted(path.name for path in out.iterdir()) == [*named, "report.csv"]
    assert dialog.job.ended.text() == "Done: 2 segmented, 1 failed."
    table = dialog.table
    assert [table.item(i, 0).text() for i in range(3)] == ["a.tif", "b.tif", "c.tif"]
    assert table.item(1, 1).text() == "failed"
    assert "get the file again" in table.item(1, 3).text()
    with (out / "report.csv").open(newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["done", "failed", "done"]

    (out / "a.csv").unlink()  # what is whole is left out
    dialog.job.verb.button.click()
    finish(dialog, qtbot)
    assert dialog.job.ended.text() == "Done: 1 segmented, 1 done before, 1 failed."


def test_the_window_lives_while_files_are_segmented_and_cancel_stops_them(dialog, folder, tmp_path, qtbot, cells):
    for number in range(60):
        tifffile.imwrite(folder / f"d{number:02}.tif", cells((400, 400), seed=number))
    dialog.form.inputs.add(str(folder / "*.tif"))
    dialog.job.verb.button.click()
    qtbot.waitUntil(lambda: dialog.table.rowCount() >= 4, timeout=LONGEST_MS)
    assert " of 63: d" in dialog.job.words.text()
    dialog.job.cancel.click()
    finish(dialog, qtbot)
    assert dialog.job.ended.text().startswith("Cancelled: ")
    assert 4 <= dialog.table.rowCount() < 63
    written = list((folder / "labels").glob("*.tif"))
    assert all(tifffile.imread(path).ndim == 2 for path in written)  # none is half


def test_what_is_missing_is_said_beside_the_button(dialog, panel, folder):
    verb = dialog.job.verb
    assert "add files, a folder or a pattern" in verb.reason.text()
    dialog.form.inputs.add(str(folder / "a.tif"))
    assert verb.button.isEnabled()
    dialog.form.formats[".tif"].setChecked(False)
    assert "at least one format" in verb.reason.text()
    dialog.form.formats[".tif"].setChecked(True)
    panel.session.choose_model("fresh")
    assert "knows nothing yet" in verb.reason.text()


def test_a_batch_that_cannot_begin_says_why(dialog, tmp_path, qtbot):
    dialog.form.inputs.add(str(tmp_path / "gone.tif"))
    dialog.job.verb.button.click()
    finish(dialog, qtbot)
    assert "gone.tif does not exist" in dialog.words.text()
    assert dialog.job.verb.button.isEnabled()


def test_files_are_read_as_the_image_of_the_panel_when_asked(dialog, panel, viewer, tmp_path, cells, qtbot):
    """Channels as chosen there always; axes and pixel size when it is ticked."""
    folder = tmp_path / "films"
    folder.mkdir()
    tifffile.imwrite(folder / "film.tif", np.stack([cells(seed=seed) for seed in range(6)]))
    viewer.add_image(cells((6, 120, 160)), name="film", scale=(1, 0.5, 0.5), axis_labels=("t", "y", "x"))
    QTest.qWait(50)
    panel.image.ask_size.unit.activated.emit(0)
    assert "time, y, x; 0.5 um" in dialog.form.same.text()
    dialog.form.same.setChecked(True)
    dialog.form.inputs.add(str(folder))
    dialog.job.verb.button.click()
    finish(dialog, qtbot)
    assert dialog.job.ended.text() == "Done: 1 segmented."
    with tifffile.TiffFile(tmp_path / "films_labels" / "film.tif") as file:
        assert file.series[0].axes == "TYX"
        assert 'PhysicalSizeX="0.5"' in file.ome_metadata


def test_the_axes_of_files_are_told_in_the_order_of_the_file(dialog, panel, viewer, tmp_path, cells):
    """The layer shows channels first, and leaves out what has length 1."""
    pixels = np.stack([cells((2, 120, 160), seed=seed) for seed in range(7)])[:, None]  # seven planes of two channels
    tifffile.imwrite(tmp_path / "hyper.tif", pixels, imagej=True, metadata={"axes": "TZCYX"})
    for data in read(str(tmp_path / "hyper.tif")):
        viewer.add_layer(Layer.create(*data))
    QTest.qWait(50)
    dialog.form.same.setChecked(True)
    assert dialog.form.order.read_as.axes == "TCYX"  # the file leaves out z itself
    panel.images.open(viewer.layers["hyper"], LayerReading("CZYX"))
    assert dialog.form.order.read_as.axes == "ZCYX"
    dialog.form.inputs.add(str(tmp_path / "hyper.tif"))
    dialog.copy.click()
    command = shlex.split(QGuiApplication.clipboard().text())
    assert command[:3] == ["apprentice", "segment", str(tmp_path / "hyper.tif")]
    assert command[command.index("--axes") + 1] == "ZCYX"


def test_the_panel_ends_a_batch_that_runs(dialog, panel, folder, cells, qtbot):
    for number in range(40):
        tifffile.imwrite(folder / f"d{number:02}.tif", cells((400, 400), seed=number))
    dialog.form.inputs.add(str(folder))
    dialog.job.verb.button.click()
    run = dialog._run
    qtbot.waitUntil(lambda: dialog.table.rowCount() >= 1, timeout=LONGEST_MS)
    panel.runtime.close()
    assert not dialog.is_running
    assert run._process.poll() is not None
