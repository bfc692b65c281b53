"""A project that a newer version of this program wrote: to look at and to export, and nothing is written into it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.session.test_damaged import image, made, paint, rows_of
from tests.session.test_regions import LEFT, RIGHT, flat, model_file, opened, paint_both, painted, whole
from tests.session.test_regions import image as slide

from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import projects_folder, recent_projects, remove_unused
from napari_apprentice.session import Session

__all__ = ["slide"]  # a fixture


def of_newer(path: Path, **changes: object) -> Path:
    """The project as a newer version would have written it: with names that are not known here, and other types."""
    file = path / "project.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "format": 2, "more": [1], "teach": {"epochs": "as needed"}, **changes}))
    for entry in path.glob("entries/*/entry.json"):
        entry.write_text(json.dumps({**json.loads(entry.read_text()), "lenses": {"na": 1.4}}))
    return path


def content(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file and folder with what is in it and when it was changed."""
    found = sorted(path.rglob("*"))
    return {str(one): (one.read_bytes() if one.is_file() else b"", one.stat().st_mtime_ns) for one in (path, *found)}


def test_it_opens_to_look_at_and_export_and_nothing_in_it_changes(tmp_path):
    made(tmp_path / "p")
    (tmp_path / "p" / "lock").unlink()
    (tmp_path / "p" / "scratch").mkdir(exist_ok=True)
    (tmp_path / "p" / "scratch" / "left.npy").write_bytes(b"of the newer version")
    before = content(of_newer(tmp_path / "p"))
    for _ in range(2):
        with Session.open(tmp_path / "p") as session:
            assert len(session.images.complaints) == 1
            assert "newer version of napari-apprentice" in session.images.complaints[0]
            assert "update" in session.images.complaints[0]
            assert session.choices.trouble == session.images.complaints[0]
            assert rows_of(session) == {0, 1, 2, 3}
            session.export_labels(tmp_path / "labels.tif")
            session.pump()
        np.testing.assert_array_equal(np.unique(read_labels(tmp_path / "labels.tif")), range(5))
        assert content(tmp_path / "p") == before


def test_damage_in_it_is_left_to_the_version_that_knows_it(tmp_path):
    entry = made(tmp_path / "p")
    of_newer(tmp_path / "p")
    (entry / "journal-1.bin").write_bytes((entry / "journal-1.bin").read_bytes()[:-7])
    (tmp_path / "p" / "versions").mkdir(exist_ok=True)
    (tmp_path / "p" / "versions" / "lineage.json").write_text("{")
    before = content(tmp_path / "p")
    with Session.open(tmp_path / "p") as session:
        assert rows_of(session) == {0, 1, 2}
    assert content(tmp_path / "p") == before


def test_what_is_painted_is_kept_in_another_folder_and_can_be_undone(tmp_path, monkeypatch):
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    made(tmp_path / "p")
    before = content(of_newer(tmp_path / "p"))
    with Session.open(tmp_path / "p") as session:
        paint(session, 7)
        assert rows_of(session) == {0, 1, 2, 3, 7}
        session.undo()
        assert rows_of(session) == {0, 1, 2, 3}
        session.redo()
        assert session.project.is_behind
        moved = session.save_project_in(tmp_path / "mine")
        assert not session.choices.trouble
    assert content(tmp_path / "p") == before
    with Session.open(moved) as session:  # one of this version
        assert rows_of(session) == {0, 1, 2, 3, 7}
        assert not session.choices.trouble
    with Session.open(tmp_path / "p") as session:
        paint(session, 8)
    (rescued,) = projects_folder().iterdir()
    assert content(tmp_path / "p") == before
    with Session.open(rescued) as session:
        assert rows_of(session) == {0, 1, 2, 3, 8}


def test_what_would_write_into_it_is_refused_with_the_sentence(tmp_path):
    made(tmp_path / "p")
    before = content(of_newer(tmp_path / "p"))
    with Session.open(tmp_path / "p") as session:
        session.choose_model(model_file(tmp_path / "m.safetensors"))
        assert "newer version" in session.why_not_teach()
        with pytest.raises(UserError, match="newer version"):
            session.teach()
        with pytest.raises(UserError, match="newer version"):
            session.add_image(image(seed=1))
        with pytest.raises(UserError, match="newer version"):
            session.images.remove(session.current)
        with pytest.raises(UserError, match="newer version"):
            session.images.reinterpret(session.current, session.current.volume)
    assert content(tmp_path / "p") == before


def test_a_large_image_in_it_can_be_looked_at_everywhere(session, slide, tmp_path):
    entry = opened(session, slide)
    paint_both(session, entry)
    entry.keep_snapshot()
    shutil.copytree(session.project.path, tmp_path / "p", ignore=shutil.ignore_patterns("lock"))
    before = content(of_newer(tmp_path / "p"))
    with Session.open(tmp_path / "p") as again:
        for point in (LEFT, RIGHT, LEFT):
            again.open_region(point)
            assert again.current.labels.any()
        np.testing.assert_array_equal(whole(again.current), painted())
        again.export_labels(tmp_path / "labels.zarr")
        assert "newer version" in again.verbs.segment_all.why_not()
        np.testing.assert_array_equal(np.asarray(read_image(tmp_path / "labels.zarr").pixels)[:, 0], painted())
        again.paint(flat(again.current, slice(1100, 1110), slice(100, 110)), 9)
        with pytest.raises(UserError, match="newer version"):
            again.open_region(RIGHT)
        again.undo()
    assert content(tmp_path / "p") == before


def test_it_is_listed_and_never_taken_for_one_in_which_nothing_was_done(tmp_path, monkeypatch):
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    with Session.create(projects_folder() / "p") as session:
        session.add_image(image())
    of_newer(projects_folder() / "p", made_by_itself=True)
    remove_unused()
    assert (projects_folder() / "p" / "project.json").exists()
    of_newer(projects_folder() / "p", made_by_itself=False)
    assert [one.path.name for one in recent_projects()] == ["p"]


def test_two_may_look_at_it_at_once(tmp_path):
    made(tmp_path / "p")
    of_newer(tmp_path / "p")
    one, two = Project.open(tmp_path / "p"), Project.open(tmp_path / "p")
    one.close()
    two.close()


def test_pictures_of_its_images_open_from_their_files(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 200, (40, 50)).astype(np.uint8))
    with Session.create(tmp_path / "p") as session:
        session.add_image(read_image(tmp_path / "a.tif"))
        session.paint(np.arange(50), 1)
    of_newer(tmp_path / "p")
    with Session.open(tmp_path / "p") as session:
        assert session.current.volume.pixels.shape[3:] == (40, 50)
        assert (session.current.labels[0, 0, 0] == 1).all()
