"""A disk that is really full: the process lives, one sentence says it, and all is written once there is room."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.cli.conftest import model, spots
from tests.session.test_loop import FEW_STEPS

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.versions import Version
from napari_apprentice.runners import InlineRunners, ProcessRunners, Runners
from napari_apprentice.session import Session
from napari_apprentice.settings import SegmentSettings

__all__ = ["model"]  # a fixture

OBJECT = np.arange(96 * 20, 96 * 30)


@pytest.fixture(params=[InlineRunners, ProcessRunners], ids=["here", "in processes"])
def runners(request) -> Iterator[Runners]:
    runners = request.param()
    yield runners
    runners.close()


@pytest.fixture
def image(tmp_path: Path) -> Volume:
    tifffile.imwrite(tmp_path / "spots.tif", spots(0))
    return read_image(tmp_path / "spots.tif")


def heard(session: Session) -> list[str]:
    sentences: list[str] = []
    session.message.connect(sentences.append)
    return sentences


def done(session: Session, verb: Callable[[], None]) -> None:
    verb()
    session.run_until_idle()


def pumped(session: Session, sentences: list[str], words: str) -> None:
    """Pump as a window does until something is said."""
    until = time.monotonic() + 10
    while not any(words in sentence for sentence in sentences) and time.monotonic() < until:
        session.pump()
        time.sleep(0.02)
    assert any(words in sentence for sentence in sentences), sentences


def test_a_loop_on_a_full_disk_loses_nothing(small_disk, image, model, runners, tmp_path) -> None:
    path = small_disk.path / "project"
    with Session.create(path, runners) as session:
        entry = session.add_image(image)
        session.choose_model(str(model))
        session.teach_settings = FEW_STEPS
        done(session, session.segment)  # so that an engine is warm, and the pixels are written
        sentences = heard(session)
        small_disk.fill()

        session.paint(OBJECT, 5)
        session.segment_settings = SegmentSettings(link=True)
        session.choose_model("nuclei-2d")
        for verb in (session.segment, session.teach):
            with pytest.raises(UserError, match=r"disk is full \(.*free in .*disk/project"):
                done(session, verb)
        with pytest.raises(UserError, match="disk is full"):
            session.export_labels(small_disk.path / "labels.tif")
        assert not list(small_disk.path.glob("*labels*"))
        pumped(session, sentences, "cannot be saved")
        time.sleep(1.1)
        session.pump()
        assert not any("everything is saved" in sentence for sentence in sentences)

        small_disk.make_room()
        pumped(session, sentences, "everything is saved")
        assert sum("everything is saved" in sentence for sentence in sentences) == 1
        assert not session.project.is_behind
        with Session(Project.open(copied(path, tmp_path))) as other:  # it is on disk now, not when this one is closed
            assert other.segment_settings.link
            assert other.model.key == session.model.key == "nuclei-2d"
            np.testing.assert_array_equal(other.current.labels, entry.labels)
            np.testing.assert_array_equal(other.current.confirmed, entry.confirmed)
            assert (other.current.labels.reshape(-1)[OBJECT] == 5).all()

        session.choose_model(str(model))
        done(session, session.segment)  # the same engine
        done(session, session.teach)
        assert [version.id for version in session.project.lineage.versions] == ["v1"]
    assert not [name for name in small_disk.files() if ".part" in name]


def copied(path: Path, folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(path, folder / "copy", ignore=shutil.ignore_patterns("lock")))


def test_a_version_and_a_chosen_model_that_were_refused_are_written_later(small_disk) -> None:
    path = small_disk.path / "project"
    project = Project.create(path)
    small_disk.fill()
    for write in (
        lambda: project.lineage.add(Version(id="v1", parent="nuclei-2d", created="today")),
        lambda: project.lineage.use("a.safetensors", is_elsewhere=True),
        lambda: project.change(kind="classes"),
    ):
        with pytest.raises(UserError, match="free some space"):
            write()
    with pytest.raises(UserError):
        project.catch_up()
    assert project.is_behind
    small_disk.make_room()
    project.catch_up()
    assert not project.is_behind
    project.close()
    again = Project.open(path)
    assert [one.id for one in again.lineage.versions] == ["v1"]
    assert (again.lineage.current, again.lineage.added) == ("a.safetensors", ("a.safetensors",))
    assert again.record.kind == "classes"
    again.close()


def test_an_image_with_a_file_opens_on_a_full_disk_and_is_kept_later(small_disk, image) -> None:
    path = small_disk.path / "project"
    with Session.create(path, InlineRunners()) as session:
        small_disk.fill()
        session.add_image(image)
        session.paint(OBJECT, 5)
        small_disk.make_room()
        pumped(session, heard(session), "everything is saved")
    with Session.open(path, InlineRunners()) as session:
        assert (session.current.labels.reshape(-1)[OBJECT] == 5).all()


def test_what_a_disk_refused_is_nothing_to_the_next_project(small_disk, image, tmp_path) -> None:
    with Session.create(small_disk.path / "project", InlineRunners()) as session:
        sentences = heard(session)
        small_disk.fill()
        session.segment_settings = SegmentSettings(link=True)
        session.close_project()
        assert len([one for one in sentences if "cannot be saved" in one]) == 2  # when it was refused, and at the end
        session.continue_project(Project.create(tmp_path / "other"))
        session.add_image(image)
        session.paint(OBJECT, 5)
        session.pump()
        assert not any("everything is saved" in one for one in sentences)


def test_an_image_without_a_file_needs_room_and_leaves_nothing_without(small_disk) -> None:
    pixels = np.random.default_rng(0).integers(0, 250, (1, 1, 1, 1000, 1000)).astype(np.uint8)
    with Session.create(small_disk.path / "project", InlineRunners()) as session:
        small_disk.fill(but=100_000)
        with pytest.raises(UserError, match=r"needed for the pixels of cells\): free some space there"):
            session.add_image(Volume(pixels, name="cells"))
        assert not list(small_disk.path.glob("project/entries/*"))
        small_disk.make_room()
        session.add_image(Volume(pixels, name="cells"))
        assert session.current.name == "cells"


def test_an_image_can_be_removed_to_make_room(small_disk) -> None:
    pixels = np.random.default_rng(0).integers(0, 250, (1, 1, 1, 1000, 1000)).astype(np.uint8)
    with Session.create(small_disk.path / "project", InlineRunners()) as session:
        entry = session.add_image(Volume(pixels, name="cells"))
        small_disk.fill()
        session.paint(OBJECT, 5)
        session.images.remove(entry)
        assert not session.project.is_behind
        assert Project.open(copied(small_disk.path / "project", small_disk.path.parent)).record.entries == ()


def test_a_project_that_does_not_fit_leaves_no_folder(small_disk) -> None:
    small_disk.fill()
    with pytest.raises(UserError):
        Project.create(small_disk.path / "project")
    assert small_disk.files() == []
    small_disk.make_room()
    Project.create(small_disk.path / "project").close()


def test_a_temporary_project_that_does_not_fit_leaves_no_folder(small_disk, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk.path))
    small_disk.fill()
    try:
        Session.temporary(InlineRunners()).close()  # an empty folder may need no room
    except UserError as error:
        assert "TMPDIR" in str(error)  # noqa: PT017 (either will do)
    assert small_disk.files() == []
