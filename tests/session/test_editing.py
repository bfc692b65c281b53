from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.session import Session


def open_image(session: Session):
    pixels = np.random.default_rng(0).integers(0, 1000, (1, 1, 1, 20, 30)).astype(np.uint16)
    return session.add_image(Volume(pixels, name="cells"))


def flat(*where) -> np.ndarray:
    return np.arange(600).reshape(1, 1, 20, 30)[where].ravel()


BOX = (0, 0, slice(2, 6), slice(3, 9))


def brush(session: Session, where, value: int) -> None:
    """What the layer does: it paints, then it reports."""
    entry = session.current
    before = entry.labels.reshape(-1)[flat(*where)]
    entry.labels.reshape(-1)[flat(*where)] = value
    session.edits.record_paint(flat(*where), before, value)


EDITS = {
    "brush": lambda s: brush(s, BOX, 3),
    "eraser": lambda s: brush(s, BOX, 0),
    "paint": lambda s: s.paint(flat(*BOX), 4),
    "background": lambda s: s.paint_background(flat(0, 0, slice(0, 9), slice(0, 9))),
    "approve object": lambda s: s.edits.approve_object((0, 0, 12, 12)),
    "approve region": lambda s: s.edits.approve_region((slice(0, 1), slice(0, 1), slice(0, 15), slice(0, 20))),
    "replace": lambda s: s.edits.replace_labels(np.ones((1, 1, 20, 30), np.uint32)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_edit_is_undone_and_redone_exactly(session, edit):
    entry = open_image(session)
    start = np.zeros((1, 1, 20, 30), np.uint32)
    start[0, 0, 10:14, 10:14], start[0, 0, 3:5, 2:7] = 1, 2
    session.edits.replace_labels(start)
    before = entry.labels.copy(), entry.confirmed.copy()
    edit(session)
    after = entry.labels.copy(), entry.confirmed.copy()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    taught = entry.voxels_taught
    assert taught == (entry.confirmed == 2).sum()
    session.undo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), before)
    assert session.edits.can_redo
    session.redo()
    np.testing.assert_array_equal((entry.labels, entry.confirmed), after)
    assert entry.voxels_taught == taught
    assert not session.edits.can_redo


def test_a_drag_is_one_undo_step(session):
    entry = open_image(session)
    with session.edits.stroke():
        for column in range(5):
            brush(session, (0, 0, slice(2, 4), slice(column, column + 3)), 1)
    assert entry.labels.sum() == 14
    session.undo()
    assert not entry.labels.any()
    assert not entry.confirmed.any()
    assert not session.edits.can_undo
    session.redo()
    assert entry.labels.sum() == 14


def test_an_edit_after_undo_ends_redo(session):
    open_image(session)
    brush(session, BOX, 1)
    session.undo()
    brush(session, BOX, 2)
    assert not session.edits.can_redo


def test_painting_the_id_that_is_there_confirms_it(session):
    entry = open_image(session)
    session.edits.replace_labels(np.ones((1, 1, 20, 30), np.uint32))
    assert not entry.confirmed.any()
    brush(session, BOX, 1)
    assert (entry.confirmed[BOX] == 2).all()
    session.undo()
    assert not entry.confirmed.any()


def test_the_layer_is_told_only_what_it_did_not_paint(session):
    open_image(session)
    told = []
    session.labels_changed.connect(told.append)
    brush(session, BOX, 1)
    assert told == []
    session.undo()
    assert told == [session.current]


def test_a_new_object_has_a_free_id_also_where_the_last_id_is_taken(session):
    last = 2**32 - 1
    labels = np.zeros((1, 1, 20, 30), np.uint32)
    labels[0, 0, :2], labels[0, 0, 2:4], labels[0, 0, 4:6] = 1, 3, last
    entry = session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="cells"), labels)
    assert entry.next_id() == 2
    session.paint(flat(0, 0, 10), entry.next_id())
    assert entry.next_id() == 4
    assert np.unique(entry.labels).tolist() == [0, 1, 2, 3, last]
    session.undo()
    np.testing.assert_array_equal(entry.labels, labels)
    session.redo()
    assert (entry.labels[0, 0, 10] == 2).all()


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_labels_with_ids_too_large_to_keep_are_refused(session, dtype):
    labels = np.full((1, 1, 20, 30), 2**32, dtype)
    with pytest.raises(UserError, match="outside 0 to 4294967295: renumber"):
        session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="cells"), labels)


def test_approving_where_nothing_is_says_so(session):
    open_image(session)
    with pytest.raises(UserError, match="no object"):
        session.edits.approve_object((0, 0, 1, 1))


def test_edits_and_their_undo_survive_the_session(session):
    entry = open_image(session)
    for value in (1, 2, 3):
        brush(session, (0, 0, slice(value, value + 2), slice(0, 5)), value)
    session.undo()
    labels, confirmed = entry.labels.copy(), entry.confirmed.copy()
    session.undo()
    older = entry.labels.copy()
    session.redo()
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal(again.current.labels, labels)
        np.testing.assert_array_equal(again.current.confirmed, confirmed)
        assert again.edits.can_redo
        again.undo()
        np.testing.assert_array_equal(again.current.labels, older)


def test_a_drag_is_taken_back_in_one_write_so_that_a_kill_leaves_it_whole(session, monkeypatch):
    entry = open_image(session)
    with session.edits.stroke():
        for row in (1, 2, 3):
            brush(session, (0, 0, row, slice(0, 5)), 7)
    drawn, written, write = entry.labels.copy(), [], os.write

    def noted(descriptor: int, data: bytes) -> int:
        written.append(len(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", noted)
    session.undo()
    assert (len(written), entry.labels.any()) == (1, False)
    session.redo()
    assert len(written) == 2
    np.testing.assert_array_equal(entry.labels, drawn)
    monkeypatch.undo()
    session.undo()
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert not again.current.labels.any()
        again.redo()
        np.testing.assert_array_equal(again.current.labels, drawn)


def test_undo_reaches_behind_a_snapshot(session):
    entry = open_image(session)
    brush(session, BOX, 1)
    entry.keep_snapshot()
    session.undo()
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert not again.current.labels.any()
        again.redo()
        assert (again.current.labels[BOX] == 1).all()


def test_strokes_survive_kill_9(tmp_path):
    script = """
        import os, signal, sys
        import numpy as np
        from napari_apprentice.data.image.volume import Volume
        from napari_apprentice.session import Session
        session = Session.create(sys.argv[1])
        entry = session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="cells"))
        for row in range(20):
            where = np.arange(30) + 30 * row
            before = entry.labels.reshape(-1)[where]
            entry.labels.reshape(-1)[where] = row + 1
            session.edits.record_paint(where, before, row + 1)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "project"
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(path)], env=os.environ, check=False)
    assert done.returncode < 0
    with Session.open(path) as session:
        np.testing.assert_array_equal(session.current.labels[0, 0, :, 0], np.arange(1, 21))
        assert (session.current.confirmed == 2).all()


def test_a_full_disk_keeps_strokes_and_is_said_once(session):
    resource = pytest.importorskip("resource", reason="needs a limit on file size")
    entry = open_image(session)
    brush(session, BOX, 1)
    sentences = []
    session.message.connect(sentences.append)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (next(entry.folder.path.glob("journal*")).stat().st_size + 10, hard))
    try:
        brush(session, (0, 0, 1, slice(0, 5)), 2)
        brush(session, (0, 0, 9, slice(0, 5)), 3)
        session.pump()
        assert len(sentences) == 1
        assert "free some space" in sentences[0]
        assert (entry.labels[0, 0, 9, :5] == 3).all()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    session.saving._retry_at = 0.0
    session.pump()
    assert "everything is saved" in sentences[-1]
    path, labels = session.project.path, entry.labels.copy()
    session.close()
    with Session.open(path) as again:
        np.testing.assert_array_equal(again.current.labels, labels)


def test_saved_is_told_within_a_second(session):
    import time

    open_image(session)
    told = []
    session.saved.connect(lambda: told.append(time.monotonic()))
    brush(session, BOX, 1)
    begun = time.monotonic()
    while not told and time.monotonic() < begun + 1:
        session.pump()
        time.sleep(0.01)
    assert told


def test_a_project_is_made_by_the_first_image(session):
    assert session.project is None
    open_image(session)
    assert session.project.name == "cells"
    assert [recent.images for recent in recent_projects()] == [1]
