"""The project's folder goes away while it is open, or may not be written to."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from tests.session.test_damaged import image, paint, rows_of

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, journal
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.session import Session

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a folder that is in use")


@pytest.fixture
def session(tmp_path, runners):
    with Session.create(tmp_path / "p", runners) as session:
        session.sentences = []
        session.message.connect(session.sentences.append)
        session.add_image(image())
        paint(session, 0, 1)
        yield session


def waited(session: Session, happened) -> None:
    until = time.monotonic() + 10
    while not happened() and time.monotonic() < until:
        session.pump()
        time.sleep(0.02)
    session.pump()
    assert happened()


def opened(path: Path) -> set[int]:
    with Session.open(path) as again:
        assert again.images.complaints == []
        return rows_of(again)


def refuse(monkeypatch, number: int) -> None:
    """The disk refuses every write of the project."""

    def refused(*_args, **_more):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(journal.os, "write", refused)
    monkeypatch.setattr(durable, "atomic_write", refused)


def test_a_folder_that_was_renamed_is_said_without_an_edit_and_found_again(session, tmp_path):
    (tmp_path / "p").rename(tmp_path / "q")
    waited(session, lambda: session.choices.trouble)
    assert "renamed or moved" in session.choices.trouble
    assert session.sentences.count(session.choices.trouble) == 1
    paint(session, 2)
    session.undo()
    session.redo()
    assert rows_of(session) == {0, 1, 2}
    (tmp_path / "q").rename(tmp_path / "p")
    waited(session, lambda: not session.choices.trouble)
    assert session.sentences[-1].endswith("everything is saved.")
    paint(session, 3)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2, 3}


def test_a_folder_that_was_renamed_before_the_first_stroke_gets_what_waited(tmp_path, runners):
    with Session.create(tmp_path / "p", runners) as session:
        session.add_image(image())
        (tmp_path / "p").rename(tmp_path / "q")
        paint(session, 4)
        assert "put the folder back" in session.choices.trouble
        waited(session, lambda: "renamed or moved" in session.choices.trouble)
        assert not (tmp_path / "p").exists()
        (tmp_path / "q").rename(tmp_path / "p")
        waited(session, lambda: not session.choices.trouble)
    assert opened(tmp_path / "p") == {4}


def test_a_deleted_project_goes_on_in_another_folder(session, tmp_path):
    shutil.rmtree(tmp_path / "p")
    waited(session, lambda: session.choices.trouble)
    paint(session, 2)
    path = session.save_project_in(tmp_path / "elsewhere")
    assert path == tmp_path / "elsewhere"
    assert session.choices.trouble == ""
    paint(session, 3)
    session.undo()
    session.undo()
    session.redo()
    assert rows_of(session) == {0, 1, 2}
    session.close()
    assert opened(path) == {0, 1, 2}
    assert not (tmp_path / "p").exists()


def test_a_deleted_project_is_saved_among_the_others_when_it_is_closed(session, tmp_path):
    shutil.rmtree(tmp_path / "p")
    paint(session, 2)
    session.close()
    (found,) = recent_projects()
    assert opened(found.path) == {0, 1, 2}


def test_a_copy_of_the_project_that_is_put_in_its_place_is_brought_up_to_date(session, tmp_path):
    shutil.copytree(tmp_path / "p", tmp_path / "copy", ignore=shutil.ignore_patterns("lock"))
    shutil.rmtree(tmp_path / "p")
    waited(session, lambda: session.choices.trouble)
    paint(session, 2)
    session.segment_settings = session.segment_settings.model_copy(update={"tile": 128})
    (tmp_path / "copy").rename(tmp_path / "p")
    waited(session, lambda: not session.choices.trouble)
    with pytest.raises(UserError, match="open in another window"):
        Session.open(tmp_path / "p")
    paint(session, 3)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2, 3}
    with Session.open(tmp_path / "p") as again:
        assert again.segment_settings.tile == 128


def test_nothing_is_written_into_another_folder_that_takes_the_project_s_place(session, tmp_path):
    (tmp_path / "p").rename(tmp_path / "q")
    (tmp_path / "p").mkdir()
    waited(session, lambda: session.choices.trouble)
    assert "Another folder" in session.choices.trouble
    paint(session, 2)
    session.segment_settings = session.segment_settings.model_copy(update={"tile": 128})
    with pytest.raises(UserError, match="Another folder"):
        session.current.keep_snapshot()
    assert list((tmp_path / "p").iterdir()) == []
    (tmp_path / "p").rmdir()
    (tmp_path / "q").rename(tmp_path / "p")
    waited(session, lambda: not session.choices.trouble)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}


def test_a_deleted_lock_is_made_again_and_said(session, tmp_path):
    (tmp_path / "p" / "lock").unlink()
    waited(session, lambda: any("was made again" in one for one in session.sentences))
    assert session.choices.trouble == ""
    with pytest.raises(UserError, match="open in another window"):
        Session.open(tmp_path / "p")
    paint(session, 2)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}


def test_two_windows_that_have_the_project_do_not_write_over_each_other(session, tmp_path):
    session.project.place.look()
    (tmp_path / "p" / "lock").unlink()
    with Session.open(tmp_path / "p") as other:
        waited(session, lambda: session.choices.trouble)
        assert "another window" in session.choices.trouble
        paint(session, 2)
        paint(other, 5)
        path = session.save_project_in(tmp_path / "elsewhere")
    assert opened(tmp_path / "p") == {0, 1, 5}
    session.close()
    assert opened(path) == {0, 1, 2}


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EROFS, "allow writing there"),
        (errno.EACCES, "allow writing there"),
        (errno.EIO, "connect the drive again"),
        (errno.ESTALE, "connect the drive again"),
        (errno.ENOENT, "put the folder back"),
        (errno.ENOSPC, "free some space"),
    ],
)
def test_advice_fits_what_the_disk_says_and_strokes_wait(session, tmp_path, monkeypatch, number, advice):
    with monkeypatch.context() as patch:
        refuse(patch, number)
        paint(session, 2, 3)
        session.undo()
        session.redo()
        assert advice in session.choices.trouble
        assert sum("cannot be saved" in one for one in session.sentences) == 1
        assert rows_of(session) == {0, 1, 2, 3}
    waited(session, lambda: not session.choices.trouble)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2, 3}


def test_what_the_disk_could_not_keep_is_written_whole_again(session, tmp_path, monkeypatch):
    """After a failed fsync the system forgets what it could not write: asking again says that all is well."""
    with monkeypatch.context() as patch:

        def failed(_descriptor):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        patch.setattr(journal.os, "fsync", failed)
        paint(session, 2)
        waited(session, lambda: session.choices.trouble)
    waited(session, lambda: not session.choices.trouble)
    assert [one.name for one in session.current.folder.path.glob("state-*")] == ["state-1.npz"]
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}


def test_a_folder_that_cannot_be_written_leaves_the_project_where_it_is(session, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        refuse(patch, errno.ENOSPC)
        with pytest.raises(UserError, match="free some space"):
            session.save_project_in(tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    paint(session, 2)
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}


def test_everything_of_a_project_goes_with_it(session, tmp_path):
    """Images in memory and images that were only in the folder, versions, settings; into a folder that has files."""
    session.project.lineage.file("v1").parent.mkdir(exist_ok=True)
    session.project.lineage.file("v1").write_bytes(b"a model")
    session.add_image(image(1))
    paint(session, 7)
    session.close()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").write_text("mine")
    with Session.open(tmp_path / "p") as again:
        assert [entry.is_read for entry in again.entries] == [False, True]
        paint(again, 8)
        path = again.save_project_in(tmp_path / "there")
        assert path.parent == tmp_path / "there"
        paint(again, 9)
    with Session.open(path) as moved:
        assert rows_of(moved) == {7, 8, 9}
        moved.choose_image(moved.entries[0])
        assert rows_of(moved) == {0, 1}
        np.testing.assert_array_equal(moved.current.volume.pixels, image().pixels)
        assert moved.project.lineage.file("v1").read_bytes() == b"a model"
    with Session.open(tmp_path / "p") as old:
        assert rows_of(old) == {7, 8}


def test_an_image_of_which_nothing_can_be_read_any_more_is_named(session, tmp_path):
    session.add_image(image(1))
    session.close()
    with Session.open(tmp_path / "p") as again:
        paint(again, 7)
        shutil.rmtree(tmp_path / "p")
        path = again.save_project_in(tmp_path / "there")
        assert rows_of(again) == {7}
    with Session.open(path) as moved:
        assert [entry.name for entry in moved.entries] == ["cells 1"]
        assert "cells 0" in " ".join(moved.images.complaints)
