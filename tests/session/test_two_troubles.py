"""Two troubles at once: damage, a disk that is full or cannot keep what it took, a folder that is gone."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from tests.session.test_damaged import image, made, paint, rows_of
from tests.session.test_folder_gone import opened, refuse, waited

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.project.versions import Version
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.requests import pixels_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a folder that is in use")


@pytest.fixture(params=[None, 10], ids=["whole", "by region"])
def session(request, tmp_path, runners):
    options = SessionOptions(in_window=True, largest_whole=request.param)
    with Session(Project.create(tmp_path / "p"), runners, options) as session:
        session.sentences = []
        session.message.connect(session.sentences.append)
        session.add_image(image())
        paint(session, 0, 1)
        yield session


def forget(monkeypatch, folder: Path) -> None:
    """Journals in a folder cannot be put on disk: the system says so once for each, and then that all is well."""
    real, failed = os.fsync, set()

    def fsync(descriptor: int) -> None:
        file = os.fstat(descriptor).st_ino
        journals = {path.stat().st_ino for path in folder.rglob("journal-*.bin")}
        if file in journals and file not in failed:
            failed.add(file)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def fill(monkeypatch, folder: Path) -> None:
    """The disk of a folder has no room for a new file."""
    real = durable.atomic_write

    def atomic_write(path: Path):
        if folder in path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path)

    monkeypatch.setattr(durable, "atomic_write", atomic_write)


def test_what_the_disk_could_not_keep_is_written_anew(session, tmp_path, monkeypatch):
    journals = {path.name for path in tmp_path.rglob("journal-*.bin")}
    with monkeypatch.context() as patch:
        forget(patch, tmp_path / "p")
        paint(session, 2)
        session.undo()
        session.redo()
        waited(session, lambda: any("everything is saved" in one for one in session.sentences))
    assert "connect the drive again" in session.sentences[0]
    assert journals.isdisjoint(path.name for path in tmp_path.rglob("journal-*.bin"))
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}


def test_what_a_full_disk_could_not_keep_is_saved_elsewhere_when_it_is_closed(session, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        forget(patch, tmp_path / "p")
        fill(patch, tmp_path / "p")
        paint(session, 2, 3)
        session.undo()
        session.close()
    assert "The project is in" in session.sentences[-1]
    assert opened(recent_projects()[0].path) == {0, 1, 2}


def test_an_old_copy_that_came_back_to_a_full_disk_is_not_what_remains(session, tmp_path, monkeypatch):
    shutil.copytree(tmp_path / "p", tmp_path / "copy", ignore=shutil.ignore_patterns("lock"))
    shutil.rmtree(tmp_path / "p")
    waited(session, lambda: session.project.trouble)
    paint(session, 2)
    with monkeypatch.context() as patch:
        fill(patch, tmp_path / "p")
        (tmp_path / "copy").rename(tmp_path / "p")
        waited(session, lambda: not session.project.trouble)
        paint(session, 3)
        session.close()
    assert opened(recent_projects()[0].path) == {0, 1, 2, 3}


def test_a_damaged_record_is_set_aside_when_there_is_room_for_the_new_one(tmp_path, runners, monkeypatch):
    made(tmp_path / "p")
    file = tmp_path / "p" / "project.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "kind": "cats"}))
    damaged = file.read_bytes()
    with monkeypatch.context() as patch:
        refuse(patch, errno.ENOSPC)
        session = Session.open(tmp_path / "p", runners)
        paint(session, 4)
        assert file.read_bytes() == damaged
        (tmp_path / "p").rename(tmp_path / "q")
        waited(session, lambda: session.project.trouble)
        paint(session, 5)
        (tmp_path / "q").rename(tmp_path / "p")
        waited(session, lambda: not session.project.trouble)
    waited(session, lambda: not session.project.is_behind)
    session.close()
    assert file.with_suffix(".damaged").read_bytes() == damaged
    assert opened(tmp_path / "p") == {0, 1, 2, 3, 4, 5}


def test_one_record_that_is_refused_does_not_keep_others_waiting(session, tmp_path, monkeypatch):
    version = Version(id="v1", parent="nuclei-2d", created="today")
    with monkeypatch.context() as patch:
        fill(patch, tmp_path / "p" / "versions")
        with pytest.raises(UserError, match="free some space"):
            session.project.lineage.add(version)
        with monkeypatch.context() as worse:
            refuse(worse, errno.ENOSPC)
            paint(session, 2)
        with pytest.raises(UserError, match="free some space"):
            session.project.catch_up()
        assert not session.current.folder.is_behind
        assert session.project.is_behind
    session.close()
    assert opened(tmp_path / "p") == {0, 1, 2}
    again = Project.open(tmp_path / "p")
    assert again.lineage.versions == (version,)
    again.close()


def test_a_file_in_the_place_of_the_versions_is_set_aside(tmp_path):
    project = Project.create(tmp_path / "p")
    (tmp_path / "p" / "versions").write_text("mine")
    project.lineage.use("nuclei-2d")
    project.close()
    assert (tmp_path / "p" / "versions.damaged").read_text() == "mine"
    again = Project.open(tmp_path / "p")
    assert again.lineage.current == "nuclei-2d"
    again.close()


@pytest.mark.parametrize("name", ["project.json", "entry.json", "lineage.json", "journal-1.bin", "state-1.npz"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_what_the_disk_does_not_give_is_not_taken_for_damaged(tmp_path, runners, monkeypatch, name, number):
    made(tmp_path / "p")
    project = Project.open(tmp_path / "p")
    project.lineage.add(Version(id="v1", parent="nuclei-2d", created="today", score_after=0.5))
    project.close()
    (file,) = (tmp_path / "p").rglob(name)
    content, real = file.read_bytes(), Path.open

    def refusing(path: Path, *more, **options):
        if path == file:
            raise OSError(number, os.strerror(number))
        return real(path, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing)
        try:
            with Session.open(tmp_path / "p", runners) as session:
                said = " ".join(session.images.complaints)
        except UserError as error:
            said = str(error)
    assert f"{name} cannot be read ({os.strerror(number)}): " in said
    assert "then open it again" in said
    assert file.read_bytes() == content
    assert not list((tmp_path / "p").rglob("*.damaged"))
    assert opened(tmp_path / "p") == {0, 1, 2, 3}


def test_a_deleted_folder_does_not_come_back_empty(session, tmp_path):
    waited(session, lambda: session.project.flusher.sync_count)
    shutil.rmtree(tmp_path / "p")  # and nobody has looked since
    where = pixels_of(session.current, None, session.project.scratch).pixels.path
    np.testing.assert_array_equal(np.load(where).reshape(-1), session.current.part.pixels.reshape(-1))
    with pytest.raises(UserError, match="deleted, renamed or moved"):
        session.current.begin_anew()
    assert not (tmp_path / "p").exists()


def test_a_project_that_cannot_be_saved_anywhere_is_as_it_was(session, tmp_path, monkeypatch):
    shutil.rmtree(tmp_path / "p")
    waited(session, lambda: session.choices.trouble)
    with monkeypatch.context() as patch:
        refuse(patch, errno.ENOSPC)
        with pytest.raises(UserError, match="free some space"):
            session.save_project_in(tmp_path / "q")
        assert not (tmp_path / "q").exists()
        paint(session, 2)
    path = session.save_project_in(tmp_path / "q")
    assert rows_of(session) == {0, 1, 2}
    session.close()
    assert opened(path) == {0, 1, 2}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_in_the_place_of_an_overview_stops_no_list():
    with Session(Project.create(name="cells")) as session:
        session.add_image(image())
        path = session.project.path
    (path / "overview.json").unlink(missing_ok=True)
    os.mkfifo(path / "overview.json")
    began = time.monotonic()
    assert [recent.objects for recent in recent_projects()] == [None]
    assert time.monotonic() - began < 5


def forget_names(monkeypatch, folder: Path) -> None:
    """The disk does not say that it keeps new names in a folder."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_what_is_done_after_a_snapshot_that_the_disk_may_not_keep_is_not_lost(session, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        forget_names(patch, tmp_path / "p")
        with pytest.raises(UserError, match="connect the drive again"):
            session.current.keep_snapshot()
        paint(session, 2)
        shutil.copytree(tmp_path / "p", tmp_path / "copy", ignore=shutil.ignore_patterns("lock"))
        with Session.open(tmp_path / "copy") as again:
            assert (again.current.labels == session.current.labels).all()
            assert (again.current.confirmed == session.current.confirmed).all()
            assert again.images.complaints == []
    waited(session, lambda: not session.project.is_behind)
    made = [path for kind in ("state", "journal", "region") for path in (tmp_path / "p").rglob(f"{kind}-[0-9]*.*")]
    numbers = {path.stem.partition("-")[2] for path in made}
    assert len(numbers) == 1, "what came before went when all was written anew"
