"""Ids through time: one object has one id in all frames, whatever is confirmed, and however large the image is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.session.test_regions import model_file

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import merging
from napari_apprentice.data.storage import scratch
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentLargeResult, SegmentResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.settings import ClassName, SegmentSettings

Square = tuple[int, int]  # y, x of its corner
SIDE = 6


def series(frames: Sequence[Sequence[Square]], shape: tuple[int, int] = (40, 40)) -> np.ndarray:
    """Squares in frames (T, 1, Y, X), with ids that are unique over all of them."""
    labels = np.zeros((len(frames), 1, *shape), np.uint32)
    number = 0
    for t, squares in enumerate(frames):
        for y, x in squares:
            number += 1
            labels[t, 0, y : y + SIDE, x : x + SIDE] = number
    return labels


def arrive(session: Session, labels: np.ndarray) -> None:
    """Segment, and the engine finds ``labels``."""
    session.segment()
    job = session.runners.started[-1].job
    out = scratch.write(job.out.path, labels)
    result = SegmentResult(job=job.id, labels=out, objects=int(labels.max()), seconds=1.0)
    session.runners.started[-1].events.append(Finished(result=result))
    session.run_until_idle()


def ids_at(labels: np.ndarray, square: Square) -> list[int]:
    """The id of a square in each frame."""
    return labels[:, 0, square[0], square[1]].tolist()


def flat(entry, t: int, square: Square, side: int = SIDE) -> np.ndarray:
    mask = np.zeros(entry.labels.shape, bool)
    mask[t, 0, square[0] : square[0] + side, square[1] : square[1] + side] = True
    return np.flatnonzero(mask)


def filmed(session: Session, tmp_path: Path, frames: int, *, link: bool = True):
    pixels = np.random.default_rng(0).integers(0, 200, (frames, 1, 1, 40, 40)).astype(np.uint8)
    entry = session.add_image(Volume(pixels, name="film"))
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_settings = SegmentSettings(link=link)
    return entry


A, B, C = (2, 2), (20, 20), (2, 30)


def test_three_identical_frames_have_one_set_of_ids(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 3)
    arrive(session, series([[A, B, C]] * 3))
    np.testing.assert_array_equal(entry.labels, np.repeat(series([[A, B, C]]), 3, axis=0))
    after = entry.labels.copy()
    session.undo()
    assert not entry.labels.any()
    session.redo()
    np.testing.assert_array_equal(entry.labels, after)


def test_without_the_setting_every_frame_has_ids_of_its_own(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 3, link=False)
    proposal = series([[A, B]] * 3)
    arrive(session, proposal)
    np.testing.assert_array_equal(entry.labels, proposal)


def test_what_is_linked_to_a_confirmed_object_has_its_id_in_every_frame(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 5)
    session.paint(flat(entry, 2, A), 70)
    confirmed = entry.confirmed.copy()
    before = entry.labels.copy()
    arrive(session, series([[A, B], [A, B], [A, B], [A, B, C], [A, B, C]]))
    assert ids_at(entry.labels, A) == [70] * 5
    assert ids_at(entry.labels, B) == [1] * 5
    assert ids_at(entry.labels, C) == [0, 0, 0, 2, 2]
    np.testing.assert_array_equal(entry.confirmed, confirmed)
    after = entry.labels.copy()
    session.undo()
    np.testing.assert_array_equal(entry.labels, before)
    session.redo()
    np.testing.assert_array_equal(entry.labels, after)


def test_an_object_that_only_the_user_saw_is_linked_to_what_the_network_finds_next(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 3)
    session.paint(flat(entry, 1, A), 9)
    arrive(session, series([[A], [], [A]]))
    assert ids_at(entry.labels, A) == [9, 9, 9]


def test_confirmed_objects_keep_their_ids_and_what_lies_between_follows_the_earlier(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 6)
    session.paint(flat(entry, 1, A), 5)
    session.paint(flat(entry, 4, A), 8)
    arrive(session, series([[A]] * 6))
    assert ids_at(entry.labels, A) == [5, 5, 5, 5, 8, 8]


def test_no_two_objects_of_a_frame_have_one_id(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 4)
    session.paint(flat(entry, 0, A), 5)
    session.paint(flat(entry, 2, B), 5)  # the user says that it went from A to B
    arrive(session, series([[A, B]] * 4))
    assert ids_at(entry.labels, A)[:2] == [5, 5]
    assert ids_at(entry.labels, B)[2:] == [5, 5]
    for frame in entry.labels:
        assert frame[0, A[0], A[1]] != frame[0, B[0], B[1]]
    assert ids_at(entry.labels, A)[2] == ids_at(entry.labels, A)[3] not in (0, 5)
    assert ids_at(entry.labels, B)[0] == ids_at(entry.labels, B)[1] not in (0, 5)


def test_an_object_that_was_edited_in_one_frame_keeps_its_id_in_all(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 3)
    arrive(session, series([[B, A], [A, B], [A]]))
    assert ids_at(entry.labels, A) == [2, 2, 2]
    session.paint(flat(entry, 1, A, side=3), 2)  # what is not painted of it is kept
    arrive(session, series([[A, B], [B], [A]]))
    assert ids_at(entry.labels, A) == [2, 2, 2]
    assert set(entry.labels[1, 0, 2:8, 2:8].ravel().tolist()) == {2}
    assert ids_at(entry.labels, B) == [1, 1, 0]


def test_masks_taken_from_another_layer_are_linked_as_well(session, tmp_path) -> None:
    entry = filmed(session, tmp_path, 3)
    session.edits.replace_labels(series([[A, B]] * 3))
    assert ids_at(entry.labels, A) == [1, 1, 1]
    assert ids_at(entry.labels, B) == [2, 2, 2]
    session.undo()
    assert not entry.labels.any()


def test_classes_are_never_linked(session, tmp_path) -> None:
    session.choose_kind("classes", (ClassName(value=1, name="a"), ClassName(value=2, name="b")))
    entry = session.add_image(Volume(np.eye(40, dtype=np.uint8)[None, None, None].repeat(2, axis=0), name="film"))
    session.segment_settings = SegmentSettings(link=True)
    proposal = (series([[A], [A]]) > 0) * np.array([1, 2], np.uint32)[:, None, None, None]
    session.edits.replace_labels(proposal)
    assert ids_at(entry.labels, A) == [1, 2]


# ---- images too large to be open whole ----

SHAPE = (3, 1, 700, 1100)
P, Q = (100, 100), (600, 1000)


@pytest.fixture
def large(session, tmp_path) -> LargeProjectImage:
    path = tmp_path / "film.tif"
    pixels = np.random.default_rng(0).integers(0, 250, (3, *SHAPE[2:])).astype(np.uint8)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "TYX"})
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(read_image(path))
    assert isinstance(entry, LargeProjectImage)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_settings = SegmentSettings(link=True)
    return entry


def open_frame(session: Session, t: int) -> None:
    session.open_region((t, 0, 350, 550))


def whole(entry: LargeProjectImage) -> np.ndarray:
    entry.keep_snapshot()
    labels = np.zeros(SHAPE, np.uint32)
    for part in entry.folder.store.labelled_chunks():
        labels[part] = entry.folder.store.read(part)[0]
    return labels


def frame_arrives(session: Session, squares: Sequence[Square]) -> None:
    arrive(session, series([squares], SHAPE[2:]))


def test_frames_of_a_large_image_that_are_segmented_one_by_one_have_one_set_of_ids(session, large) -> None:
    for t in (1, 2, 0):
        open_frame(session, t)
        frame_arrives(session, [P, Q] if t else [Q, P])
    labels = whole(large)
    assert ids_at(labels, P) == [1, 1, 1]
    assert ids_at(labels, Q) == [2, 2, 2]
    session.undo()
    assert ids_at(whole(large), P) == [0, 1, 1]
    session.redo()
    np.testing.assert_array_equal(whole(large), labels)


def test_in_the_open_part_confirmed_objects_of_the_frames_around_count_first(session, large) -> None:
    open_frame(session, 0)
    frame_arrives(session, [P])
    open_frame(session, 2)
    session.paint(np.flatnonzero(series([[P]], SHAPE[2:])), 50)
    open_frame(session, 1)
    frame_arrives(session, [P, Q])
    assert ids_at(whole(large), P) == [1, 50, 50]
    assert ids_at(whole(large), Q)[1] not in (0, 1, 50)


def all_arrives(session: Session, proposal: np.ndarray) -> None:
    """Segment all of the image, and the engine finds ``proposal`` and merges it."""
    session.segment_all()
    job = session.runners.started[-1].job
    steps = merging.merge(proposal, job.store, "instances", link=job.settings.link)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            objects = end.value
            break
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=objects, seconds=1.0)
    session.runners.started[-1].events.append(Finished(result=result))
    session.pump()


def test_all_of_a_large_image_has_one_set_of_ids_and_confirmed_objects_keep_theirs(session, large) -> None:
    open_frame(session, 1)
    session.paint(np.flatnonzero(series([[P]], SHAPE[2:])), 50)
    before = whole(large)
    all_arrives(session, series([[P, Q]] * 3, SHAPE[2:]))
    labels = whole(large)
    assert ids_at(labels, P) == [50, 50, 50]
    q = ids_at(labels, Q)
    assert len(set(q)) == 1
    assert 50 < q[0] < large.next_id()
    session.undo()
    np.testing.assert_array_equal(whole(large), before)
    session.redo()
    np.testing.assert_array_equal(whole(large), labels)


def test_what_is_corrected_meanwhile_in_another_frame_does_not_cut_a_linked_object(session, large) -> None:
    open_frame(session, 1)
    session.paint(np.flatnonzero(series([[P]], SHAPE[2:])), 50)
    session.segment_all()
    job = session.runners.started[-1].job
    list(merging.merge(series([[P, Q]] * 3, SHAPE[2:]), job.store, "instances", link=True))
    open_frame(session, 2)  # while it runs
    near = (P[0] + 30, P[1] + 30)
    session.paint(np.flatnonzero(series([[near]], SHAPE[2:])), large.next_id())
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=2, seconds=1.0)
    session.runners.started[-1].events.append(Finished(result=result))
    session.pump()
    labels = whole(large)
    assert ids_at(labels, P) == [50, 50, 50]
    assert (labels[2] == 50).sum() == SIDE * SIDE
    assert ids_at(labels, near)[2] not in (0, 50)
