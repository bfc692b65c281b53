"""A large image in the window: the part in view is open for editing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.gui.opening import read
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.session import SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage

CENTRES = {"left": (1300.0, 500.0), "right": (1300.0, 3900.0)}


@pytest.fixture
def large(panel, viewer, tmp_path: Path):
    """A slide of 2600 x 4400 pixels of half a micrometer, too large to be labelled whole here; its entry."""
    pixels = np.random.default_rng(0).integers(0, 200, (2600, 4400)).astype(np.uint16)
    for y in range(12, 2500, 40):
        for x in range(12, 4300, 40):
            pixels[y : y + 16, x : x + 16] += 800
    path = tmp_path / "slide.ome.tif"
    size = {f"PhysicalSize{axis}": 0.5 for axis in "XY"}
    tifffile.imwrite(path, pixels, ome=True, metadata={"axes": "YX", **size})
    panel.session.options = SessionOptions(largest_whole=1_000_000)
    [(data, options, kind)] = read(str(path))
    assert kind == "image"
    viewer.add_image(data, **options)
    QTest.qWait(50)
    entry = panel.session.current
    assert isinstance(entry, LargeProjectImage)
    return entry


@pytest.fixture
def look_at(viewer, large, qtbot):
    def look(where: str, zoom: float = 4.0) -> None:
        y, x = CENTRES[where]
        viewer.scene.camera.center = (0, y / 2, x / 2)  # half a micrometer a pixel
        viewer.scene.camera.zoom = zoom
        qtbot.waitUntil(lambda: holds(large, y, x), timeout=20_000)
        QTest.qWait(100)

    return look


def holds(entry: LargeProjectImage, y: float, x: float) -> bool:
    """Whether the open part holds a pixel of the image with what is seen around it."""
    return all(part.start <= at - 90 and at + 90 < part.stop for part, at in zip(entry.region[2:], (y, x), strict=True))


def test_the_part_in_view_is_opened_and_masks_lie_on_it(panel, viewer, look_at, large):
    look_at("left")
    assert large.region[3] == slice(0, 2048)
    masks = panel.label_layers.labels
    assert masks.data.shape == (2048, 2048)
    assert masks.data_to_world((0, 0)) == pytest.approx((large.region[2].start / 2, 0))
    look_at("right")
    assert large.region[3] == slice(2560, 4400)
    assert panel.label_layers.labels is masks
    assert masks.data_to_world((0, 0)) == pytest.approx((large.region[2].start / 2, 1280))
    assert "x 2560 to 4400" in panel.image.region.label.text()


def test_a_second_panel_opens_while_what_is_looked_at_lies_in_another_part(panel, viewer, look_at, large):
    look_at("left")
    point = np.array([(0, 0, 1300, 500)])
    box = np.array([[(0, 1), (0, 1), (1290, 1310), (490, 510)]])
    panel.session.review.take_in(large, Doubts(point, box, np.array([0.9]), np.ones(1, bool)))
    place = panel.session.review.next()
    look_at("right")
    second = ApprenticePanel(viewer)
    assert second.session.review.place is place
    shown = second.runtime.reviewing.layer
    assert shown is None or not shown.visible
    second.runtime.close()


def test_far_away_nothing_is_opened_and_masks_elsewhere_are_seen(panel, viewer, look_at, large, hand):
    look_at("left")
    panel.correct.buttons["paint"].click()
    y = 1300 - large.region[2].start
    hand.drag(panel.label_layers.labels, (y, 450), (y, 550))
    painted = int((large.labels > 0).sum())
    assert painted > 1000
    look_at("right")
    assert not large.labels.any()
    overview = next(layer for layer in viewer.layers if "elsewhere" in layer.name)
    assert not overview.editable
    assert np.count_nonzero(overview.data) == painted // large.folder.store.steps[2] ** 2
    assert overview.data_to_world((0, 0)) == pytest.approx(panel.images.current.layer.data_to_world((0, 0)))
    assert viewer.layers.index(overview) < viewer.layers.index(panel.label_layers.labels)
    region = large.region
    viewer.reset_view()
    QTest.qWait(700)
    assert large.region == region


def test_a_stroke_is_undone_where_it_was_painted_and_the_view_goes_there(panel, viewer, look_at, large, hand, qtbot):
    look_at("left")
    panel.correct.buttons["paint"].click()
    y = 1300 - large.region[2].start
    hand.drag(panel.label_layers.labels, (y, 450), (y, 550))
    look_at("right")
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: holds(large, *CENTRES["left"]), timeout=20_000)
    assert not large.labels.any()
    assert viewer.scene.camera.center[1] == pytest.approx(1300 / 2, abs=15)
    assert viewer.scene.camera.center[2] == pytest.approx(500 / 2, abs=40)
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert large.labels.any()


def test_approving_the_image_approves_what_is_open_and_says_so(panel, viewer, look_at, large):
    look_at("left")
    said = []
    panel.session.message.connect(said.append)
    panel.tools.use("approve image")
    assert (large.confirmed == 1).all()
    assert "the part that is open" in said[-1]
    look_at("right")
    assert not (large.confirmed[..., -500:] == 1).any()
    panel.session.undo()
    assert not large.is_confirmed


def test_segment_is_of_the_open_part_and_its_proposal_lies_there(panel, viewer, look_at, large, runners):
    look_at("right")
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(150)
    proposal = next(layer for layer in viewer.layers if "proposal" in layer.name)
    assert proposal.data_to_world((0, 0)) == pytest.approx([part.start / 2 for part in large.region[2:]])
    runners.jobs[-1].finish()
    QTest.qWait(300)
    labels = large.labels[0, 0]
    rows, columns = np.nonzero(labels)  # squares of the image begin at 12, 52, ...
    assert ((rows + large.region[2].start - 12) % 40 < 16).all()
    assert ((columns + large.region[3].start - 12) % 40 < 16).all()
    assert panel.segment.all.isVisible()


def test_a_click_in_the_open_part_finds_the_cell_there(panel, viewer, look_at, large, hand, runners):
    look_at("right", zoom=8)
    panel.correct.buttons["click"].click()
    y, x = 1292 + 8 - large.region[2].start, 3892 + 8 - large.region[3].start
    hand.click(panel.label_layers.labels, (y, x))
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(150)
    hand.key(Qt.Key.Key_Return)
    QTest.qWait(50)
    assert large.labels[0, 0, y, x] == 1
    assert (large.labels == 1).sum() == 256
