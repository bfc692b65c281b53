"""Next, back, approve and delete, through all images of a project, from what came with the proposals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.session.test_regions import SHAPE, image, opened

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentLargeResult, SegmentResult
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.session.doubted import doubt_map
from napari_apprentice.settings import ClassName

__all__ = ["image"]  # a fixture

SQUARES = {1: ((10, 10), 0.2), 2: ((10, 60), 0.9), 3: ((10, 110), 0.6), 4: ((60, 10), 0.03)}
MISSED = (60, 110), 0.4


def proposal(name: str) -> tuple[Volume, np.ndarray, Doubts]:
    """Four squares of 12 x 12 in two slices, one of them firm, and a place where one may be missing."""
    pixels = np.random.default_rng(len(name)).integers(0, 200, (1, 1, 2, 90, 140)).astype(np.uint16)
    labels = np.zeros((1, 2, 90, 140), np.uint32)
    points, boxes, values = [], [], []
    for value, ((y, x), doubt) in [*SQUARES.items(), (0, MISSED)]:
        labels[:, :, y : y + 12, x : x + 12] = value
        points.append((0, 1, y + 6, x + 6))
        boxes.append(((0, 1), (0, 2), (y, y + 12), (x, x + 12)))
        values.append(doubt)
    missed = np.arange(5) == 4
    doubts = Doubts(np.array(points), np.array(boxes), np.array(values), missed)
    return Volume(pixels, spacing=(2.0, 1.0, 1.0), unit="um", name=name), labels, doubts


def segmented(session: Session, runners, name: str = "cells") -> ProjectImage:
    volume, labels, doubts = proposal(name)
    entry = session.add_image(volume)
    session.choose_model("nuclei-2d")
    session.segment()
    finish(session, runners, labels, doubts)
    return entry


def finish(session: Session, runners, labels: np.ndarray, doubts: Doubts) -> None:
    job = runners.started[-1].job
    assert job.doubts
    ref = scratch.write(job.out.path, labels)
    told = {"objects": 4, "seconds": 0.1, "doubts": doubts.to_text()}
    runners.started[-1].events.append(Finished(result=SegmentResult(job=job.id, labels=ref, **told)))
    session.run_until_idle()


def around(points: np.ndarray) -> np.ndarray:
    """Boxes of 10 x 10 voxels."""
    return np.stack([points - np.array([0, 0, 5, 5]), points + np.array([1, 1, 5, 5])], axis=2)


def order(session: Session) -> list[int | None]:
    return [one.id for one in session.review.doubtful(session.current)]


needs_model = pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
pytestmark = needs_model


def test_the_most_doubtful_is_first_and_what_is_firm_is_left_out(session, runners) -> None:
    entry = segmented(session, runners)
    assert order(session) == [2, 3, None, 1]
    first = session.review.doubtful()[0]
    assert (first.image, first.point) == ("cells", (0, 1, 16, 66))
    assert first.doubt == pytest.approx(0.9)
    assert first.box == (slice(0, 1), slice(0, 2), slice(10, 22), slice(60, 72))
    assert session.review.state(entry).words == "4 doubtful"
    objects, values = session.review.doubts()
    assert objects.tolist() == [[0, 1], [0, 2], [0, 3], [0, 4]]
    assert values.tolist() == [0.2, 0.9, 0.6, 0.03]
    assert session.objects.now().columns["doubt"].tolist() == [0.2, 0.9, 0.6, 0.03]
    session.edits.approve_object((0, 1, 16, 66))
    assert np.isnan(session.objects.now().columns["doubt"][1])
    session.undo()


def test_approve_and_delete_go_on_and_each_is_one_step_of_undo(session, runners) -> None:
    entry = segmented(session, runners)
    shown = []
    session.reviewing.connect(shown.append)
    with pytest.raises(UserError, match="Go to a doubtful object first"):
        session.review.approve()
    assert session.review.next().id == 2
    before = entry.labels.copy()
    assert session.review.approve().id == 3
    assert (entry.confirmed[entry.labels == 2] == 2).all()
    assert session.review.delete().id is None
    assert not (entry.labels == 3).any()
    assert session.review.state(entry).left == 2
    session.undo()
    assert (entry.labels == before).all()
    assert order(session) == [3, None, 1]
    session.redo()
    assert order(session) == [None, 1]
    session.undo()
    session.undo()
    assert order(session) == [2, 3, None, 1]
    assert [None if one is None else one.id for one in shown] == [2, 3, None]


@pytest.mark.parametrize("verdict", ["approve", "delete"])
def test_where_no_object_is_both_verdicts_say_that_there_is_none(session, runners, verdict: str) -> None:
    entry = segmented(session, runners)
    for _ in range(3):
        place = session.review.next()
    assert place.id is None
    getattr(session.review, verdict)()
    said = entry.confirmed == 1
    assert said[place.box].sum() == said.sum() > 0.4 * 2 * 12 * 12, "an ellipsoid that fills the box"
    assert order(session) == [2, 3, 1]
    session.undo()
    assert not entry.confirmed.any()
    assert None in order(session)


def test_where_no_object_is_in_a_corner_of_the_image_it_is_said_once(session, runners) -> None:
    """The box of such a place is cut off by the edges, and the place lies outside of the ellipse in it."""
    pixels = np.random.default_rng(0).integers(0, 200, (1, 1, 1, 40, 40)).astype(np.uint16)
    entry = session.add_image(Volume(pixels, name="dark"))
    point, box = (0, 0, 0, 0), ((0, 1), (0, 1), (0, 9), (0, 9))
    session.review.take_in(entry, Doubts(np.array([point]), np.array([box]), np.array([0.5]), np.array([True])))
    assert session.review.next().id is None
    assert session.review.approve() is None
    assert session.review.state(entry).words == "done"
    assert entry.confirmed[point] == 1
    session.undo()
    assert not entry.confirmed.any()
    assert session.review.state(entry).left == 1


def test_what_is_corrected_in_any_way_is_not_shown_any_more(session, runners) -> None:
    entry = segmented(session, runners)
    session.edits.approve_object((0, 0, 16, 66))
    session.paint(np.ravel_multi_index((0, 0, 11, np.arange(111, 114)), entry.labels.shape), 3)
    assert order(session) == [None, 1], "of an object that was painted in the rest was seen, too"
    session.paint(np.ravel_multi_index((0, 1, 66, np.arange(112, 120)), entry.labels.shape), entry.next_id())
    assert order(session) == [1], "an object was painted where one was missing"
    assert session.review.doubts()[0].tolist() == [[0, 1], [0, 4]]


def test_next_passes_all_once_before_those_passed_over_come_again_and_back_goes_back(session, runners) -> None:
    segmented(session, runners)
    with pytest.raises(UserError, match="none before it"):
        session.review.previous()
    assert [session.review.next().id for _ in range(4)] == [2, 3, None, 1]
    assert session.review.next().id == 2
    assert session.sentences[-1].startswith("Those that you passed over")
    assert [session.review.previous().id for _ in range(2)] == [1, None]
    session.review.next()
    session.review.approve()
    assert session.review.previous().id == 2, "also what was approved is gone back to"


def test_it_goes_on_in_the_other_images_and_ends(session, runners) -> None:
    first, second = segmented(session, runners, "first"), segmented(session, runners, "second one")
    empty = session.add_image(proposal("a third one")[0])
    assert [session.review.state(one).words for one in session.entries] == ["4 doubtful", "4 doubtful", "not segmented"]
    session.choose_image(second)
    seen = []
    place = session.review.next()
    while place is not None:
        seen.append((place.image, place.id))
        assert session.current is place.entry
        place = session.review.approve()
    assert seen[:3] == [("second one", value) for value in (2, 3, None)]
    assert sorted(seen[3:], key=str) == sorted(
        [("second one", 1), *(("first", one) for one in (1, 2, 3, None))], key=str
    )
    assert session.sentences[-1] == "Nothing doubtful is left in the images of this project."
    assert session.review.state(first).words == "done"
    assert empty.doubts is None


def test_segmenting_again_brings_other_doubts_and_keeps_what_is_confirmed(session, runners) -> None:
    entry = segmented(session, runners)
    session.review.next()
    session.review.approve()
    _, labels, doubts = proposal("cells")
    labels[labels == 3] = 0
    session.segment()
    finish(session, runners, labels, doubts.only(np.array([0, 1, 3])))
    assert order(session) == [int(entry.labels[0, 0, 16, 16])]
    assert session.review.place is None


def test_doubts_are_kept_with_the_project_and_images_are_not_read_to_count_them(runners, tmp_path: Path) -> None:
    with Session.create(tmp_path / "project", runners) as session:
        for name in ("first", "second one"):
            segmented(session, runners, name)
        session.review.next()
        session.review.approve()
    with Session.open(tmp_path / "project", runners) as session:
        session.choose_image(session.entries[1])
        states = [session.review.state(one) for one in session.entries]
        assert [one.left for one in states] == [4, 3]
        assert not session.entries[0].is_read
        assert order(session) == [3, None, 1]
        (session.entries[0].folder.path / "doubts.bin").write_bytes(b"rotten")
    with Session.open(tmp_path / "project", runners) as session:
        assert [session.review.state(one).words for one in session.entries] == ["segment again to review", "3 doubtful"]
        assert session.review.next().image == "second one"


def test_what_is_missing_is_said(session, runners) -> None:
    session.add_image(proposal("cells")[0])
    with pytest.raises(UserError, match="Segment first"):
        session.review.next()
    assert session.review.doubts()[0].tolist() == []
    session.choose_kind("classes", (ClassName(value=1, name="one", color="#ff0000"),))
    with pytest.raises(UserError, match="Areas of classes are not objects"):
        session.review.next()


def test_in_a_large_image_it_goes_from_part_to_part(session, runners, image: Path) -> None:
    """Of all of the image, then anew of the part that is open: the other parts keep what they had."""
    entry = opened(session, image)
    session.choose_model("nuclei-2d")
    points = np.array([(0, 0, 1005, 105), (0, 0, 1205, 4005), (0, 0, 2500, 4100)])
    boxes = around(points)
    doubts = Doubts(points, boxes, np.array([0.5, 0.9, 0.4]), np.array([False, False, True]))
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, 1000:1010, 100:110], labels[0, 0, 1200:1210, 4000:4010] = 1, 2
    session.segment_all()
    job = runners.started[-1].job
    _merge(job, labels)
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=2, seconds=1, doubts=doubts.to_text())
    runners.started[-1].events.append(Finished(result=result))
    session.run_until_idle()
    assert session.review.state(entry).words == "3 doubtful"
    place = session.review.next()
    assert place.point == (0, 0, 1205, 4005)
    assert place.id == entry.labels[0, 0, 1205 - entry.region[2].start, 4005 - entry.region[3].start] > 0
    assert entry.region[3].stop == 4200
    assert session.review.approve().point == (0, 0, 1005, 105)
    assert entry.region[3].start == 0, "the part in which it lies was opened"
    assert session.review.state(entry).left == 2, "what is confirmed elsewhere is known"
    session.segment()
    job = runners.started[-1].job
    inner = entry.inner
    pixels = scratch.read(job.image.pixels)
    found = np.zeros((1, *pixels.shape[2:]), np.uint32)
    y, x = inner[2].start + 500, inner[3].start + 200
    found[0, 0, y - 5 : y + 5, x - 5 : x + 5] = 1
    at = np.array([(0, 0, y, x)])
    here = Doubts(at, around(at), np.array([0.7]), np.array([False]))
    finish(session, runners, found, here)
    top, left = entry.region[2].start, entry.region[3].start
    assert [one.point for one in session.review.doubtful()] == [(0, 0, top + 500, left + 200), (0, 0, 2500, 4100)]


def _merge(job, labels: np.ndarray) -> None:
    from napari_apprentice.data.labels import merging

    for _ in merging.merge(labels, job.store, "instances"):
        pass


def test_with_a_real_network_what_is_doubtful_are_objects_of_the_proposal(tmp_path: Path) -> None:
    from napari_apprentice.data import samples
    from napari_apprentice.runners import InlineRunners

    with Session.temporary(InlineRunners()) as session:
        entry = session.add_image(samples.load("nuclei_2d")[0])
        session.choose_model("nuclei-2d")
        session.segment()
        session.run_until_idle()
        objects, values = session.review.doubts()
        ids = objects[:, 1]
        assert ids.tolist() == np.unique(entry.labels[entry.labels > 0]).tolist()
        assert 0 < values.min() < values.max() < 1
        shown = doubt_map(entry)
        assert shown[entry.labels == ids[0]].tolist() == pytest.approx(
            [values[0]] * int((entry.labels == ids[0]).sum())
        )
        for one in session.review.doubtful():
            inside = entry.labels[one.box] == one.id
            assert one.id is None or inside.sum() == (entry.labels == one.id).sum(), "the box holds all of it"
