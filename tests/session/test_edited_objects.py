"""An object that is edited stays whole: nothing of it disappears when a proposal disagrees."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import scratch
from napari_apprentice.session import Session
from napari_apprentice.session.requests import training_data_of
from napari_apprentice.settings import ClassName

SHAPE = (2, 3, 20, 30)
WHERE = np.arange(np.prod(SHAPE)).reshape(SHAPE)


def proposed(session: Session):
    """An image in which two objects were proposed in each frame, in all slices."""
    entry = session.add_image(Volume(np.arange(3600.0).reshape(2, 1, 3, 20, 30), name="cells"))
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, :, 4:12, 4:16], labels[0, :, 4:12, 16:20] = 1, 2
    labels[1, :, 4:12, 4:16], labels[1, :, 4:12, 16:20] = 3, 4
    session.edits.replace_labels(labels)
    return entry


def disagree(session: Session) -> None:
    """The next proposal has one large object at another place, over all there was."""
    labels = np.zeros(SHAPE, np.uint32)
    labels[:, :, 2:14, 1:18] = 1
    session.edits.replace_labels(labels)


def brush(session: Session, value: int, *where, filled: bool = False) -> None:
    flat = WHERE[where].ravel()
    labels = session.current.labels.reshape(-1)
    before = labels[flat]
    labels[flat] = value
    session.edits.record_paint(flat, before, value, filled=filled)


def split(session: Session) -> None:
    with session.edits.stroke():
        for row in range(4, 12):
            brush(session, 9, 0, 1, slice(row, row + 1), slice(4, 10))


EDITS = {
    "split by painting": split,
    "cut by a line": lambda s: brush(s, 0, 0, 1, slice(2, 14), 9),
    "cut by the background brush": lambda s: s.paint_background(WHERE[0, 1, 2:14, 9]),
    "merged by filling": lambda s: brush(s, 2, 0, 1, slice(4, 12), slice(4, 16), filled=True),
    "extended": lambda s: brush(s, 1, 0, 1, slice(10, 15), slice(4, 7)),
    "extended apart": lambda s: brush(s, 1, 0, 1, 18, slice(27, 30)),
    "painted by a script": lambda s: s.paint(WHERE[0, 1, 6:8, 2:8], 5),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_nothing_of_an_edited_object_changes_at_the_next_proposal(session, edit):
    entry = proposed(session)
    before = entry.labels.copy(), entry.confirmed.copy()
    edit(session)
    after = entry.labels.copy(), entry.confirmed.copy()
    ids = [one for one in np.unique(after[0][0]) if one and (after[0][0] == one).sum() != (before[0][0] == one).sum()]
    assert ids
    session.undo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), before, "one step takes back all of it")
    session.redo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), after)
    disagree(session)
    for one in ids:
        np.testing.assert_array_equal(entry.labels[0] == one, after[0][0] == one)
    np.testing.assert_array_equal(entry.labels[1] > 0, np.broadcast_to(entry.labels[1, 0] > 0, (3, 20, 30)))
    assert (entry.labels[1, :, 2:14, 1:18] > 0).all(), "another frame is as proposed"
    assert not entry.confirmed[1].any()
    path, labels, confirmed = session.project.path, entry.labels.copy(), entry.confirmed.copy()
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal((again.current.labels, again.current.confirmed), (labels, confirmed))


def test_what_was_not_painted_of_an_edited_object_teaches_nothing(session, tmp_path):
    entry = proposed(session)
    brush(session, 9, 0, 1, slice(4, 12), slice(4, 10))
    assert entry.voxels_taught == 8 * 6
    (ref,) = training_data_of([entry], None, tmp_path, tmp_path / "lesson")
    confirmed = scratch.read(ref.confirmed)
    assert (confirmed > 0).sum() == 8 * 6
    assert (confirmed[0, 1, 4:12, 4:10] == 2).all()
    brush(session, 9, 0, 1, slice(4, 12), slice(10, 16), filled=True)
    assert entry.voxels_taught == 8 * 12, "objects that were merged are confirmed"


def test_a_stroke_after_undo_keeps_the_object_again(session):
    entry = proposed(session)
    with session.edits.stroke():
        brush(session, 0, 0, 1, slice(4, 12), 9)
        brush(session, 0, 0, 1, slice(4, 12), 10)
    session.undo()
    assert not entry.confirmed.any()
    brush(session, 0, 0, 1, slice(4, 12), 9)
    assert (entry.confirmed == 3).sum() == 3 * 96 - 8


def test_a_proposal_that_arrives_in_the_middle_of_a_stroke_leaves_what_is_kept(session):
    entry = proposed(session)
    with session.edits.stroke():
        brush(session, 9, 0, 1, slice(4, 12), slice(4, 8))
        disagree(session)
        one = int(entry.labels[0, 1, 13, 1])
        brush(session, 9, 0, 1, 13, slice(1, 3))
        assert (entry.confirmed[0][entry.labels[0] == one] == 3).all()
    assert (entry.labels[0, 0, 4:12, 4:16] == 1).all()


def test_areas_of_classes_are_not_objects(session):
    entry = session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="tissue"))
    session.choose_kind("classes", (ClassName(value=1, name="tumour"), ClassName(value=2, name="stroma")))
    session.edits.replace_labels(np.ones((1, 1, 20, 30), np.uint32))
    session.paint(np.arange(5), 2)
    assert (entry.confirmed > 0).sum() == 5
