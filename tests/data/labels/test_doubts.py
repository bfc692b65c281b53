from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest

from napari_apprentice.data.labels.doubting import doubts_in, evidence_of
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.settings import DecodeSettings

DECODE = DecodeSettings(foreground=0.5, prominence=0.2, min_size=5)


def at(*places: tuple[int, int, float], edge: int = 10, missed: bool = False) -> Doubts:
    """Places (y, x, doubt) of one slice."""
    points = np.array([(0, 0, y, x) for y, x, _ in places], np.int64).reshape(-1, 4)
    low = points - np.array([0, 0, edge // 2, edge // 2])
    boxes = np.stack([low, low + np.array([1, 1, edge, edge])], axis=2)
    return Doubts(points, boxes, np.array([doubt for _, _, doubt in places]), np.full(len(places), missed))


def test_a_record_gives_the_same_places_back() -> None:
    doubts = Doubts.together([at((20, 30, 0.8812)), at((50, 60, 0.2), missed=True)])
    for found in (Doubts.from_bytes(doubts.to_bytes(), (1, 1, 100, 100)), Doubts.from_text(doubts.to_text())):
        assert (found.points == doubts.points).all()
        assert (found.boxes == doubts.boxes).all()
        assert found.values.tolist() == [0.8812, 0.2]
        assert found.missed.tolist() == [False, True]
    assert len(Doubts.from_text(Doubts.none().to_text())) == 0


def test_a_record_says_how_places_may_be_mended_and_voxels_move_with_it() -> None:
    mends = Mends.nothing(2)
    mends.joins[0], mends.cuts[1] = (0, 0, 20, 40), [(0, 0, 50, 58), (0, 0, 50, 64)]
    mends.chances[:] = [(0.5, 0, 0.1), (0, 0.25, 0)]
    doubts = replace(at((20, 30, 0.5), (50, 60, 0.2)), mends=mends)
    found = Doubts.from_bytes(doubts.moved((1, 2, 3, 4)).to_bytes()).mends
    assert found.joins.tolist() == [[1, 2, 23, 44], [-1] * 4], "that there is none stays so"
    assert found.cuts.tolist() == [[[-1] * 4] * 2, [[1, 2, 53, 62], [1, 2, 53, 68]]]
    assert found.chances.tolist() == mends.chances.tolist()
    assert Doubts.together([doubts, doubts]).only(np.array([3])).mends.chances.tolist() == [[0, 0.25, 0]]


@pytest.mark.parametrize(
    "record", [b"", b"nonsense", zlib.compress(bytes(55)), zlib.compress(np.full(14, -1, "<i4").tobytes())]
)
def test_a_damaged_record_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match="damaged record of doubts"):
        Doubts.from_bytes(record)


def test_places_beyond_the_image_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit the image"):
        Doubts.from_bytes(at((20, 96, 0.5)).to_bytes(), (1, 1, 100, 100))


def test_the_most_doubtful_come_first_but_not_all_of_a_clump() -> None:
    clump = [(50, 50, 0.9), (50, 60, 0.88), (60, 50, 0.86), (60, 60, 0.84)]
    order = at(*clump, (50, 300, 0.75), (300, 50, 0.1)).order()
    assert order.tolist()[:2] == [0, 4], "the clump lost much of its doubt when one of it was looked at"
    assert order.tolist()[-1] == 5, "what is firm stays last"
    assert sorted(order.tolist()) == list(range(6))


def test_slices_are_as_far_from_each_other_as_they_are() -> None:
    doubts = Doubts.together([at((50, 50, 0.9)), at((50, 50, 0.85)).moved((0, 5, 0, 0)), at((50, 200, 0.8))])
    assert doubts.order((1, 1, 1)).tolist() == [0, 2, 1]
    assert doubts.order((30, 1, 1)).tolist() == [0, 1, 2]


def _discs(*centres: tuple[int, int], radius: int = 8, shape: tuple[int, int] = (60, 120)) -> np.ndarray:
    """The distance to the outline of discs (1, Y, X), 0 outside."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    depth = [radius - np.hypot(y - cy, x - cx) for cy, cx in centres]
    return np.maximum(np.max(depth, axis=0), 0)[None]


def test_each_measure_finds_what_it_is_for() -> None:
    """One firm disc; one the network was unsure of; two discs in one object; two objects with hardly a saddle."""
    one, two, three, four = (30, 15), (30, 45), (22, 75), (38, 75)
    depth = _discs(one, two, three, four)
    labels = np.zeros(depth.shape, np.uint32)
    for value, centre in ((1, one), (2, two), (3, three), (3, four)):
        labels[_discs(centre) > 0] = value
    labels[0, 22:38, 68:83] = 3
    labels[0, 10:50, 98:106], labels[0, 10:50, 106:114] = 4, 5
    distance = np.log1p(depth)
    distance[labels == 4] = distance[labels == 5] = np.log1p(4)
    probability = np.where(labels > 0, 0.99, 0.01)
    probability[labels == 2] = 0.6
    found = evidence_of(probability, distance, labels, DECODE)
    assert found.ids.tolist() == [1, 2, 3, 4, 5]
    assert np.argmax(found.unsure) == 1
    assert found.mismatch[2] > 2 * found.mismatch[0], "the distance of two discs is not that of a large object"
    assert found.joint[3:].min() > 0.9
    assert found.joint[:3].max() == 0, "they touch nobody"
    assert np.argmin(found.doubt) == 0
    assert (labels[tuple(found.points.T)] == found.ids).all()
    assert (found.peaks >= 1).tolist() == [False, False, True, False, False]
    assert {tuple(found.second.first[2, 1:]), tuple(found.second.second[2, 1:])} == {three, four}
    assert found.partner.tolist() == [-1, -1, -1, 4, 3]
    likeliest = found.mends().chances.argmax(axis=1)
    assert likeliest[1:].tolist() == [2, 1, 0, 0], "delete, split, join, join"


def test_places_that_are_nearly_foreground_are_doubtful_too_but_not_the_rim_of_an_object() -> None:
    depth = _discs((30, 20), (30, 60), (30, 100))
    probability = 1 / (1 + np.exp(-depth)) * (depth > 0)
    labels = np.zeros(depth.shape, np.uint32)
    labels[_discs((30, 20)) > 1] = 1
    labels[_discs((30, 60)) > 1] = 2
    found = doubts_in(probability, None, labels, DECODE)
    missed = found.only(found.missed)
    assert len(found) == 3
    assert missed.points.tolist() == [[0, 0, 30, 100]]
    assert missed.values[0] > 0.3
    assert (missed.boxes[0, 2:, 0] > [20, 90]).all()


def test_without_objects_there_may_still_be_places() -> None:
    depth = _discs((30, 30))
    nothing = np.zeros(depth.shape, np.uint32)
    assert len(doubts_in(np.zeros(depth.shape), None, nothing, DECODE)) == 0
    assert doubts_in(0.45 * (depth > 0), None, nothing, DECODE).missed.tolist() == [True]


def test_an_object_that_fills_the_slice_has_a_doubt_too() -> None:
    everywhere = np.ones((1, 20, 30), np.uint32)
    found = doubts_in(np.ones(everywhere.shape), np.ones(everywhere.shape), everywhere, DECODE)
    assert np.isfinite(found.values).all()
    assert len(found) == 1
