"""Pages of a review in the window: real keys and clicks, what the pictures show, and what lies under them."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget
from tests.gui.test_window_review import PLACES, propose, proposed

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.gui.contact_sheet.pictures import picture_of

__all__ = ["proposed"]  # a fixture

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
YELLOW = (255, 225, 77)
READ_MS = 300  # a page that is gone sooner was not looked at


@pytest.fixture
def page(panel, hand, proposed):
    """The first page, which was looked at."""
    hand.key(Qt.Key.Key_G, SHIFT)
    QTest.qWait(READ_MS)
    return panel.session.pages.page


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == colour).all(axis=-1)


def pixels_of(card: QWidget) -> np.ndarray:
    image = card.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), -1, 4)


def test_shift_g_shows_the_most_doubtful_side_by_side_over_the_canvas_and_again_puts_them_away(
    panel, viewer, hand, page
):
    sheet = panel.sheet
    assert [one.id for one in page.places] == [2, 1, 3, None]
    assert sheet.isVisible()
    assert [card.number for card in sheet.cards if card.isVisible()] == [1, 2, 3, 4]
    canvas = viewer.window._qt_viewer.canvas.native
    assert sheet.geometry() == canvas.geometry()
    assert sheet.approve.text() == "Approve 4 (G)"
    assert panel.review.words.text().startswith("about ")
    assert sheet.cards[3].words == "missing object?"
    hand.key(Qt.Key.Key_G, SHIFT)
    assert not sheet.isVisible()
    assert panel.session.pages.page is None
    hand.key(Qt.Key.Key_G, SHIFT)
    hand.key(Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_a_hint_covers_no_button_of_the_page(panel, viewer, cells, hand):
    viewer.add_image(cells((9, 120, 160)), name="stack")  # of which nothing is asked in the background
    QTest.qWait(50)
    propose(panel.session)
    QTest.qWait(500)
    assert panel.hints.callout.isVisible()
    hand.key(Qt.Key.Key_G, SHIFT)
    QTest.qWait(500)
    assert panel.session.pages.page is not None
    assert not panel.hints.callout.isVisible()
    hand.key(Qt.Key.Key_Escape)
    QTest.qWait(100)
    assert panel.hints.callout.isVisible()


def test_with_less_room_pictures_are_smaller_and_none_is_cut(panel, viewer, hand, page):
    sheet, window = panel.sheet, viewer.window._qt_window
    hand.key(Qt.Key.Key_Escape)
    window.resize(window.width(), window.minimumSizeHint().height())
    QTest.qWait(200)
    hand.key(Qt.Key.Key_G, SHIFT)
    QTest.qWait(100)
    assert panel.session.pages.page is not None
    for card in sheet.cards:
        assert card.isHidden() or sheet.room.rect().contains(card.geometry())


def test_numbers_and_clicks_mark_and_g_approves_the_rest_in_one_step(panel, hand, page, proposed):
    sheet, session = panel.sheet, panel.session
    hand.key(Qt.Key.Key_2)
    hand.key(Qt.Key.Key_R)
    QTest.mouseClick(sheet.cards[2], Qt.MouseButton.LeftButton)
    assert page.marks == {2: "delete", 3: "look"}
    assert [card.words for card in sheet.cards[:4]] == ["", "no object", "look at it", "missing object?"]
    assert sheet.approve.text() == "Approve 2, correct 1, look at 1 (G)"
    steps = len(proposed.history.done)
    hand.key(Qt.Key.Key_G)
    assert len(proposed.history.done) == steps + 1
    assert (proposed.confirmed[proposed.labels == 2] == 2).all()
    assert not (proposed.labels == 1).any()
    assert session.review.place.id == 3
    assert not sheet.isVisible()
    QTest.qWait(400)
    assert panel.review.aside.text() == "1 of 4 doubtful"
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert sheet.isVisible(), "the page is back, as it was marked"
    assert session.pages.page is page
    assert sheet.approve.text() == "Approve 2, correct 1, look at 1 (G)"
    assert not proposed.confirmed.any()


def test_what_lies_under_the_page_hears_no_key_and_two_quick_approvals_are_one(panel, hand, page, proposed):
    hand.hover(panel.label_layers.labels, (20, 100))
    before, tool = proposed.labels.copy(), panel.tools.current
    for key in (Qt.Key.Key_D, Qt.Key.Key_A, Qt.Key.Key_Q, Qt.Key.Key_M, Qt.Key.Key_9, Qt.Key.Key_0, Qt.Key.Key_B):
        hand.key(key)
    assert (proposed.labels == before).all()
    assert not proposed.confirmed.any()
    assert panel.tools.current == tool
    panel.session.pages.next(1)
    steps = len(proposed.history.done)
    hand.key(Qt.Key.Key_G)
    assert len(proposed.history.done) == steps, "nobody has seen that page yet"


def test_nothing_is_shown_in_the_middle_of_a_stroke(panel, hand, proposed):
    with panel.session.edits.stroke():
        hand.key(Qt.Key.Key_G, SHIFT)
    assert not panel.sheet.isVisible()
    assert "finish it first" in panel.correct.sentence


def test_pictures_show_the_image_with_outlines_of_the_place_and_of_what_is_suggested(panel, viewer, page, proposed):
    layer, sheet = viewer.layers["cells"], panel.sheet
    place = page.places[0]
    picture = picture_of(place, None, sheet._colours, 200, 160)
    ring = np.argwhere(has(picture, YELLOW))
    assert np.ptp(ring, axis=0).tolist() == pytest.approx([36, 36], abs=3), "16 of usually 24 voxels, .3 of the picture"
    y, x = ring.mean(axis=0).round().astype(int)
    low, high = layer.contrast_limits
    bright = picture[y, x].mean()
    layer.contrast_limits = low, 1.5 * high
    assert picture_of(place, None, sheet._colours, 200, 160)[y, x].mean() == pytest.approx(bright / 1.5, abs=10)
    layer.contrast_limits = low, 6 * high  # too dark to judge: brightened
    assert picture_of(place, None, sheet._colours, 200, 160)[y, x].mean() == pytest.approx(150, abs=20)
    layer.colormap = "green"
    red, green, blue = picture_of(place, None, sheet._colours, 200, 160)[y, x]
    assert red == blue == 0 <= green


def test_pictures_that_are_shown_follow_the_contrast_and_colours_of_the_layer(panel, viewer, page):
    layer, sheet = viewer.layers["cells"], panel.sheet

    def shown() -> np.ndarray:
        return pixels_of(sheet.cards[0])

    for change in (
        lambda: setattr(layer, "contrast_limits", (layer.contrast_limits[0], 1.5 * layer.contrast_limits[1])),
        lambda: setattr(layer, "gamma", 0.5),
        lambda: setattr(layer, "colormap", "green"),
    ):
        before = shown()
        change()
        QTest.qWait(100)
        assert (shown() != before).any()
    assert panel.session.pages.page is page


def test_in_a_volume_the_slice_through_the_object_is_drawn(panel, viewer, cells, hand):
    viewer.add_image(cells((9, 120, 160)), name="stack", scale=(2, 0.5, 0.5), units=("um",) * 3)
    QTest.qWait(50)
    propose(panel.session)
    viewer.layers["stack"].data[4, 12:28, 92:108] = 0
    hand.key(Qt.Key.Key_G, SHIFT)
    page = panel.session.pages.page
    assert [one.id for one in page.places] == [2, 1, 3, None]
    picture = picture_of(page.places[0], None, panel.sheet._colours, 200, 160)
    y, x = np.argwhere(has(picture, YELLOW)).mean(axis=0).round().astype(int)
    assert (picture[y - 5 : y + 5, x - 5 : x + 5] == 0).all()
    QTest.qWait(READ_MS)
    hand.key(Qt.Key.Key_G)
    entry = panel.session.current
    assert all((entry.confirmed[entry.labels == value] == 2).all() for value in (1, 2, 3))
    assert len(PLACES) == 4
    assert not entry.confirmed[entry.labels == 4].any()


def test_a_tool_closes_the_page_and_what_is_done_at_once_is_not_done_to_what_is_not_seen(panel, hand, page, proposed):
    panel.tools.use("approve view")
    assert not proposed.confirmed.any()
    assert not panel.sheet.isVisible()
    assert "press it again" in panel.correct.sentence
    panel.tools.use("approve view")
    assert proposed.confirmed.any()
    panel.session.undo()
    hand.key(Qt.Key.Key_G, SHIFT)
    panel.tools.use("merge")
    assert not panel.sheet.isVisible()
    assert panel.tools.current == "merge"


def test_channels_are_drawn_in_their_colours_as_far_as_they_are_visible(panel, viewer, cells, hand):
    pixels = np.stack([cells(), np.full((120, 160), 500, np.uint16)])
    viewer.add_image(pixels, name="two", axis_labels=("c", "y", "x"), contrast_limits=(0, 1000))
    QTest.qWait(50)
    panel.runtime.channel_layers.set_on(True)
    one, other = panel.runtime.channel_layers.layers
    one.colormap, other.colormap = "green", "magenta"
    one.contrast_limits = other.contrast_limits = 0, 1000
    propose(panel.session)
    hand.key(Qt.Key.Key_G, SHIFT)
    place = panel.session.pages.page.places[0]

    def middle() -> list[int]:
        picture = picture_of(place, None, panel.sheet._colours, 200, 160)
        y, x = np.argwhere(has(picture, YELLOW)).mean(axis=0).round().astype(int)
        return picture[y, x].tolist()

    red, green, blue = middle()
    assert (red, blue) == pytest.approx((128, 128), abs=2)
    assert green > 200
    other.visible = False
    assert middle() == [0, green, 0]
    one.visible, other.visible = False, True
    assert middle() == [red, 0, blue]


def test_of_a_time_series_each_picture_is_of_its_frame(panel, viewer, cells, hand):
    viewer.add_image(cells((2, 120, 160)), name="film", axis_labels=("t", "y", "x"), contrast_limits=(0, 1000))
    QTest.qWait(50)
    entry = panel.session.current
    assert entry.shape == (2, 1, 120, 160)
    viewer.layers["film"].data[1, 12:28, 12:28] = 0
    labels = np.zeros(entry.labels.shape, np.uint32)
    labels[:, 0, 12:28, 12:28] = 1
    boxes = np.array([((t, t + 1), (0, 1), (12, 28), (12, 28)) for t in (0, 1)])
    points = np.array([(t, 0, 20, 20) for t in (0, 1)])
    panel.session.edits.replace_labels(labels)
    panel.session.review.take_in(entry, Doubts(points, boxes, np.array([0.9, 0.8]), np.zeros(2, bool)))
    hand.key(Qt.Key.Key_G, SHIFT)
    page = panel.session.pages.page
    middles = []
    for place in page.places:
        picture = picture_of(place, None, panel.sheet._colours, 200, 160)
        y, x = np.argwhere(has(picture, YELLOW)).mean(axis=0).round().astype(int)
        middles.append(int(picture[y, x, 0]))
    assert middles[0] > 200
    assert middles[1] == 0
    panel.session.pages.approve({2: "look"})
    assert (entry.confirmed[0] == 2).sum() == 16 * 16
    assert not entry.confirmed[1].any()
    assert viewer.dims.current_step[0] == 1, "the one to look at is in the other frame"
