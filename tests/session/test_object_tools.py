"""Merge, split and delete: one undo step each, journalled, and a proposal that comes later leaves them alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.session.test_regions import LEFT, RIGHT, flat, image, opened, whole

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

__all__ = ["image"]  # a fixture

SHAPE = (2, 3, 20, 30)


def proposed(session: Session):
    """Two objects that touch and a third one beside them, in each frame, in all slices of 2 um."""
    pixels = np.full((2, 1, 3, 20, 30), 7.0) * np.arange(1, 3)[:, None, None, None, None]
    entry = session.add_image(Volume(pixels, spacing=(2.0, 1.0, 1.0), unit="um", name="cells"))
    labels = np.zeros(SHAPE, np.uint32)
    labels[..., 4:12, 4:16], labels[..., 4:12, 16:20], labels[..., 4:12, 22:28] = 1, 2, 3
    session.edits.replace_labels(labels)
    return entry


def merge(session: Session) -> None:
    session.edits.merge([(0, 1, 6, 18), (0, 1, 6, 5)])


def merge_in_slice(session: Session) -> None:
    session.edits.merge([(0, 1, 6, 18), (0, 1, 6, 5)], one_slice=True)


def delete(session: Session) -> None:
    session.edits.delete_object((0, 1, 6, 18))


def split(session: Session) -> None:
    session.edits.split([(0, 1, 7, 6), (0, 0, 8, 13)])


def cut(session: Session) -> None:
    session.edits.split_along([(0, 1, 2, 8), (0, 1, 14, 8)])


def cut_in_slice(session: Session) -> None:
    session.edits.split_along([(0, 1, 2, 8), (0, 1, 14, 8)], one_slice=True)


EDITS = {
    "merge": merge,
    "merge in its slice": merge_in_slice,
    "delete": delete,
    "split": split,
    "cut": cut,
    "cut in its slice": cut_in_slice,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_is_one_step_that_proposals_respect_and_a_reopened_project_has(session, edit):
    entry = proposed(session)
    before = entry.labels.copy(), entry.confirmed.copy()
    edit(session)
    after = entry.labels.copy(), entry.confirmed.copy()
    changed = (after[0] != before[0]) | (after[1] != before[1])
    assert changed.any()
    session.undo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), before)
    session.redo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), after)
    other = np.zeros(SHAPE, np.uint32)
    other[:, :, 2:14, 1:21] = 1
    session.edits.replace_labels(other)
    np.testing.assert_array_equal(entry.labels[changed], after[0][changed])
    assert not entry.confirmed[1].any()
    path, labels, confirmed = session.project.path, entry.labels.copy(), entry.confirmed.copy()
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal((again.current.labels, again.current.confirmed), (labels, confirmed))


def test_what_is_merged_in_a_slice_keeps_the_rest_of_its_objects(session):
    entry = proposed(session)
    merge_in_slice(session)
    assert [entry.labels[0, z, 6, 5] for z in range(3)] == [1, 2, 1]
    assert (entry.confirmed[0, 1, 4:12, 4:20] == 2).all()
    assert (entry.confirmed[0, ::2, 4:12, 4:20] == 3).all()
    assert (entry.confirmed == 0).sum() == entry.confirmed.size - 3 * 8 * 16


def test_every_part_of_a_split_object_is_confirmed_and_the_larger_one_keeps_its_id(session):
    entry = proposed(session)
    cut(session)
    assert (entry.confirmed[0, :, 4:12, 4:16] == 2).all()
    assert [np.unique(entry.labels[0, :, 4:12, x]).tolist() for x in (4, 7, 9, 15)] == [[7], [7], [1], [1]]
    assert (entry.confirmed == 2).sum() == 3 * 8 * 12


def test_what_is_cut_in_a_slice_keeps_the_rest_of_the_object(session):
    entry = proposed(session)
    cut_in_slice(session)
    assert (entry.confirmed[0, 1, 4:12, 4:16] == 2).all()
    assert (entry.confirmed[0, ::2, 4:12, 4:16] == 3).all()
    assert (entry.labels[0, ::2, 4:12, 4:16] == 1).all()
    assert sorted(np.unique(entry.labels[0, 1, 4:12, 4:16])) == [1, 7]


def test_areas_of_classes_cannot_be_merged_and_can_be_deleted(session):
    entry = session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="tissue"))
    session.choose_kind("classes", (ClassName(value=1, name="tumour"), ClassName(value=2, name="stroma")))
    session.paint(np.arange(4), 1)
    session.paint(np.arange(40, 44), 2)
    with pytest.raises(UserError, match="not objects"):
        session.edits.merge([(0, 0, 0, 0), (0, 0, 1, 10)])
    with pytest.raises(UserError, match="not objects"):
        session.edits.split([(0, 0, 0, 0), (0, 0, 0, 3)])
    session.edits.delete_object((0, 0, 0, 2))
    assert (entry.labels > 0).sum() == 4
    assert (entry.confirmed.ravel()[:4] == 1).all()


def test_of_a_large_image_what_lies_in_the_open_part_is_edited_and_kept(session, image):
    entry = opened(session, image)
    session.open_region(RIGHT)
    top, left = (part.start for part in entry.region[2:])
    for value, columns in ((1, slice(4000, 4020)), (2, slice(4020, 4040)), (3, slice(4060, 4080))):
        session.paint(flat(entry, slice(1200, 1210), columns), value)
    session.edits.merge([(0, 0, 1205 - top, 4005 - left), (0, 0, 1205 - top, 4025 - left)])
    session.edits.split([(0, 0, 1205 - top, 4005 - left), (0, 0, 1205 - top, 4034 - left)])
    session.edits.delete_object((0, 0, 1205 - top, 4070 - left))
    session.open_region(LEFT)
    found = whole(entry)[0, 0, 1205]
    assert sorted(found[[4005, 4034]].tolist()) == [1, 4]
    assert np.isin(found[4000:4040], [1, 4]).all()
    assert not found[4060:4080].any()
    session.undo()
    assert entry.labels[0, 0, 1205 - top, 4070 - entry.region[3].start] == 3, "the part where it was done is open again"


def test_a_result_that_was_asked_for_before_leaves_what_was_split_and_deleted(session, runners):
    entry = proposed(session)
    session.segment()
    cut(session)
    delete(session)
    labels, confirmed = entry.labels.copy(), entry.confirmed.copy()
    job = runners.started[-1].job
    found = np.zeros(SHAPE, np.uint32)
    found[:, :, 3:13, 3:21] = 1
    result = SegmentResult(job=job.id, labels=scratch.write(job.out.path, found), objects=1, seconds=0.1)
    runners.started[-1].events.append(Finished(result=result))
    session.run_until_idle()
    sure = confirmed > 0
    np.testing.assert_array_equal(entry.labels[sure], labels[sure])
    np.testing.assert_array_equal(entry.confirmed, confirmed)
    assert entry.labels[1].any()
