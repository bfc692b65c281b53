"""What is suggested for a doubtful object: each kind is done, undone and done again, and nothing confirmed changes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubting import doubts_in
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import PackedMask
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.settings import DecodeSettings

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
def test_another_outline_is_the_next_suggestion_and_changes_no_neighbour(session, runners, looked_at) -> None:
    found_at(runners, FAINT, disc(*FAINT, radius=6))
    go_to(session, 4)
    before, suggest = looked_at.labels.copy(), session.verbs.suggest
    session.run_until_idle()
    assert suggest.suggestion.words == "delete"
    assert suggest.has_others
    assert suggest.other().words == "new outline"
    suggest.take()
    assert ((looked_at.labels[0, 0] == 4) == disc(*FAINT, radius=6)).all()
    undone_and_done_again(session, looked_at, before)


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
