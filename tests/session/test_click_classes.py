"""Areas of classes by several clicks, played by the test: what is asked, kept as which class, and taken back."""

from __future__ import annotations

import numpy as np
import pytest
from tests.session.test_click import ONES, answer, area, image

from napari_apprentice.errors import UserError
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import ClassName

LUMEN, WALL = ClassName(value=1, name="lumen"), ClassName(value=2, name="wall")


@pytest.fixture
def ready(session):
    """A session of two classes with an image; no model was chosen, and none knows them."""
    session.add_image(image())
    session.choose_kind("classes", (LUMEN, WALL))
    return session


def test_an_area_of_a_class_is_outlined_by_clicks_and_kept_as_one_undo_step(ready):
    assert ready.verbs.click.why_not() == ""
    ready.click((0, 0, 7, 7), class_value=2)
    assert ready.runners.started[-1].job.type == "ask"
    answer(ready, ONES, (5, 5))
    ready.click((0, 0, 7, 14))
    answer(ready, np.ones((6, 12)), (5, 5))
    ready.click((0, 0, 10, 6), remove=True)
    job = ready.runners.started[-1].job
    assert (job.asked.add, job.asked.remove, job.removes) == (((0, 0, 7, 7), (0, 0, 7, 14)), (), True)
    answer(ready, np.ones((5, 12)), (5, 5))
    assert not ready.current.labels.any()
    ready.keep_click()
    expected = np.zeros((1, 1, 20, 30), np.uint32)
    expected[0, 0, 5:10, 5:17] = 1
    for _ in range(2):
        np.testing.assert_array_equal(ready.current.labels, 2 * expected)
        np.testing.assert_array_equal(ready.current.confirmed, 2 * expected)
        ready.undo()
        assert not ready.current.labels.any()
        assert not ready.current.confirmed.any()
        ready.redo()


def test_clicks_are_taken_back_one_by_one_and_discarded_together(ready):
    for rows in (6, 3):
        ready.click((0, 0, 7, 7))
        answer(ready, ONES[:rows], (5, 5))
    ready.undo_click()
    assert area(ready.verbs.click.proposal).sum() == 36
    ready.discard_click()
    ready.keep_click()
    assert not ready.edits.can_undo


def test_what_is_confirmed_of_any_class_stays_as_it_is(ready):
    ready.paint(np.arange(180), 1)  # the first six rows
    ready.click((0, 0, 8, 8), class_value=2)
    answer(ready, ONES, (4, 5))
    assert area(ready.verbs.click.proposal).sum() == 24
    ready.keep_click()
    assert (ready.current.labels[0, 0, :6] == 1).all()
    assert (ready.current.labels == 2).sum() == 24
    ready.click((0, 0, 3, 8), class_value=2)
    answer(ready, ONES, (0, 5))
    assert ready.verbs.click.proposal is None
    assert "confirmed already" in ready.sentences[-1]


def test_an_area_that_is_there_is_not_taken_up(ready):
    proposed = np.zeros((1, 1, 20, 30), np.uint32)
    proposed[..., 4:8, 4:8] = 1
    ready.edits.replace_labels(proposed)
    with pytest.raises(UserError, match="click the area first"):
        ready.click((0, 0, 5, 5), remove=True)
    ready.click((0, 0, 5, 5), class_value=2)
    assert not ready.runners.started[-1].job.asked.mask
    answer(ready, ONES, (4, 4))
    ready.keep_click()
    assert (ready.current.labels == 2).sum() == 36, "another class takes what nobody confirmed"
    ready.undo()
    np.testing.assert_array_equal(ready.current.labels, proposed)


def test_what_waits_becomes_of_the_class_that_is_chosen_when_it_is_kept(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5))
    ready.verbs.click.class_value = 2
    ready.keep_click()
    assert set(np.unique(ready.current.labels)) == {0, 2}


def test_an_area_needs_a_class(ready):
    with pytest.raises(UserError, match="Choose the class"):
        ready.click((0, 0, 7, 7), class_value=3)
    ready.click((0, 0, 7, 7), class_value=1)
    answer(ready, ONES, (5, 5))
    ready.verbs.click.class_value = 0  # the eraser's
    with pytest.raises(UserError, match="Choose the class"):
        ready.keep_click()
    assert ready.verbs.click.proposal is not None, "nothing is lost"
    ready.choose_kind("classes", ())
    with pytest.raises(UserError, match="no classes yet"):
        ready.click((0, 0, 7, 7))


def test_who_says_that_an_area_is_there_is_shown_it_also_where_the_network_is_unsure(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5), is_unsure=True)
    assert ready.verbs.click.proposal is not None


def test_boxes_and_one_click_each_are_for_areas_too(ready):
    ready.verbs.click.one_each = True
    ready.click_box((0, 0, 2, 2), (0, 0, 9, 9))
    answer(ready, ONES, (3, 3))
    ready.click((0, 0, 15, 20), class_value=2)
    assert (ready.current.labels == 1).sum() == 36, "the one before is of the class that it was clicked for"
    assert ready.runners.started[-1].job.asked.add == ()
    assert ready.runners.started[-1].job.width is None, "areas are of any size"
    answer(ready, ONES, (12, 18))
    ready.verbs.click.class_value = 1
    ready.verbs.click.leave()
    assert (ready.current.labels == 2).sum() == 36


def test_areas_survive_in_a_project(runners, tmp_path):
    with Session.create(tmp_path / "project", runners) as session:
        session.add_image(image())
        session.choose_kind("classes", (LUMEN, WALL))
        session.click((0, 0, 7, 7), class_value=2)
        answer(session, ONES, (5, 5))
        session.keep_click()
    with Session.open(tmp_path / "project", runners) as session:
        assert (session.current.labels == 2).sum() == 36
        assert (session.current.confirmed == 2).sum() == 36
        assert session.current.mask_sources[0].by == "click"


def test_areas_of_a_volume_and_of_the_open_part_of_a_large_image(session):
    session.choose_kind("classes", (LUMEN, WALL))
    stack = session.add_image(image(1, (1, 1, 5, 20, 30), spacing=(2.0, 0.5, 0.5)))
    session.click((0, 2, 7, 7))
    job = session.runners.started[-1].job
    assert (job.point, job.one_slice, job.image.spacing) == ((0, 2, 7, 7), False, (2.0, 0.5, 0.5))
    answer(session, ONES, (5, 5))
    session.keep_click()
    assert (stack.labels == 1).sum() == 36
    session.undo()
    assert not stack.labels.any()
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(image(2, (1, 1, 1, 2600, 4200)))
    session.open_region((0, 0, 1300, 0))
    session.click((0, 0, 7, 7), class_value=2)
    top, left = (entry.inner[axis].start for axis in (2, 3))
    answer(session, ONES, (top + 5, left + 5))
    session.keep_click()
    assert (entry.labels[0, 0, 5:11, 5:11] == 2).all()
    session.undo()
    assert not entry.labels.any()
