"""Merge, split and delete: one undo step each, journalled, and a proposal that comes later leaves them alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

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


EDITS = {"merge": merge, "merge in its slice": merge_in_slice, "delete": delete}


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


def test_areas_of_classes_cannot_be_merged_and_can_be_deleted(session):
    entry = session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="tissue"))
    session.choose_kind("classes", (ClassName(value=1, name="tumour"), ClassName(value=2, name="stroma")))
    session.paint(np.arange(4), 1)
    session.paint(np.arange(40, 44), 2)
    with pytest.raises(UserError, match="not objects"):
        session.edits.merge([(0, 0, 0, 0), (0, 0, 1, 10)])
    session.edits.delete_object((0, 0, 0, 2))
    assert (entry.labels > 0).sum() == 4
    assert (entry.confirmed.ravel()[:4] == 1).all()
