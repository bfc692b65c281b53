"""Clicks on one object, played by the test: what the session asks, proposes, keeps and takes back."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished
from napari_apprentice.jobs import ClickResult, PackedMask
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.catalog import ASKED, bundled_files
from napari_apprentice.settings import ClassName

SQUARE = np.zeros((1, 1, 20, 30), np.uint32)
SQUARE[0, 0, 4:8, 4:8] = 1


def image(seed: int = 0, shape=(1, 1, 1, 20, 30), **more) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)
    return Volume(pixels, **{"name": f"cells {seed}", **more})


@pytest.fixture
def ready(session):
    """A session with an image; no model was chosen."""
    session.add_image(image())
    return session


def answer(session: Session, mask: np.ndarray, corner=(0, 0), t: int = 0, *, is_unsure: bool = False) -> None:
    """The engine finds a mask (y, x) that begins at a corner."""
    job = session.runners.started[-1].job
    packed = PackedMask.of(np.asarray(mask, bool)[None, None], (t, 0, *corner))
    result = ClickResult(job=job.id, generation=job.generation, mask=packed, is_unsure=is_unsure)
    session.runners.started[-1].events.append(Finished(result=result))
    session.pump()


def area(proposal) -> np.ndarray:
    """All voxels (y, x) of a proposal in an image of 20 x 30."""
    whole = np.zeros((20, 30), bool)
    (_, _, y, x) = (slice(*part) for part in proposal.box)
    whole[y, x] = proposal.mask[0, 0]
    return whole


ONES = np.ones((6, 6), bool)


def test_a_click_needs_no_model_and_is_kept_as_one_undo_step(ready):
    ready.paint(np.arange(150), 3)  # the first five rows
    assert ready.verbs.click.why_not() == ""
    ready.click((0, 0, 7, 7))
    job = ready.runners.started[-1].job
    assert (job.type, job.point, job.removes, job.asked.add) == ("ask", (0, 0, 7, 7), False, ())
    answer(ready, ONES, (3, 4))
    assert not area(ready.verbs.click.proposal)[:5].any(), "confirmed as another object"
    assert area(ready.verbs.click.proposal)[5:9, 4:10].all()
    ready.keep_click()
    assert ready.verbs.click.proposal is None
    assert (ready.current.labels[0, 0, 5:9, 4:10] == 4).all()
    assert (ready.current.confirmed[0, 0, 5:9, 4:10] == 2).all()
    assert (ready.current.labels[0, 0, :5] == 3).all()
    ready.undo()
    assert not ready.current.labels[0, 0, 5:].any()
    ready.redo()
    assert (ready.current.labels[0, 0, 5:9, 4:10] == 4).all()


def test_each_click_is_asked_with_those_before_and_is_taken_back_alone(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5))
    ready.click((0, 0, 15, 7), remove=True)
    job = ready.runners.started[-1].job
    assert (job.point, job.removes, job.asked.add, job.asked.remove) == ((0, 0, 15, 7), True, ((0, 0, 7, 7),), ())
    assert job.asked.mask == PackedMask.of(ONES[None, None], (0, 0, 5, 5))
    answer(ready, ONES[:3], (5, 5))
    ready.click((0, 0, 6, 6))
    job = ready.runners.started[-1].job
    assert (job.asked.add, job.asked.remove) == (((0, 0, 7, 7),), ((0, 0, 15, 7),))
    answer(ready, ONES[:4], (5, 5))
    assert [area(ready.verbs.click.proposal).sum()] == [24]
    for left in (18, 36):
        ready.undo_click()
        assert area(ready.verbs.click.proposal).sum() == left
    ready.undo_click()
    assert ready.verbs.click.proposal is None
    assert not ready.edits.can_undo


def test_quick_clicks_are_answered_one_after_the_other(ready):
    ready.click((0, 0, 7, 7))
    ready.click((0, 0, 9, 7))
    assert len(ready.runners.started) == 1
    answer(ready, ONES, (5, 5))
    assert len(ready.runners.started) == 2
    assert ready.runners.started[-1].job.asked.mask.box[2:] == ((5, 11), (5, 11))
    answer(ready, np.ones((8, 6)), (5, 5))
    assert area(ready.verbs.click.proposal).sum() == 48


def test_a_click_that_fails_lets_the_next_one_through(ready):
    ready.click((0, 0, 7, 7))
    ready.click((0, 0, 8, 8))
    ready.runners.started[-1].events.append(Failed(message="no memory"))
    ready.pump()
    assert len(ready.runners.started) == 1, "what was to follow is not asked"
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5))
    assert ready.verbs.click.proposal is not None


def test_an_object_that_is_there_is_taken_up_and_repaired_never_a_second_one(ready):
    ready.edits.replace_labels(SQUARE)
    ready.click((0, 0, 5, 5))
    assert not ready.runners.started, "nothing is asked yet"
    np.testing.assert_array_equal(area(ready.verbs.click.proposal), SQUARE[0, 0] == 1)
    ready.click((0, 0, 6, 10))
    assert ready.runners.started[-1].job.asked.mask == PackedMask.of(SQUARE == 1, (0, 0, 0, 0))
    answer(ready, np.ones((2, 9)), (6, 4))
    ready.keep_click()
    expected = np.zeros_like(SQUARE)
    expected[0, 0, 6:8, 4:13] = 1
    np.testing.assert_array_equal(ready.current.labels, expected)
    np.testing.assert_array_equal(ready.current.confirmed, 2 * expected, "what was taken away is not background")
    ready.undo()
    np.testing.assert_array_equal(ready.current.labels, SQUARE)


def test_a_confirmed_object_is_repaired_like_any_other(ready):
    ready.edits.replace_labels(SQUARE)
    ready.edits.approve_object((0, 0, 5, 5))
    ready.click((0, 0, 4, 4), remove=True)
    job = ready.runners.started[-1].job
    assert job.removes
    assert job.asked.mask.box[2:] == ((4, 8), (4, 8))
    answer(ready, np.ones((3, 4)), (5, 4))
    ready.keep_click()
    assert (ready.current.labels == 1).sum() == 12
    assert not ready.current.confirmed[0, 0, 4].any()
    ready.undo()
    assert (ready.current.confirmed[SQUARE == 1] == 2).all()


def test_there_is_nothing_to_take_away_from_where_nothing_is(ready):
    with pytest.raises(UserError, match="click the object first"):
        ready.click((0, 0, 5, 5), remove=True)


def test_the_rest_of_an_edited_object_is_repaired_and_no_other(ready):
    ready.edits.replace_labels(SQUARE)
    ready.paint(np.arange(180), 3)  # cuts the upper half off
    assert (ready.current.confirmed[0, 0, 6:8, 4:8] == 3).all()
    ready.click((0, 0, 6, 5))
    ready.click((0, 0, 6, 3))
    answer(ready, np.ones((2, 6)), (5, 0))
    before = ready.current.labels.copy(), ready.current.confirmed.copy()
    ready.keep_click()
    assert (ready.current.labels[0, 0, 6, :6] == 1).all()
    assert (ready.current.labels[0, 0, :6] == 3).all()
    assert (ready.current.labels == 1).sum() == 6, "the rest of what it repairs is cleared"
    ready.undo()
    np.testing.assert_array_equal((ready.current.labels, ready.current.confirmed), before)
    ready.click((0, 0, 15, 25))
    answer(ready, np.ones((10, 30)), (5, 0))
    ready.keep_click()
    np.testing.assert_array_equal(ready.current.labels == 1, before[0] == 1, "a click elsewhere takes nothing of it")


def test_with_one_click_each_the_next_object_keeps_the_one_before(ready):
    ready.verbs.click.one_each = True
    ready.click((0, 0, 5, 5))
    answer(ready, ONES, (3, 3))
    ready.click((0, 0, 6, 6))  # inside: the same object
    assert ready.runners.started[-1].job.asked.add == ((0, 0, 5, 5),)
    answer(ready, ONES, (3, 3))
    ready.click((0, 0, 12, 5), remove=True)
    answer(ready, ONES[:5], (3, 3))
    ready.verbs.click((0, 0, 4, 12), extend=True)
    assert len(ready.runners.started[-1].job.asked.add) == 2
    answer(ready, ONES[:4], (3, 3))
    ready.click((0, 0, 15, 20))
    assert ready.runners.started[-1].job.asked.add == ()
    assert ready.runners.started[-1].job.width == 6
    assert (ready.current.labels == 1).sum() == 24
    ready.click((0, 0, 5, 25))  # before the answer is there
    answer(ready, ONES[:2], (15, 20))
    answer(ready, ONES[:1], (5, 24))
    ready.keep_click()
    assert [int((ready.current.labels == i).sum()) for i in (1, 2, 3)] == [24, 12, 6]
    for left in (2, 1, 0):
        ready.undo()
        assert len(np.unique(ready.current.labels)) - 1 == left


def test_a_box_is_asked_for_and_begins_another_object(ready):
    ready.click((0, 0, 5, 5))
    answer(ready, ONES, (3, 3))
    ready.click_box((0, 0, 4, 10), (0, 0, 99, 20))
    job = ready.runners.started[-1].job
    assert (job.point, job.asked.drawn, job.asked.add) == (None, ((0, 0, 4, 10), (0, 0, 19, 20)), ())
    answer(ready, ONES, (5, 12))
    ready.keep_click()
    assert (ready.current.labels > 0).sum() == 36


def test_a_discarded_or_late_answer_changes_nothing(ready):
    cleared = []
    ready.click_cleared.connect(lambda: cleared.append(1))
    ready.click((0, 0, 7, 7))
    ready.discard_click()
    answer(ready, ONES)
    assert ready.verbs.click.proposal is None
    assert cleared == []
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.discard_click()
    ready.keep_click()
    assert cleared == [1]
    assert not ready.edits.can_undo


def test_undo_before_the_answer_takes_the_click_back(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.click((0, 0, 9, 9))
    ready.undo_click()
    answer(ready, ONES[:2])
    assert area(ready.verbs.click.proposal).sum() == 36


def test_a_click_where_nothing_is_says_so(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, np.zeros((2, 2)))
    assert "nothing to propose" in ready.sentences[-1]
    ready.edits.replace_labels(SQUARE)
    ready.click((0, 0, 5, 5), remove=True)
    answer(ready, np.zeros((2, 2)))
    assert "Nothing would be left" in ready.sentences[-1]
    assert (ready.current.labels == SQUARE).all()


def test_what_may_be_nothing_is_shown_to_who_clicks_it_again(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5), is_unsure=True)
    assert ready.verbs.click.proposal is None
    assert "click again" in ready.sentences[-1]
    ready.click((0, 0, 8, 8))
    assert len(ready.runners.started) == 1, "it is known already"
    assert area(ready.verbs.click.proposal).sum() == 36
    ready.click((0, 0, 15, 15))
    assert ready.runners.started[-1].job.asked.add == ((0, 0, 7, 7),)
    ready.discard_click()
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5), is_unsure=True)
    ready.click((0, 0, 15, 25))
    assert ready.runners.started[-1].job.asked.add == (), "somewhere else is another object"


def test_an_outline_waits_for_an_answer_before_another_frame_is_clicked(session):
    session.add_image(image(shape=(3, 1, 1, 20, 30)))
    session.click((0, 0, 7, 7))
    answer(session, ONES)
    with pytest.raises(UserError, match="another frame"):
        session.click((1, 0, 7, 7))
    session.verbs.click.one_each = True
    session.click((1, 0, 7, 7))
    answer(session, ONES, t=1)
    assert (session.current.labels[0] > 0).sum() == 36
    assert session.verbs.click.proposal.frame == 1


def test_another_image_ends_it_and_with_one_click_each_it_is_kept(ready):
    first = ready.current
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.add_image(image(1))
    assert ready.verbs.click.proposal is None
    assert not first.labels.any()
    ready.verbs.click.one_each = True
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    second = ready.current
    ready.images.choose(first)
    assert (second.labels > 0).sum() == 36


def test_a_model_for_all_objects_is_a_rival_only_where_it_fits(ready):
    ready.click((0, 0, 7, 7))
    assert ready.runners.started[-1].job.rival.point == (0, 0, 7, 7)
    ready.discard_click()
    ready.add_image(image(1, shape=(1, 2, 1, 20, 30)))
    ready.click((0, 0, 7, 7))
    assert ready.runners.started[-1].job.rival is None
    assert np.load(ready.runners.started[-1].job.image.pixels.path).shape == (1, 2, 1, 20, 30)


def test_another_model_of_its_kind_can_be_asked(ready, tmp_path):
    other = tmp_path / "other.safetensors"
    shutil.copy(bundled_files()[ASKED][1], other)
    ready.clickers.ask_with(str(other))
    ready.click((0, 0, 5, 5))
    assert ready.runners.started[-1].job.click_model == str(other)
    with pytest.raises(UserError, match="no model that is asked by clicks"):
        ready.clickers.ask_with("nuclei-2d")
    assert ready.clickers.in_use.file == other


def test_clicks_in_two_frames_before_the_first_answer_are_not_one_object(session):
    session.add_image(image(shape=(3, 1, 1, 20, 30)))
    session.click((0, 0, 7, 7))
    session.click((1, 0, 7, 7))
    answer(session, ONES)
    assert len(session.runners.started) == 1
    assert "another frame" in session.sentences[-1]
    assert session.verbs.click.proposal.frame == 0
    session.discard_click()
    session.verbs.click.one_each = True
    session.click((0, 0, 7, 7))
    session.click((1, 0, 7, 7), remove=True)
    answer(session, ONES)
    assert "nothing to take away" in session.sentences[-1]
    assert (session.current.labels > 0).sum() == 36


def test_taking_away_before_the_first_answer_asks_for_nothing_where_nothing_was_found(ready):
    ready.click((0, 0, 7, 7))
    ready.click((0, 0, 8, 8), remove=True)
    answer(ready, ONES, (5, 5), is_unsure=True)
    assert len(ready.runners.started) == 1
    assert "click the object first" in ready.sentences[-1]
    assert ready.verbs.click.proposal is None
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5))
    assert ready.verbs.click.proposal is not None


def test_what_may_be_nothing_gives_way_to_an_object_that_came_meanwhile(ready):
    ready.click((0, 0, 5, 5))
    answer(ready, ONES, (3, 3), is_unsure=True)
    ready.edits.replace_labels(SQUARE)
    ready.click((0, 0, 5, 5))
    assert ready.verbs.click.proposal.repairs == 1


def test_a_repair_does_not_touch_an_object_that_has_the_id_since(ready):
    """Such as when *Segment* ends while an outline waits."""
    ready.edits.replace_labels(SQUARE)
    ready.click((0, 0, 5, 5))
    ready.click((0, 0, 8, 5))
    answer(ready, np.ones((5, 4)), (4, 4))
    other = np.zeros_like(SQUARE)
    other[0, 0, 4:8, 4:8] = 2
    other[0, 0, 12:16, 20:24] = 1
    ready.edits.replace_labels(other)
    ready.keep_click()
    assert (ready.current.labels[0, 0, 12:16, 20:24] == 1).all()
    assert (ready.current.labels[0, 0, 4:9, 4:8] == 3).all()
    assert (ready.current.labels > 0).sum() == 16 + 20
    ready.undo()
    np.testing.assert_array_equal(ready.current.labels, other)


def test_what_was_painted_of_an_object_since_it_was_taken_up_stays(ready):
    ready.edits.replace_labels(SQUARE)
    ready.click((0, 0, 5, 5))
    ready.click((0, 0, 4, 4), remove=True)
    answer(ready, np.ones((3, 4)), (5, 4))
    ready.paint([9 * 30 + 5], 1)
    ready.keep_click()
    assert ready.current.labels[0, 0, 9, 5] == 1
    assert (ready.current.labels == 1).sum() == 13


def test_a_repair_leaves_no_rest_of_the_half_that_it_adds(ready):
    halves = SQUARE.copy()
    halves[0, 0, 8:12, 4:8] = 2
    ready.edits.replace_labels(halves)
    ready.click((0, 0, 5, 5))
    ready.click((0, 0, 9, 5))
    answer(ready, np.ones((7, 4)), (4, 4))
    ready.keep_click()
    assert (ready.current.labels == 1).sum() == 28
    assert not (ready.current.labels == 2).any(), "a sliver of what is the same cell"
    ready.undo()
    np.testing.assert_array_equal(ready.current.labels, halves)


def test_a_box_may_begin_and_end_beyond_the_image(ready):
    ready.click_box((0, 0, -3, -0.7), (0, 0, 6, 99))
    assert ready.runners.started[-1].job.asked.drawn == ((0, 0, 0, 0), (0, 0, 6, 29))
    for first, last in (
        ((0, 0, -9, 3), (0, 0, -2, 9)),
        ((0, 1, 2, 2), (0, 0, 5, 5)),
        ((0, 0, 2, 2), (0, 0, np.nan, 5)),
    ):
        ready.discard_click()
        ready.click_box(first, last)
        assert len(ready.runners.started) == 1
    ready.click((0, 0, np.inf, 5))
    assert len(ready.runners.started) == 1
    with pytest.raises(UserError, match="four coordinates"):
        ready.click((5, 5))


def test_other_meanings_of_labels_end_a_proposal(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.verbs.click.one_each = True
    ready.choose_kind("classes", (ClassName(value=1, name="lumen"),))
    ready.keep_click()
    assert not ready.current.labels.any()
    ready.choose_kind("instances")
    ready.click((0, 0, 7, 7))
    ready.choose_kind("classes", (ClassName(value=1, name="lumen"),))
    answer(ready, ONES)
    assert ready.verbs.click.proposal is None


def test_settings_that_are_not_about_labels_leave_a_proposal_alone(ready):
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.segment_settings = ready.segment_settings.model_copy(update={"link": True})
    assert ready.verbs.click.proposal is not None


def test_nothing_stays_shown_when_the_next_question_has_no_answer(ready):
    shown = []
    ready.click_proposed.connect(lambda mask, box: shown.append(True))
    ready.click_cleared.connect(lambda: shown.append(False))
    ready.verbs.click.one_each = True
    for end in (ready.discard_click, ready.undo_click, lambda: fail(ready)):
        ready.click((0, 0, 7, 7))
        answer(ready, ONES, (5, 5))
        ready.click((0, 0, 15, 25))  # keeps the one before, which is still shown
        assert shown[-1]
        end()
        assert not shown[-1]
        ready.undo()


def fail(session: Session) -> None:
    session.runners.started[-1].events.append(Failed(message="no memory"))
    session.pump()


def test_a_question_that_cannot_be_asked_loses_nothing(ready, monkeypatch):
    ready.verbs.click.one_each = True
    ready.click((0, 0, 7, 7))
    answer(ready, ONES, (5, 5))

    def refuse(job):
        raise UserError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(ready.runners, "start", refuse)
        with pytest.raises(UserError, match="full"):
            ready.click((0, 0, 15, 25))
    assert (ready.current.labels > 0).sum() == 36
    ready.click((0, 0, 15, 25))
    answer(ready, ONES, (12, 20))
    assert ready.verbs.click.proposal is not None, "the next click is answered"


def test_with_one_click_each_nothing_is_lost_when_the_project_is_closed(runners, tmp_path):
    with Session.create(tmp_path / "project", runners) as session:
        session.add_image(image())
        session.verbs.click.one_each = True
        session.click((0, 0, 7, 7))
        answer(session, ONES)
    with Session.open(tmp_path / "project", runners) as session:
        assert (session.current.labels > 0).sum() == 36


def test_with_one_click_each_an_image_read_differently_keeps_what_waits(ready):
    ready.verbs.click.one_each = True
    ready.click((0, 0, 7, 7))
    answer(ready, ONES)
    ready.images.reinterpret(ready.current, replace(ready.current.volume, spacing=(1.0, 0.5, 0.5)))
    assert (ready.current.labels > 0).sum() == 36


def test_with_one_click_each_another_region_keeps_what_waits_and_undo_finds_it(session):
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(image(shape=(1, 1, 1, 2600, 4200)))
    session.open_region((0, 0, 1300, 0))
    session.verbs.click.one_each = True
    session.click((0, 0, 7, 7))
    answer(session, ONES, (1000, 1000))
    before = entry.region
    assert session.open_region((0, 0, 1300, 4199))
    assert session.verbs.click.proposal is None
    session.click((0, 0, 50, 50))
    answer(session, ONES, (1000, 1000))
    assert session.verbs.click.proposal is not None
    session.undo()
    assert entry.region == before, "the step is there"
    assert not entry.labels.any()


def test_an_image_read_anew_unseen_does_not_block_the_next_click(ready):
    ready.click((0, 0, 7, 7))
    ready.images.add(image())  # the same pixels in another array, and nobody chose it
    answer(ready, ONES)
    ready.click((0, 0, 7, 7))
    assert len(ready.runners.started) == 2


def test_beside_a_confirmed_object_it_is_said_how_to_extend_it(ready):
    ready.paint(np.arange(300), 3)
    ready.click((0, 0, 10, 7))
    answer(ready, ONES, (3, 4))
    assert ready.verbs.click.proposal is None
    assert "click that one first" in ready.sentences[-1]
