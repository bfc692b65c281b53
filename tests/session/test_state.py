from __future__ import annotations

import ast
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data import exports, files
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName, SegmentSettings


def image(seed: int = 0, shape=(1, 1, 1, 20, 30), **more) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)
    return Volume(pixels, **{"name": f"cells {seed}", **more})


def written(path: Path, seed: int = 0) -> Path:
    """An image file."""
    exports.write_labels(path, image(seed).pixels[:, 0].astype(np.uint32), (1.0, 0.5, 0.5), "um")
    return path


def test_an_image_from_a_file_is_reopened_from_it(session, tmp_path):
    source = written(tmp_path / "a.tif")
    session.add_image(files.read_image(source))
    session.paint(np.arange(5), 1)
    path, folder = session.project.path, session.current.folder.path
    assert not (folder / "pixels.npy").exists()
    session.close()
    with Session.open(path) as again:
        assert again.current.volume.source == str(source)
        assert again.current.volume.spacing == (1.0, 0.5, 0.5)
        assert again.current.labels.any()


def test_a_missing_image_is_said_and_the_rest_opens(session, tmp_path):
    session.add_image(files.read_image(written(tmp_path / "a.tif", 0)))
    session.paint(np.arange(5), 1)
    session.add_image(files.read_image(written(tmp_path / "b.tif", 1)))
    path = session.project.path
    session.close()
    (tmp_path / "a.tif").rename(tmp_path / "moved.tif")
    with Session.open(path) as again:
        assert [entry.name for entry in again.entries] == ["b"]
        assert len(again.images.complaints) == 1
        again.add_image(files.read_image(tmp_path / "moved.tif"))  # found again at its new place
        assert again.current.labels.any()
        assert again.images.complaints == []


def test_an_image_that_comes_again_has_its_labels(session):
    first = session.add_image(image())
    session.paint(np.arange(5), 1)
    session.add_image(image(1))
    assert session.add_image(image(spacing=(1.0, 0.3, 0.3))) is first
    assert first.volume.spacing == (1.0, 0.3, 0.3)
    assert len(session.entries) == 2


def test_labels_can_be_the_start(session):
    start = np.ones((1, 1, 20, 30), np.int64)
    entry = session.add_image(image(), start)
    assert (entry.labels == 1).all()
    assert not entry.confirmed.any()
    session.undo()
    assert not entry.labels.any()


@pytest.mark.parametrize("labels", [np.ones((1, 1, 20, 31), int), np.full((1, 1, 20, 30), -1), np.ones((1, 1, 20, 30))])
def test_labels_that_do_not_belong_are_refused_before_anything_changes(session, labels):
    with pytest.raises(UserError):
        session.add_image(image(), labels)
    assert session.entries == []


def test_kind_cannot_change_under_labels(session):
    tissue = (ClassName(value=1, name="tissue"), ClassName(value=2, name="gland"))
    session.add_image(image())
    session.choose_kind("classes", tissue)
    session.paint(np.arange(5), 2)
    assert "start a new project" in session.images.why_not_kind("instances")
    with pytest.raises(UserError, match="gland is in use"):
        session.choose_kind("classes", tissue[:1])
    session.choose_kind("classes", (tissue[1], ClassName(value=3, name="fat")))
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert [c.name for c in again.classes] == ["gland", "fat"]


def exchanged(session, folder):
    """An image whose pixels were exchanged, and the one that it was before."""
    first = session.add_image(image(0))
    session.images.reinterpret(first, image(1))
    return first, session.add_image(image(0))


def moved_and_copied(session, folder):
    """An image whose file was moved, and a copy of it where that was before."""
    was, is_now = written(folder / "a.tif"), folder / "b.tif"
    session.add_image(files.read_image(was))
    was.rename(is_now)
    first = session.add_image(files.read_image(is_now))
    shutil.copy(is_now, was)
    return first, session.add_image(files.read_image(was))


@pytest.mark.parametrize("begin", [exchanged, moved_and_copied])
def test_what_an_image_was_before_is_another_image_and_each_keeps_its_labels(session, tmp_path, begin):
    first, second = begin(session, tmp_path)
    assert len(session.entries) == 2
    for entry, number in ((first, 1), (second, 2), (first, 3)):
        session.choose_image(entry)
        session.paint(np.arange(10 * number, 10 * number + 5), number)
    path = session.project.path
    session.close()
    for _ in range(2):
        with Session.open(path) as again:
            assert again.images.complaints == []
            assert [np.unique(one.labels).tolist() for one in again.entries] == [[0, 1, 3], [0, 2]]


def test_reading_an_image_differently_keeps_its_labels(session):
    entry = session.add_image(image(0, (1, 2, 1, 20, 30)))
    session.paint(np.arange(5), 1)
    session.images.reinterpret(entry, image(0))
    assert entry.labels.any()
    assert entry.volume.pixels.shape[1] == 1
    with pytest.raises(UserError, match="another image"):
        session.images.reinterpret(entry, image(0, (1, 1, 2, 20, 30)))
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert again.current.labels.any()
        assert again.current.volume.pixels.shape[1] == 1


def test_a_removed_image_is_gone(session):
    session.add_image(image())
    entry = session.add_image(image(1))
    session.images.remove(entry)
    assert [one.name for one in session.entries] == ["cells 0"]
    assert not entry.folder.path.exists()


def test_settings_belong_to_the_project(session):
    session.add_image(image())
    session.segment_settings = SegmentSettings(diameter=12.0)
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert again.segment_settings.diameter == 12.0


def test_one_project_after_another_in_the_same_session(session):
    session.add_image(image())
    session.paint(np.arange(5), 1)
    session.segment_settings = SegmentSettings(diameter=12.0)
    first = session.project.path
    session.close_project()
    assert session.current is None
    assert session.segment_settings == SegmentSettings()
    session.add_image(image(1))
    assert session.project.path != first
    assert not session.edits.can_undo


def test_an_empty_session_can_continue_a_project(session):
    session.add_image(image())
    path = session.project.path
    session.close()
    told = []
    session.image_changed.connect(lambda: told.append(session.current.name))
    from napari_apprentice.project.folder import Project

    session.continue_project(Project.open(path))
    assert told == ["cells 0"]
    with pytest.raises(UserError, match="close it before"):
        session.continue_project(Project.create(name="b"))


def test_what_was_done_is_repeated_by_a_command_and_by_python_lines(session, tmp_path):
    source = written(tmp_path / "my cells.tif")
    session.add_image(files.read_image(source))
    session.segment_settings = SegmentSettings(diameter=12.0, blend=False)
    words = shlex.split(session.command_line("segment"))
    assert words[:3] == ["apprentice", "segment", str(source)]
    assert words[words.index("--diameter") + 1] == "12.0"
    assert str(session.project.path) in shlex.split(session.command_line("teach"))
    for kind in ("segment", "teach"):
        ast.parse(session.python_lines(kind))
    assert "SegmentSettings(diameter=12.0, blend=False)" in session.python_lines("segment")
