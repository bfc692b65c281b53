"""A review page by page: what is marked, one step of undo for all of it, and the pages after and before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.session.test_regions import SHAPE, image, opened
from tests.session.test_review import around, needs_model, segmented
from tests.session.test_suggestions import FAINT, GAP, disc, found_at, looked_at

from napari_apprentice.data.labels import merging
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import PackedMask, SegmentLargeResult
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.settings import ClassName

__all__ = ["image", "looked_at"]  # fixtures


def ids(session: Session) -> list[int | None]:
    page = session.pages.page
    return [] if page is None else [one.id for one in page.places]


def number_of(session: Session, *wanted: int | None) -> int:
    """The number of the first of these objects that is on the page."""
    return next(number for number, one in enumerate(ids(session), 1) if one in wanted)


@needs_model
def test_a_page_has_the_most_doubtful_of_one_image_and_the_next_one_those_after_them(session, runners) -> None:
    first, second = segmented(session, runners, "first"), segmented(session, runners, "second one")
    session.choose_image(first)
    page = session.pages.next(3)
    assert (page.entry, ids(session)) == (first, [2, 3, None])
    assert session.pages.next(3).entry is second, "what is likely wrong in any image comes first"
    assert session.current is second
    assert [session.pages.next(3).entry for _ in range(2)] == [second, first]
    assert ids(session) == [1], "what was passed over does not come before all were seen"
    session.pages.next(3)
    assert session.sentences[-1].startswith("Those that you passed over")
    assert session.pages.previous().entry is first
    assert ids(session) == [1]
    for _ in range(3):
        session.pages.previous()
    with pytest.raises(UserError, match="none before it"):
        session.pages.previous()


@needs_model
def test_what_is_not_marked_is_approved_in_one_step_and_counts_as_single_approvals_do(session, runners) -> None:
    entry = segmented(session, runners)
    before, steps = entry.labels.copy(), len(entry.history.done)
    session.pages.next()
    session.pages.approve({2: "look"})
    assert len(entry.history.done) == steps + 1
    assert (entry.labels == before).all()
    assert all((entry.confirmed[before == one] == 2).all() for one in (1, 2)), "in all slices"
    assert not entry.confirmed[(before == 3) | (before == 4)].any()
    assert 0 < (entry.confirmed == 1).sum() < 2 * 12 * 12, "where no object is there is none"
    assert session.review.place.id == 3
    outlook = session.review.outlook()
    assert (outlook.found, outlook.answered) == (0, 3)
    after = entry.confirmed.copy()
    session.undo()
    assert not entry.confirmed.any()
    assert ids(session) == [2, 3, None, 1], "its page is back"
    assert session.pages.page.marks == {2: "look"}
    assert session.review.place is None
    assert session.review.outlook().answered == 0
    session.redo()
    assert (entry.confirmed == after).all()
    assert session.pages.page.count(None) == 0


def test_marks_mend_delete_and_look_at_and_are_one_step_together(session: Session, looked_at: ProjectImage) -> None:
    before, steps = looked_at.labels.copy(), len(looked_at.history.done)
    page = session.pages.next()
    assert sorted(ids(session), key=str) in ([1, 2, 4, None], [1, 3, 4, None]), "two halves are one mistake"
    said = {one: page.suggestions[number_of(session, *one)].words for one in [(1,), (2, 3), (4,)]}
    assert list(said.values()) == ["split in two", "join with its neighbour", "delete"]
    session.pages.turn(number_of(session, 1))
    session.pages.turn(number_of(session, 2, 3))
    session.pages.turn(number_of(session, 4))
    session.pages.mark_last("delete")
    session.pages.approve()
    assert len(looked_at.history.done) == steps + 1
    assert len(np.unique(looked_at.labels[before == 1])) == 2
    assert len(np.unique(looked_at.labels[(before == 2) | (before == 3)])) == 1
    assert not looked_at.labels[before == 4].any()
    assert (looked_at.confirmed[(before > 0) & (before < 5)] > 0).all()
    assert not looked_at.confirmed[before == 5].any(), "nobody looked at what is firm"
    after, confirmed = looked_at.labels.copy(), looked_at.confirmed.copy()
    session.undo()
    assert (looked_at.labels == before).all()
    assert not looked_at.confirmed.any()
    session.redo()
    assert (looked_at.labels == after).all()
    assert (looked_at.confirmed == confirmed).all()


def test_a_number_turns_from_the_suggestion_to_a_look_to_right(session: Session, looked_at: ProjectImage) -> None:
    page = session.pages.next()
    fused, gap = number_of(session, 1), number_of(session, None)
    seen = []
    for _ in range(3):
        session.pages.turn(fused)
        seen.append(page.marks.get(fused))
    assert seen == ["take", "look", None]
    assert gap not in page.suggestions
    session.pages.turn(gap)
    assert page.marks == {gap: "look"}
    session.pages.turn(gap)
    assert page.marks == {}
    with pytest.raises(UserError, match="no picture 9 on this page: it has 4"):
        session.pages.turn(9)


def test_what_is_to_be_looked_at_comes_one_by_one_and_then_the_next_page(session: Session, looked_at) -> None:
    session.pages.next(3)
    first = list(ids(session))
    session.pages.approve({1: "look", 3: "look"})
    assert session.pages.page is None
    assert session.review.place.id == first[0]
    session.review.delete()
    assert session.review.place.id == first[2]
    session.review.next()
    assert session.review.place is None
    others = {1, 2, 3, 4, None} - set(first)
    assert set(ids(session)) == others, "the rest, with the other half of what was approved as it is"


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_while_a_page_is_read_the_next_one_is_asked_about(session: Session, runners, looked_at: ProjectImage) -> None:
    asked: list[tuple[int, ...]] = []
    runners.ahead = lambda job: asked.append(job.point) or PackedMask()
    page = session.pages.next(2)
    session.run_until_idle()
    assert asked[:2] == [one.point for one in page.places]
    session.pages.next(2)
    assert asked[2:4] == [one.point for one in session.pages.page.places]


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_an_answer_changes_what_is_suggested_until_that_is_marked(session: Session, runners, looked_at) -> None:
    found_at(runners, FAINT, disc(*FAINT, radius=6))
    page = session.pages.next()
    faint = number_of(session, 4)
    assert page.suggestions[faint].words == "delete"
    session.pages.turn(faint)
    session.run_until_idle()
    assert page.suggestions[faint].words == "delete"
    for _ in range(2):
        session.pages.approve({faint: "take"})
        assert not (looked_at.labels == 4).any()
        session.undo()
        assert session.pages.page is page
    session.pages.close()
    page = session.pages.next()
    assert page.suggestions[number_of(session, 4)].words == "new outline"


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_an_answer_that_comes_after_the_mark_can_still_be_taken(session: Session, runners, looked_at) -> None:
    found_at(runners, GAP, disc(*GAP))
    page = session.pages.next()
    gap = number_of(session, None)
    session.pages.turn(gap)
    assert page.marks == {gap: "look"}
    session.run_until_idle()
    session.pages.turn(gap)
    session.pages.turn(gap)
    assert page.marks == {gap: "take"}
    session.pages.approve()
    assert (looked_at.labels[0, 0][disc(*GAP)] > 0).all()


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_what_is_said_to_be_no_object_goes_although_another_place_would_change_it(session, runners, looked_at) -> None:
    bar = np.zeros((80, 100), bool)
    bar[50:62, 45:85] = True
    found_at(runners, GAP, disc(60, 50) | bar)
    doubts = looked_at.doubts.doubts
    firm = Doubts(np.array([(0, 0, 60, 50)]), around(np.array([(0, 0, 60, 50)])), np.array([0.9]), np.zeros(1, bool))
    session.review.take_in(looked_at, Doubts.together([doubts, firm]))
    session.pages.next()
    session.run_until_idle()
    gap, five = number_of(session, None), number_of(session, 5)
    session.pages.approve({gap: "take", five: "delete"})
    assert not (looked_at.labels == 5).any()


@needs_model
def test_a_page_that_was_taken_back_and_passed_over_does_not_come_by_itself(session, runners) -> None:
    entry = segmented(session, runners)
    session.pages.next(1)
    session.pages.approve()
    session.undo()
    session.pages.next(1)
    session.pages.close()
    session.edits.approve_object(tuple(np.argwhere(entry.labels == 4)[0]))
    assert session.pages.page is None


def test_closed_it_goes_on_one_by_one_with_the_same_ones(session: Session, looked_at: ProjectImage) -> None:
    session.pages.next()
    first = ids(session)[0]
    session.pages.close()
    assert session.pages.page is None
    assert session.review.next().id == first
    session.pages.next()
    session.review.next()
    assert session.pages.page is None, "one is looked at by itself"


def test_what_was_said_of_an_object_meanwhile_stays(session: Session, looked_at: ProjectImage) -> None:
    page = session.pages.next()
    number = number_of(session, 1)
    session.edits.delete_object(page.place(number).point)
    before = looked_at.labels.copy()
    assert page.count(None) == len(page.places) - 1
    session.pages.approve({number: "take"})
    assert (looked_at.labels == before).all()


def test_what_a_page_misses_is_said(session: Session, looked_at: ProjectImage) -> None:
    with pytest.raises(UserError, match="Show a page"):
        session.pages.approve()
    session.pages.next()
    with pytest.raises(UserError, match="Press the number"):
        session.pages.mark_last("delete")
    with session.edits.stroke(), pytest.raises(UserError, match="finish it first"):
        session.pages.approve()
    assert session.pages.page is not None
    session.edits.replace_labels(np.zeros_like(looked_at.labels))
    session.choose_kind("classes", (ClassName(value=1, name="one"),))
    assert session.pages.page is None
    with pytest.raises(UserError, match="not objects"):
        session.pages.next()


@needs_model
def test_a_page_is_journalled_with_its_project(runners, tmp_path: Path) -> None:
    with Session.create(tmp_path / "project", runners) as session:
        entry = segmented(session, runners)
        session.pages.next()
        session.pages.approve({1: "delete"})
        labels, confirmed = entry.labels.copy(), entry.confirmed.copy()
    with Session.open(tmp_path / "project", runners) as session:
        (entry,) = session.entries
        assert (entry.labels == labels).all()
        assert (entry.confirmed == confirmed).all()
        session.undo()
        assert not entry.confirmed.any()
        assert (entry.labels == 2).any()


def large(session: Session, runners, image: Path, objects: dict[tuple[int, int], float]) -> ProjectImage:
    """A large image whose proposal has objects of ten pixels around these (y, x), doubtful so much."""
    entry = opened(session, image)
    session.choose_model("nuclei-2d")
    points = np.array([(0, 0, y, x) for y, x in objects])
    doubts = Doubts(points, around(points), np.array(list(objects.values())), np.zeros(len(points), bool))
    labels = np.zeros(SHAPE, np.uint32)
    for id_, (y, x) in enumerate(objects, 1):
        labels[0, 0, y - 5 : y + 5, x - 5 : x + 5] = id_
    session.segment_all()
    job = runners.started[-1].job
    for _ in merging.merge(labels, job.store, "instances"):
        pass
    result = SegmentLargeResult(
        job=job.id, labels=job.store.merged, objects=len(points), seconds=1, doubts=doubts.to_text()
    )
    runners.started[-1].events.append(Finished(result=result))
    session.run_until_idle()
    return entry


@needs_model
def test_of_a_large_image_a_page_has_what_lies_in_one_part(session, runners, image: Path) -> None:
    entry = large(session, runners, image, {(1005, 105): 0.5, (1205, 4005): 0.9, (1300, 4100): 0.4})
    page = session.pages.next()
    assert [one.point for one in page.places] == [(0, 0, 1205, 4005), (0, 0, 1300, 4100)]
    session.pages.approve()
    assert [one.point for one in session.pages.page.places] == [(0, 0, 1005, 105)]
    assert session.review.state(entry).left == 1
    session.pages.approve()
    assert session.pages.page is None
    session.undo()
    session.undo()
    assert session.review.state(entry).left == 3


@needs_model
def test_a_page_of_a_large_image_that_is_shown_again_opens_the_part_it_was_made_in(session, runners, image) -> None:
    entry = large(session, runners, image, {(100, 1100): 0.9, (100, 3000): 0.8, (100, 4100): 0.5})
    session.regions.open((0, 0, 1024, 2048))
    region = entry.region
    page = session.pages.next()
    assert [one.point[3] for one in page.places] == [1100, 3000]
    second = session.pages.next()
    assert entry.region != region
    session.segment()
    with pytest.raises(UserError, match="being segmented"):
        session.pages.previous()
    assert session.pages.page is second, "it stays where it is"
    session.cancel()
    session.run_until_idle()
    assert session.pages.previous() is page
    assert entry.region == region
    assert page.count(None) == 2
    session.pages.approve()
    assert session.review.state(entry).left == 1


@needs_model
def test_an_approved_page_comes_back_when_undone_after_another_was_passed_over(session, runners) -> None:
    entry = segmented(session, runners)
    approved = session.pages.next(1)
    session.pages.approve()
    passed = session.pages.page
    session.pages.next(1)
    assert session.pages.page is not passed
    session.undo()
    assert session.pages.page is approved
    assert not entry.confirmed.any()
    session.redo()
    session.pages.approve()
    assert session.pages.page is not approved
    session.undo()
    assert session.pages.page is approved, "approved once more with nothing left to say"
