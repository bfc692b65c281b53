"""What is answered changes what is shown next, and how much is expected to be wrong still."""

from __future__ import annotations

import numpy as np
import pytest
from tests.session.test_review import needs_model, order, segmented

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.likely_wrong import Outlook

SMALL, USUAL = 4, 12


def field(session: Session, name: str = "field", shift: int = 0) -> ProjectImage:
    """Two rows of eight objects: small ones, all doubtful by .9, and those of usual size, doubtful by .5."""
    labels, points, boxes, values = np.zeros((1, 1, 140, 400), np.uint32), [], [], []
    for row, (edge, doubt) in enumerate([(SMALL, 0.9), (USUAL, 0.5), (USUAL, 0.02)]):
        for column in range(8):
            y, x = 10 + 40 * row, 10 + shift + 45 * column
            labels[..., y : y + edge, x : x + edge] = 1 + 8 * row + column
            points.append((0, 0, y + 1, x + 1))
            boxes.append(((0, 1), (0, 1), (y, y + edge), (x, x + edge)))
            values.append(doubt)
    pixels = np.random.default_rng(shift).integers(0, 200, (1, 1, 1, 140, 400)).astype(np.uint16)
    entry = session.add_image(Volume(pixels, name=name))
    session.edits.replace_labels(labels)
    doubts = Doubts(np.array(points), np.array(boxes), np.array(values), np.zeros(24, bool))
    session.review.take_in(entry, doubts)
    return entry


def test_when_small_ones_are_right_others_come_before_all_small_ones_were_seen(session) -> None:
    entry = field(session)
    assert sorted(order(session)[:8]) == list(range(1, 9)), "the small ones first"
    session.review.next()
    for _ in range(5):
        assert session.review.place.id <= 8
        session.review.approve()
    chances = {one.id: one.doubt for one in session.review.doubtful(entry)}
    small = max(chances[one] for one in chances if one <= 8)
    assert small == pytest.approx(0.463, abs=1e-3)
    assert max(chances[one] for one in chances if one > 8) == pytest.approx(0.5)
    assert session.review.place.id > 8
    for _ in range(5):
        session.undo()
    assert max(one.doubt for one in session.review.doubtful(entry)) == pytest.approx(0.9), "answers were taken back"
    for _ in range(5):
        session.redo()
    assert max(one.doubt for one in session.review.doubtful(entry) if one.id <= 8) == pytest.approx(small)


def test_what_is_corrected_counts_as_wrong_and_what_is_approved_with_others_as_right(session) -> None:
    entry = field(session)
    session.review.next()
    session.review.delete()
    assert session.review.outlook().found == session.review.outlook().answered == 1
    session.edits.approve_object((0, 0, 51, 11))
    session.paint(np.ravel_multi_index((0, 0, 51, np.arange(57, 60)), entry.labels.shape), entry.next_id())
    outlook = session.review.outlook()
    assert (outlook.found, outlook.answered) == (2, 3), "one of usual size was approved, and one painted over"
    session.edits.delete_object((0, 0, 51, 11))
    assert session.review.outlook().found == 3, "what was approved was not right after all"
    for _ in range(4):
        session.undo()
    outlook = session.review.outlook()
    assert (outlook.found, outlook.answered) == (0, 0)


def test_the_outlook_is_the_sum_of_doubts_as_far_as_the_last_answers_bear_it_out(session) -> None:
    """Of 24 are 8 x .9 + 8 x .5 + 8 x .02 = 11.36 expected; after one that was right with .9, (0 + 1) / (.9 + 1)."""
    field(session)
    before = session.review.outlook()
    assert (before.left, before.answered) == (24, 0)
    assert before.wrong == pytest.approx(11.36)
    assert before.words == "about 11 of 24 left may be wrong"
    session.review.next()
    session.review.approve()
    after = session.review.outlook()
    assert (after.left, after.found, after.answered) == (23, 0, 1)
    sum_left = sum(one.doubt for one in session.review.doubtful())
    assert after.wrong == pytest.approx((sum_left + 8 * 0.02) / 1.9, abs=0.1)
    assert after.words.endswith(" of 23 left may be wrong · 0 of the last 1 were")


def test_an_outlook_says_when_to_stop() -> None:
    assert Outlook(0.4, 0, 0.0, 0, 3).words == ""
    assert Outlook(4.2, 120, 0.6, 1, 20).words == "about 4 of 120 left may be wrong · 1 of the last 20 was"
    told = Outlook(1.2, 1_120, 0.4, 0, 20)
    assert told.may_stop
    assert told.words == "about 1 of 1,120 left may be wrong: you may stop here"


def test_all_right_images_end_with_leave_to_stop(session) -> None:
    field(session)
    session.review.next()
    answered = 0
    while not session.review.outlook().may_stop:
        session.review.approve()
        answered += 1
    assert 6 <= answered <= 16, "all that was doubtful was right: what is firm is left out"


def test_what_is_likely_wrong_in_another_image_comes_before_what_may_be_in_this_one(session) -> None:
    first = field(session, "first")
    second = field(session, "second", shift=3)
    for entry, values in ((first, [0.2, 0.8]), (second, [0.6, 0.25])):
        kept = entry.doubts.doubts
        doubtful = np.where(np.arange(24) == 10, values[0], np.where(np.arange(24) == 20, values[1], 0.01))
        session.review.take_in(entry, Doubts(kept.points, kept.boxes, doubtful, kept.missed))
    session.choose_image(first)
    seen = []
    for _ in range(4):
        place = session.review.next()
        seen.append((place.image, place.doubt))
    assert [one for one, _ in seen] == ["first", "second", "second", "first"]
    assert [value for _, value in seen] == pytest.approx([0.8, 0.6, 0.25, 0.2])


@needs_model
def test_another_proposal_forgets_what_was_said_of_the_one_before(session, runners) -> None:
    entry = segmented(session, runners)
    session.review.next()
    session.review.approve()
    assert session.review.outlook().answered == 1
    session.review.take_in(entry, entry.doubts.doubts.only(np.array([0, 2, 3])))
    assert session.review.outlook().answered == 0
