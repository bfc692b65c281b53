"""What is suggested for a doubtful object: each kind is done, undone and done again, and nothing confirmed changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.session.test_regions import SHAPE, image, opened

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import merging
from napari_apprentice.data.labels.doubting import doubts_in
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import PackedMask, SegmentLargeResult, SuggestJob
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import DecodeSettings

__all__ = ["image"]  # a fixture

SETTINGS = DecodeSettings(foreground=0.5, prominence=0.2, min_size=5)
ONE, TWO, FAINT, GAP = (20, 20), (20, 52), (60, 20), (60, 80)  # middles (y, x) of two pairs of discs, and two discs
RADIUS = 8


def disc(y: float, x: float, shape=(80, 100), radius: float = RADIUS) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.hypot(rows - y, columns - x) <= radius


def cone(y: float, x: float) -> np.ndarray:
    """The distance to the outline of a disc, as a network would see it."""
    rows, columns = np.indices((80, 100))
    return np.log1p(np.maximum(0, RADIUS + 1 - np.hypot(rows - y, columns - x))).astype(np.float32)


def seen(depth: int = 1) -> tuple[Volume, np.ndarray, np.ndarray, np.ndarray]:
    """An image, labels, probability and log-distance (Z, Y, X).

    1 is fused of two discs, 2 and 3 are halves of one that has one peak, 4 is nearly nothing, 5 is firm.
    """
    (y, x), (v, u) = ONE, TWO
    fused = disc(y, x - 7) | disc(y, x + 7)
    whole = disc(v, u)
    labels = np.zeros((80, 100), np.uint32)
    labels[fused], labels[whole] = 1, 2
    labels[whole & (np.indices(whole.shape)[1] > u + 1)] = 3
    labels[disc(*FAINT, radius=4)] = 4
    labels[disc(60, 50)] = 5
    probability = np.where(labels > 0, 0.97, 0.01).astype(np.float32)
    probability[labels == 4] = 0.55
    probability[disc(*GAP)] = 0.4
    distance = np.max([cone(y, x - 7), cone(y, x + 7), cone(v, u), cone(60, 50)], axis=0)
    pixels = np.broadcast_to((probability * 200).astype(np.uint16), (1, 1, depth, 80, 100))
    stacked = [np.ascontiguousarray(np.broadcast_to(a, (depth, 80, 100))) for a in (labels, probability, distance)]
    return Volume(np.ascontiguousarray(pixels), spacing=(3.0, 1.0, 1.0), unit="um", name="discs"), *stacked


@pytest.fixture(params=[1, 4], ids=["2D", "3D, anisotropic"])
def looked_at(request, session: Session) -> ProjectImage:
    volume, labels, probability, distance = seen(request.param)
    entry = session.add_image(volume)
    session.edits.replace_labels(labels[None])
    session.review.take_in(entry, doubts_in(probability, distance, labels, SETTINGS))
    return entry


def go_to(session: Session, *ids: int | None) -> None:
    """N until one of these objects is looked at."""
    for _ in range(10):
        place = session.review.next()
        if place is not None and place.id in ids:
            return
    raise AssertionError(f"{ids} are never shown")


def found_at(runners, middle: tuple[int, int], mask: np.ndarray) -> None:
    """What clicks in the disc around a place find; nothing elsewhere."""
    packed = PackedMask.of(mask[None, None], (0, 0, 0, 0))
    runners.ahead = lambda job: packed if disc(*middle)[job.point[2:]] else PackedMask()


def undone_and_done_again(session: Session, entry: ProjectImage, before: np.ndarray) -> None:
    """One step takes it back, and one does it again; it is all confirmed."""
    after, confirmed = entry.labels.copy(), entry.confirmed.copy()
    assert (entry.confirmed[after != before] > 0).all()
    session.undo()
    np.testing.assert_array_equal(entry.labels, before)
    assert not entry.confirmed.any()
    session.redo()
    np.testing.assert_array_equal(entry.labels, after)
    np.testing.assert_array_equal(entry.confirmed, confirmed)


def test_a_fused_object_is_split_between_its_two_peaks(session, looked_at) -> None:
    go_to(session, 1)
    before, suggest = looked_at.labels.copy(), session.verbs.suggest
    assert suggest.suggestion.words == "split in two"
    assert len(np.unique(suggest.suggestion.made())) == 3
    suggest.take()
    whole = before == 1
    sizes = np.unique(looked_at.labels[whole], return_counts=True)[1]
    assert len(sizes) == 2
    assert sizes.min() > 0.45 * whole.sum()
    assert (looked_at.confirmed[whole] == 2).all()
    assert (looked_at.labels[~whole] == before[~whole]).all()
    undone_and_done_again(session, looked_at, before)


def test_halves_of_one_object_are_joined(session, looked_at) -> None:
    go_to(session, 2, 3)
    before, number = looked_at.labels.copy(), session.review.place.id
    assert session.verbs.suggest.suggestion.words == "join with its neighbour"
    session.verbs.suggest.take()
    assert (looked_at.labels[(before == 2) | (before == 3)] == number).all()
    assert session.review.place is None or session.review.place.id not in (2, 3), "both were said to be one"
    undone_and_done_again(session, looked_at, before)


def test_what_is_nearly_nothing_is_deleted(session, looked_at) -> None:
    go_to(session, 4)
    before = looked_at.labels.copy()
    assert session.verbs.suggest.suggestion.words == "delete"
    assert not session.verbs.suggest.suggestion.made().any()
    session.verbs.suggest.take()
    assert not (looked_at.labels == 4).any()
    assert (looked_at.confirmed[before == 4] == 1).all()
    undone_and_done_again(session, looked_at, before)


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_where_one_was_missed_what_a_click_finds_is_suggested(session, runners, looked_at) -> None:
    found_at(runners, GAP, disc(*GAP) | disc(60, 56))
    go_to(session, None)
    before, suggest = looked_at.labels.copy(), session.verbs.suggest
    session.run_until_idle()
    assert suggest.suggestion.words == "new object"
    suggest.take()
    new = (looked_at.labels > 0) & (before == 0)
    assert (new == (disc(*GAP) | disc(60, 56)) & (before == 0)).all(), "nothing of a neighbour"
    assert len(np.unique(looked_at.labels[new])) == 1
    undone_and_done_again(session, looked_at, before)


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_where_a_click_finds_another_outline_it_is_suggested_before_deleting(session, runners, looked_at) -> None:
    found_at(runners, FAINT, disc(*FAINT, radius=6))
    go_to(session, 4)
    before, suggest = looked_at.labels.copy(), session.verbs.suggest
    assert suggest.suggestion.words == "delete"
    session.run_until_idle()
    assert suggest.suggestion.words == "delete", "somebody may be about to take it"
    assert suggest.other().words == "new outline"
    session.review.next()
    session.review.previous()
    assert suggest.suggestion.words == "new outline"
    assert [suggest.other().words, suggest.other().words] == ["delete", "new outline"]
    suggest.take()
    assert ((looked_at.labels[0, 0] == 4) == disc(*FAINT, radius=6)).all()
    undone_and_done_again(session, looked_at, before)


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_where_a_part_of_an_object_was_missed_the_object_gets_the_outline_that_a_click_finds(
    session, runners, looked_at
) -> None:
    rows, columns = np.indices((80, 100))
    found = disc(60, 50) | ((abs(rows - 60) < 3) & (columns >= 50) & (columns <= 82))
    found |= (rows >= 50) & (rows <= 60) & (abs(columns - 80) < 3)  # where the network sees it best
    found_at(runners, GAP, found)
    go_to(session, None)
    before, suggest = looked_at.labels.copy(), session.verbs.suggest
    session.run_until_idle()
    assert suggest.suggestion.words == "new outline"
    assert not suggest.has_others
    suggest.take()
    assert ((looked_at.labels[0, 0] == 5) == found).all()
    undone_and_done_again(session, looked_at, before)


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_where_a_click_finds_what_is_there_already_nothing_is_suggested(session, runners, looked_at) -> None:
    rows, columns = np.indices((80, 100))
    way = ((rows == 60) & (columns >= 50) & (columns <= 80)) | ((columns == 80) & (rows >= 52) & (rows <= 60))
    found_at(runners, GAP, disc(60, 50) | way)
    go_to(session, None)
    session.run_until_idle()
    assert session.verbs.suggest.suggestion is None


def test_what_is_confirmed_is_never_changed(session, looked_at) -> None:
    go_to(session, 2, 3)
    number = session.review.place.id
    other = 5 - number
    assert session.verbs.suggest.suggestion.way == "join"
    t, z, y, x = np.argwhere(looked_at.labels == other)[0]
    session.edits.approve_object((t, z, y, x))
    suggestion = session.verbs.suggest.suggestion
    assert suggestion is None or suggestion.way != "join"
    session.undo()
    assert session.verbs.suggest.suggestion.way == "join"


def test_a_stale_suggestion_is_not_taken(session, looked_at) -> None:
    go_to(session, 1)
    suggestion, before = session.verbs.suggest.suggestion, looked_at.labels.copy()
    t, z, y, x = np.argwhere(looked_at.labels == 5)[0]
    session.edits.delete_object((t, z, y, x))
    with pytest.raises(UserError, match="changed since this was suggested"):
        session.verbs.suggest.take(suggestion)
    assert (looked_at.labels[before == 1] == 1).all()
    session.verbs.suggest.take()
    assert len(np.unique(looked_at.labels[before == 1])) == 2, "what is shown now belongs to the masks of now"


def test_without_a_suggestion_it_is_said_what_to_do(session, looked_at) -> None:
    with pytest.raises(UserError, match="Nothing is suggested here"):
        session.verbs.suggest.take()
    assert session.verbs.suggest.other() is None


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_other_goes_on_from_what_is_shown_where_one_cannot_be_done(session, looked_at) -> None:
    point, neighbour = (0, 0, *ONE), (0, 0, *TWO)
    mends = Mends.nothing(1)
    mends.joins[0], mends.cuts[0] = neighbour, [(0, 0, 20, 13), (0, 0, 20, 27)]
    mends.chances[0] = (0.8, 0.6, 0.4)
    box = [(0, 1), (0, 1), (10, 32), (2, 40)]
    doubts = Doubts(np.array([point]), np.array([box]), np.array([0.9]), np.zeros(1, bool), mends)
    session.review.take_in(looked_at, doubts)
    session.edits.approve_object(neighbour)  # nothing is joined with it any more
    session.review.next()
    suggest = session.verbs.suggest
    shown = [suggest.suggestion.way, *(suggest.other().way for _ in range(3))]
    assert shown == ["split", "delete", "split", "delete"]


@pytest.mark.parametrize("looked_at", [1], indirect=True)
def test_after_a_stroke_what_is_suggested_is_that_for_the_masks_as_they_are(session, looked_at) -> None:
    go_to(session, 1)
    suggest = session.verbs.suggest
    with session.edits.stroke():
        session.edits.paint(np.ravel_multi_index((0, 0, 70, 90), looked_at.labels.shape)[None], 9)
    assert not suggest.suggestion.is_stale
    with session.edits.stroke():
        session.edits.paint(np.flatnonzero(looked_at.labels == 1)[:20], 1)
    assert suggest.suggestion is None, "it was corrected by hand"
    session.undo()
    assert suggest.suggestion.words == "split in two"


@pytest.mark.parametrize("frame", [0, 2])
def test_in_a_time_series_only_the_frame_that_is_looked_at_changes(session, runners, frame: int) -> None:
    """Three frames of the same discs; what is proposed in one of them is doubtful, and so is the gap there."""
    volume, labels, probability, distance = seen()
    entry = session.add_image(Volume(np.repeat(volume.pixels, 3, axis=0), spacing=volume.spacing, name="film"))
    session.edits.replace_labels(np.repeat(labels[None], 3, axis=0))
    session.review.take_in(entry, doubts_in(probability, distance, labels, SETTINGS).moved((frame, 0, 0, 0)))
    _found_in_the_gap(runners, entry, (frame, 0, 0, 0))
    for words in ("split in two", "join with its neighbour", "new object"):
        _go_on_to(session, words)
        before = entry.labels.copy()
        assert session.verbs.suggest.suggestion.words == words
        session.verbs.suggest.take()
        changed = np.flatnonzero((entry.labels != before).any(axis=(1, 2, 3)))
        assert changed.tolist() == [frame]
        session.undo()
        np.testing.assert_array_equal(entry.labels, before)
        session.redo()
    assert (entry.labels[frame, 0][disc(*GAP)] > 0).all()


@pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
def test_in_a_large_image_the_part_is_opened_and_what_is_suggested_lies_in_it(session, runners, image: Path) -> None:
    """The discs lie far right in an image of which the left part is open."""
    entry = opened(session, image)
    top, left = 1200, 4060
    _, labels, probability, distance = seen()
    whole = np.zeros(SHAPE, np.uint32)
    whole[0, 0, top : top + 80, left : left + 100] = labels[0]
    session.choose_model("nuclei-2d")
    session.segment_all()
    job = runners.started[-1].job
    for _ in merging.merge(whole, job.store, "instances"):
        pass
    doubts = doubts_in(probability, distance, labels, SETTINGS).moved((0, 0, top, left))
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=5, seconds=1, doubts=doubts.to_text())
    runners.started[-1].events.append(Finished(result=result))
    session.run_until_idle()
    assert entry.region[3].stop < left, "another part is open"
    session.open_region((0, 0, top + 40, left + 40))
    part, (y, x) = entry.region, (one.start for one in entry.region[2:])
    _found_in_the_gap(runners, entry, (0, 0, top, left))
    for words in ("split in two", "join with its neighbour", "new object"):
        session.open_region((0, 0, 1300, 0))
        _go_on_to(session, words)
        assert entry.region == part, "the part in which it lies was opened"
        before = entry.labels.copy()
        assert session.verbs.suggest.suggestion.words == words
        session.verbs.suggest.take()
        changed = np.argwhere((entry.labels != before)[0, 0]) + np.array([y - top, x - left])
        assert changed.min() >= 0
        assert (changed.max(axis=0) < (80, 100)).all()
        session.undo()
        np.testing.assert_array_equal(entry.labels, before)
        session.redo()
    made = entry.labels[0, 0, top - y : top - y + 80, left - x : left - x + 100]
    assert len(np.unique(made[disc(*GAP)])) == 1
    assert (made[disc(*GAP)] > 0).all()


def _go_on_to(session: Session, words: str) -> None:
    for _ in range(12):
        session.review.next()
        session.run_until_idle()
        shown = session.verbs.suggest.suggestion
        if shown is not None and shown.words == words:
            return
    raise AssertionError(f"{words} is never suggested")


def _found_in_the_gap(runners, entry: ProjectImage, corner: tuple[int, int, int, int]) -> None:
    """A click in the gap of discs that lie at ``corner`` finds a disc, in what the network looks at."""
    mask = disc(*GAP)

    def answer(job: SuggestJob) -> PackedMask:
        lies = [at - a.start + b.start for at, a, b in zip(corner, entry.region, entry.inner, strict=True)]
        y, x = (at - start for at, start in zip(job.point[2:], lies[2:], strict=True))
        inside = job.point[0] == lies[0] and 0 <= y < 80 and 0 <= x < 100 and mask[y, x]
        return PackedMask.of(mask[None, None], lies) if inside else PackedMask()

    runners.ahead = answer
