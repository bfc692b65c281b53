"""A proposal for an image that is not small is merged beside the thread that edits, as if at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentResult, TeachResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.settings import ClassName

SIDE = 600
LEFT, RIGHT = (0, 0, 300, 0), (0, 0, 300, 4199)


def image(height: int = SIDE, width: int = SIDE) -> Volume:
    pixels = np.random.default_rng(0).integers(0, 1000, (1, 1, 1, height, width)).astype(np.uint16)
    return Volume(pixels, name="cells")


def model_file(path: Path) -> str:
    header = ModelHeader(id=path.stem, name=path.stem, net=NetSettings())
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


@pytest.fixture
def entry(session, tmp_path):
    entry = session.add_image(image())
    session.choose_model(model_file(tmp_path / "first.safetensors"))
    return entry


def square(y: int, x: int, value: int = 1, size: int = 10) -> np.ndarray:
    labels = np.zeros((1, 1, SIDE, SIDE), np.uint32)
    labels[0, 0, y : y + size, x : x + size] = value
    return labels


TWO = square(100, 100, 1) + square(300, 300, 2)  # what the network finds
THIRD = np.flatnonzero(square(500, 500))


def arrive(session: Session, labels: np.ndarray = TWO) -> None:
    """The engine has found ``labels``."""
    job = session.runners.started[-1].job
    out = scratch.write(job.out.path, labels)
    session.runners.started[-1].events.append(
        Finished(result=SegmentResult(job=job.id, labels=out, objects=2, seconds=1.0))
    )
    session.pump()


def wait_for_thread() -> None:
    """What is worked out beside this thread is ready to be taken in."""
    for thread in threading.enumerate():
        if thread.name.startswith("apprentice-background"):
            thread.join(60)


def segmented(session: Session, labels: np.ndarray = TWO) -> None:
    """Segment, up to where the merged labels are ready, and made from what was there when the proposal came."""
    session.segment()
    arrive(session, labels)
    wait_for_thread()


def test_the_window_goes_on_while_a_proposal_is_merged_and_it_is_one_step(session, entry) -> None:
    ended: list[str] = []
    session.job_ended.connect(lambda verb, event: ended.append(event.type))
    told: list[object] = []
    session.labels_changed.connect(told.append)
    segmented(session)
    assert session.busy("segment")
    assert not entry.labels.any()
    assert not ended
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, TWO)
    assert ended == ["finished"]
    assert told == [entry]
    assert not Path(session.runners.started[-1].job.out.path).exists()
    session.undo()
    assert not entry.labels.any()
    assert not session.edits.can_undo
    session.redo()
    np.testing.assert_array_equal(entry.labels, TWO)


def test_what_was_merged_is_in_the_journal(session, entry) -> None:
    session.paint(THIRD, 9)
    session.segment()
    arrive(session)
    session.run_until_idle()
    path, labels = session.project.path, entry.labels.copy()
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal(again.current.labels, labels)
        again.undo()
        np.testing.assert_array_equal(again.current.labels, square(500, 500, 9))


def test_an_object_painted_meanwhile_stays_and_shares_its_id_with_none(session, entry) -> None:
    segmented(session)
    session.paint(THIRD, 1)  # an id that was free, and that the merged labels have given away
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, square(500, 500, 1) + square(100, 100, 2) + square(300, 300, 3))
    assert (entry.confirmed == 2).sum() == 100
    session.undo()
    np.testing.assert_array_equal(entry.labels, square(500, 500, 1))
    session.undo()
    assert not entry.labels.any()


def test_a_proposed_object_is_dropped_that_lies_mostly_on_what_was_painted_meanwhile(session, entry) -> None:
    segmented(session)
    session.paint(np.flatnonzero(square(100, 102)), 5)  # 80 of the 100 voxels of the first
    session.paint_background(np.flatnonzero(square(302, 302, size=8)))  # 64 of the second
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, square(100, 102, 5))


def test_what_was_undone_meanwhile_does_not_come_back(session, entry) -> None:
    session.paint(THIRD, 1)
    segmented(session)
    session.undo()
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, TWO)
    assert not entry.confirmed.any()
    assert entry.voxels_taught == 0


def test_who_edits_all_the_time_waits_once_in_the_end(session, entry) -> None:
    segmented(session)
    session.paint(np.arange(20), 1)
    session.pump()
    assert session.busy("segment")
    wait_for_thread()
    session.paint(np.arange(20) + SIDE, 1)
    session.pump()
    assert not session.busy("segment")
    assert (entry.labels == 1).sum() == 40
    assert (entry.labels > 1).sum() == 200


@pytest.mark.parametrize("side", [SIDE, 20])
def test_a_proposal_waits_for_the_end_of_a_stroke_and_is_a_step_of_its_own(session, entry, side) -> None:
    entry = session.add_image(image(side, side))
    with session.edits.stroke():
        session.paint(np.arange(5), 7)
        segmented(session, np.full((1, 1, side, side), 3, np.uint32))
        session.paint(np.arange(5, 10), 7)
        session.pump()
        assert (entry.labels > 0).sum() == 10
        with pytest.raises(RuntimeError, match="stroke"):
            session.run_until_idle()
    session.run_until_idle()
    assert (entry.labels > 0).all()
    assert (entry.labels == 7).sum() == 10
    session.undo()
    assert (entry.labels > 0).sum() == 10
    session.undo()
    assert not entry.labels.any()


def test_a_proposal_of_a_model_that_is_no_longer_in_use_is_dropped(session, entry, tmp_path) -> None:
    segmented(session)
    session.choose_model(model_file(tmp_path / "second.safetensors"))
    session.run_until_idle()
    assert not entry.labels.any()
    assert session.sentences[-1].startswith("Another model was chosen meanwhile")


def test_a_proposal_is_dropped_when_the_image_is_read_differently_meanwhile(session, entry) -> None:
    segmented(session)
    session.images.reinterpret(entry, Volume(image().pixels + 1, name="cells"))
    session.run_until_idle()
    assert not entry.labels.any()
    assert "changed while it was segmented" in session.sentences[-1]


@pytest.mark.parametrize("side", [SIDE, 20])
def test_a_proposal_of_objects_is_dropped_when_masks_are_classes_meanwhile(session, entry, side) -> None:
    entry = session.add_image(image(side, side))
    session.segment()
    if side == 20:
        session.choose_kind("classes", (ClassName(value=1, name="tumour"),))
    arrive(session, np.ones((1, 1, side, side), np.uint32))
    wait_for_thread()
    if side == SIDE:
        session.choose_kind("classes", (ClassName(value=1, name="tumour"),))
    session.run_until_idle()
    assert not entry.labels.any()
    assert "segment again" in session.sentences[-1]


def test_a_proposal_is_dropped_with_its_image(session, entry) -> None:
    segmented(session)
    session.images.remove(entry)
    session.run_until_idle()
    assert not session.entries
    assert not session.busy()


def test_merging_can_be_cancelled(session, entry) -> None:
    ended: list[str] = []
    session.job_ended.connect(lambda verb, event: ended.append(event.type))
    segmented(session)
    session.cancel("segment")
    session.run_until_idle()
    assert ended == ["cancelled"]
    assert not entry.labels.any()
    assert not Path(session.runners.started[-1].job.out.path).exists()
    session.segment()
    arrive(session)
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, TWO)


@pytest.mark.parametrize("how", ["close", "close_project"])
def test_closing_while_a_proposal_is_merged_leaves_labels_as_they_were(session, entry, how) -> None:
    session.paint(THIRD, 4)
    path = session.project.path
    session.segment()
    arrive(session)
    getattr(session, how)()
    assert not session.busy()
    with Session.open(path) as again:
        np.testing.assert_array_equal(again.current.labels, square(500, 500, 4))


def test_one_proposal_is_taken_in_before_the_next_is_asked_for(session, entry) -> None:
    segmented(session)
    assert "under way" in session.why_not_segment()
    session.run_until_idle()
    segmented(session, square(100, 104))
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, square(100, 104))
    session.undo()
    np.testing.assert_array_equal(entry.labels, TWO)


def test_what_teach_asks_for_goes_the_same_way(session, entry) -> None:
    session.paint(THIRD, 1)
    session.teach()
    job = session.runners.started[-1].job
    model_file(Path(job.out))
    result = TeachResult(job=job.id, model=job.out, score_before=0.5, score_after=0.7, better=True)
    session.runners.started[-1].events.append(Finished(result=result))
    session.pump()
    assert session.busy("segment")
    arrive(session)
    wait_for_thread()
    assert (entry.labels > 0).sum() == 100
    session.run_until_idle()
    np.testing.assert_array_equal(entry.labels, square(500, 500, 1) + square(100, 100, 2) + square(300, 300, 3))


def test_the_open_part_of_a_large_image_stays_until_its_proposal_is_taken_in(session, tmp_path) -> None:
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(image(600, 4200))
    assert isinstance(entry, LargeProjectImage)
    session.open_region(LEFT)
    session.choose_model(model_file(tmp_path / "first.safetensors"))
    session.segment()
    proposal = np.zeros((1, 1, *scratch.read(session.runners.started[-1].job.image.pixels).shape[3:]), np.uint32)
    proposal[entry.inner][0, 0, 50:60, 50:60] = 3
    arrive(session, proposal)
    with pytest.raises(UserError, match="being segmented"):
        session.open_region(RIGHT)
    session.run_until_idle()
    assert (entry.labels == 1).sum() == 100
    assert session.open_region(RIGHT)
    session.undo()
    assert not entry.is_labelled
