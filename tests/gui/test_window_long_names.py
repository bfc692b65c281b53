"""Names of any length, and images with and without a pixel size: the panel keeps its width, and says all the same."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.errors import UserError
from napari_apprentice.gui.opening import open_paths
from napari_apprentice.gui.panel import WIDTH, ApprenticePanel
from napari_apprentice.project.folder import Project
from napari_apprentice.session import Session
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import ClassName

LEFT = Qt.MouseButton.LeftButton
LONG = "an_experiment_with_everything_in_its_name_" * 4
SPACED = "an experiment with everything in its name " * 4


def press(button):
    QTest.mouseClick(button, LEFT)
    QTest.qWait(30)


@pytest.fixture
def long_names(viewer, runners, tmp_path):
    """Project, folder, file, channels, model, labels and classes with names of more than 100 letters."""
    folder = tmp_path / LONG[:120]
    folder.mkdir()
    session = Session(Project.create(tmp_path / "project", name=LONG), runners=runners)
    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    path = folder / f"{LONG[:120]}.ome.tif"
    pixels = np.random.default_rng(0).integers(0, 900, (2, 120, 160)).astype(np.uint16)
    tifffile.imwrite(path, pixels, ome=True, metadata={"axes": "CYX", "Channel": {"Name": [LONG, SPACED]}})
    model = folder / f"{LONG[:100]}.safetensors"
    shutil.copy(next(iter(bundled_files().values()))[1], model)
    open_paths(viewer, [str(path)])
    viewer.add_labels(np.zeros((120, 160), np.uint32), name=LONG)
    QTest.qWait(80)
    session.choose_model(str(model))
    panel.image._on_channels((1,))
    yield panel
    panel.runtime.close()
    session.close()


def test_long_names_of_anything_do_not_widen_the_panel(long_names, viewer, tmp_path):
    panel = long_names
    viewer.window.resize(1366, 740)
    QTest.qWait(100)
    assert panel._column.least_width < WIDTH + 30
    words = panel.project.words
    assert words.text().startswith(LONG)
    assert words.toolTip() == str(tmp_path / "project")
    assert "…" in super(type(words), words).text()
    panel.session.choose_kind(
        "classes", tuple(ClassName(value=i, name=n, color="#7b3294") for i, n in [(1, LONG), (2, SPACED)])
    )
    panel.session.choose_model("fresh")
    panel.image._on_channels((1,))
    QTest.qWait(80)
    for part in (panel.image.reading, panel.segment.more, panel.teach.more, panel.model.fresh.more):
        part.show()
    QTest.qWait(80)
    assert SPACED in panel.image.channels.ticks.toolTip()
    assert panel._column.least_width < WIDTH + 30
    assert viewer.window._qt_window.width() == 1366
    panel.session.message.emit(f"The project is in /data/{LONG} now.")
    QTest.qWait(30)
    assert panel.said.width() < 500


def counted_warnings():
    return sum("nits" in one.message for one in notification_manager.records)


def test_an_image_without_a_size_takes_that_of_another_and_napari_no_longer_warns(panel, opened, viewer, cells):
    for name in ("plain", "others"):
        panel.image.open(viewer.add_image(cells(seed=len(name)), name=name))
    labels = viewer.add_labels(np.zeros((120, 160), np.uint32), name="drawn")
    QTest.qWait(80)
    same = panel.image.same_size
    assert same.here.text() == "As cells: 0.5 um"
    assert counted_warnings() > 0
    press(same.here)
    assert tuple(viewer.layers["others"].scale) == (0.5, 0.5)
    assert panel.session.current.volume.unit == "um"
    assert not same.here.isVisible()
    assert same.there.text() == "Same pixel size for 2 layers without one"
    assert "plain, drawn" in same.there.toolTip()
    press(same.there)
    assert [str(unit) for unit in labels.units] == ["micrometer", "micrometer"]
    assert tuple(labels.scale) == tuple(viewer.layers["plain"].scale) == (0.5, 0.5)
    assert panel.images.shown_by(viewer.layers["plain"]).entry.volume.spacing[1:] == (0.5, 0.5)
    assert not same.isVisible()
    QTest.qWait(80)
    before = counted_warnings()
    for name in ("cells", "plain", "others"):
        panel.image.open(viewer.layers[name])
        panel.label_layers.show_confirmed(True)
        QTest.qWait(60)
    assert counted_warnings() == before


def test_no_step_between_slices_is_made_up(panel, opened, viewer, cells):
    viewer.add_image(cells((9, 120, 160)), name="stack")
    QTest.qWait(50)
    assert not panel.image.same_size.isVisible()  # there is a stack without a size, and a flat image with one
    panel.image.open(viewer.layers["stack"])
    assert not panel.image.same_size.isVisible()


def test_a_zero_character_in_a_name_is_one_sentence(panel, opened, tmp_path):
    panel.session.paint([5], 1)
    with pytest.raises(UserError, match="zero character"):
        panel.session.verbs.export.begin(str(tmp_path / "a\0b.tif"))
    with pytest.raises(UserError, match="zero character"):
        panel.session.save_project_in(str(tmp_path / "a\0b"))
    panel.continue_project(tmp_path / "a\0b")
    assert "zero character" in panel.project.sentence
    assert panel.session.current.name == "cells"
