"""Projects of which something on disk is damaged, opened again and again with work in between."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.project import journal, replay
from napari_apprentice.project.folder import Project
from napari_apprentice.project.journal import Record
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.project.versions import Version
from napari_apprentice.session import Session

ROWS = 24


def image(seed: int = 0) -> Volume:
    return Volume(np.random.default_rng(seed).random((1, 1, 1, ROWS, 30)), name=f"cells {seed}")


def row(number: int) -> np.ndarray:
    """The flat voxels of a row of the image."""
    return np.arange(30) + 30 * number


def paint(session: Session, *rows: int) -> None:
    """Each row becomes the object of its number and 1."""
    for number in rows:
        session.paint(row(number), number + 1)


def rows_of(session: Session) -> set[int]:
    """The rows that are there as they were painted."""
    labels, confirmed = session.current.labels[0, 0], session.current.confirmed[0, 0]
    return {n for n in range(ROWS) if (labels[n] == n + 1).all() and (confirmed[n] == 2).all()}


def made(path: Path, *, before: tuple[int, ...] = (0, 1), since: tuple[int, ...] = (2, 3)) -> Path:
    """A project with rows in a snapshot and rows in the journal; the folder of its image."""
    with Session.create(path) as session:
        session.add_image(image())
        paint(session, *before)
        session.current.keep_snapshot()
        paint(session, *since)
        return session.current.folder.path


def said(session: Session) -> str:
    return " ".join(session.images.complaints)


def opened_twice(path: Path, expected: set[int]) -> list[str]:
    """Open three times and paint a row at each; nothing that was there may be gone. What was said each time."""
    sentences = []
    for number in (10, 11, 12):
        with Session.open(path) as session:
            sentences.append(said(session))
            assert rows_of(session) == expected
            paint(session, number)
            expected = expected | {number}
    return sentences


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(300))


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def dangling(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.with_name("nowhere"))


def gone(file: Path) -> None:
    file.unlink()


DAMAGES = [cut, empty, garbage, folder, dangling, *([pipe] if hasattr(os, "mkfifo") else [])]


@pytest.mark.parametrize("damage", [*DAMAGES, gone])
def test_a_damaged_snapshot_loses_only_what_was_in_it_at_every_opening(tmp_path, damage):
    damage(made(tmp_path / "p") / "state-1.npz")
    first, *later = opened_twice(tmp_path / "p", {2, 3})
    assert "saved labels" in first
    assert later == ["", ""]


@pytest.mark.parametrize("damage", [empty, garbage, folder, dangling])
def test_a_damaged_journal_leaves_the_snapshot_and_what_comes_after(tmp_path, damage):
    damage(made(tmp_path / "p") / "journal-1.bin")
    first, *later = opened_twice(tmp_path / "p", {0, 1})
    assert damage is empty or "was set aside" in first
    assert later == ["", ""]


@pytest.mark.parametrize("damage", [gone, empty])
def test_a_journal_that_is_gone_is_told_once_and_comes_back_with_what_was_done_meanwhile(tmp_path, damage):
    file = made(tmp_path / "p") / "journal-1.bin"
    content = file.read_bytes()
    damage(file)
    with Session.open(tmp_path / "p") as session:
        assert "journal is " in said(session).lower()
        assert "put that file back" in said(session)
        assert rows_of(session) == {0, 1}
        paint(session, 10)
        session.undo()
        session.redo()
    file.write_bytes(content)
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3, 10}) == ["", "", ""]


def test_a_journal_that_is_gone_is_told_at_each_opening_until_there_are_new_edits(tmp_path):
    (made(tmp_path / "p", before=()) / "journal-1.bin").unlink()
    for _ in range(2):
        with Session.open(tmp_path / "p") as session:
            assert "The journal is missing" in said(session)
    assert ["missing" in one for one in opened_twice(tmp_path / "p", set())] == [True, False, False]


def test_an_older_copy_of_a_journal_is_told_and_takes_no_new_edits(tmp_path):
    file = made(tmp_path / "p") / "journal-1.bin"
    older = file.read_bytes()
    with Session.open(tmp_path / "p") as session:
        paint(session, 4)
    newer = file.read_bytes()
    file.write_bytes(older)
    with Session.open(tmp_path / "p") as session:
        assert "An older copy of the journal" in said(session)
        assert rows_of(session) == {0, 1, 2, 3}
        paint(session, 10)
    file.write_bytes(newer)
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3, 4, 10}) == ["", "", ""]


def test_a_journal_that_a_snapshot_took_the_place_of_is_not_missed(tmp_path):
    made(tmp_path / "p")
    with Session.open(tmp_path / "p") as session:
        session.current.keep_snapshot()
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3}) == ["", "", ""]


def test_a_journal_that_is_gone_is_not_missed_in_another_folder(tmp_path):
    made(tmp_path / "p")
    with Session.open(tmp_path / "p") as session:
        session.save_project_in(tmp_path / "q")
    assert opened_twice(tmp_path / "q", {0, 1, 2, 3}) == ["", "", ""]


@pytest.mark.parametrize("damage", [empty, garbage, folder, dangling, gone])
def test_the_length_of_a_journal_is_nothing_to_worry_about_when_it_is_lost(tmp_path, damage):
    damage(made(tmp_path / "p") / "journal.json")
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3}) == ["", "", ""]


def test_a_journal_that_was_cut_loses_its_last_edit_only(tmp_path):
    cut(made(tmp_path / "p") / "journal-1.bin")
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2})
    assert "cut off" in first
    assert later == ["", ""]


@pytest.mark.parametrize("place", [0, 8, 10, 30])
def test_edits_behind_a_damaged_place_are_there(tmp_path, place):
    """A byte of the beginning of the file, or of the length, checksum or change of its first record."""
    file = made(tmp_path / "p", since=(2, 3, 4)) / "journal-1.bin"
    content = bytearray(file.read_bytes())
    content[place] ^= 255
    file.write_bytes(content)
    kept = {0, 1, 3, 4} if place else {0, 1, 2, 3, 4}
    first, *later = opened_twice(tmp_path / "p", kept)
    assert "was set aside" in first
    assert later == ["", ""]
    assert file.with_suffix(".damaged").read_bytes() == bytes(content)


@pytest.mark.parametrize(
    "bad",
    [
        Record("do", 9, b"no change at all"),
        Record("do", 9, Delta((1, 1, 5, 5), *([np.arange(3)] * 3), *([np.ones(3, np.uint8)] * 2)).to_bytes()),
        Record("rub", 9, b""),
        Record("do", "nine", b""),
        Record("do", 9, [1, 2]),
        Record("do", 9, b"", 1.5),
    ],
    ids=["garbage", "other shape", "unknown action", "step of letters", "change of numbers", "half a voxel"],
)
def test_an_edit_that_cannot_be_applied_does_not_take_later_ones_with_it(tmp_path, bad):
    file = made(tmp_path / "p", since=(2, 3)) / "journal-1.bin"
    records = journal.read(file).records
    file.write_bytes(replay.MAGIC + b"".join(replay.frame_record(one) for one in (records[0], bad, records[1])))
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert "set aside" in first
    assert later == ["", ""]
    assert any(replay.frame_record(bad) in one.read_bytes() for one in file.parent.glob("*.damaged*"))


@pytest.mark.parametrize("name", ["state-1 (conflicted copy).npz", "state-1 2.npz", "state-9999 (1).npz"])
def test_copies_that_sync_programs_make_are_not_taken_for_ours(tmp_path, name):
    entry = made(tmp_path / "p")
    (entry / name).write_bytes(b"of another computer")
    (entry / "journal-1 (Copy).bin").write_bytes(b"of another computer")
    (entry / "journal-7 2.bin").write_bytes((entry / "journal-1.bin").read_bytes())
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3}) == ["", "", ""]
    assert (entry / name).read_bytes() == b"of another computer"


def test_an_edit_made_after_a_damaged_opening_can_be_undone_and_redone(tmp_path):
    garbage(made(tmp_path / "p") / "state-1.npz")
    with Session.open(tmp_path / "p") as session:
        session.undo()
        assert rows_of(session) == {2}
    with Session.open(tmp_path / "p") as session:
        session.redo()
        assert rows_of(session) == {2, 3}
        paint(session, 5)
        session.undo()
        session.redo()
    with Session.open(tmp_path / "p") as session:
        assert rows_of(session) == {2, 3, 5}


def test_a_second_damage_does_not_overwrite_what_was_set_aside_first(tmp_path):
    entry = made(tmp_path / "p")
    for content in (b"first", b"second"):
        newest = max(entry.glob("journal-*.bin"), key=lambda one: one.stem)
        newest.replace(entry / "journal-1.bin")
        for state in entry.glob("state-*.npz"):
            state.replace(entry / "state-1.npz")
        (entry / "journal-1.bin").write_bytes(content)
        Session.open(tmp_path / "p").close()
        paint_one = Session.open(tmp_path / "p")
        paint(paint_one, 7)
        paint_one.close()
    assert {one.read_bytes() for one in entry.glob("journal-1.damaged*")} == {b"first", b"second"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 5),
        ("created", None),
        ("kind", "cats"),
        ("classes", [{"value": 0}]),
        ("segment", {"tile": "wide"}),
        ("teach", 3),
    ],
)
def test_a_wrong_value_in_project_json_costs_that_value_only(tmp_path, name, value):
    made(tmp_path / "p")
    file = tmp_path / "p" / "project.json"
    told = {**json.loads(file.read_text()), name: value}
    file.write_text(json.dumps(told))
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert f"({name})" in first
    assert later == ["", ""]
    assert json.loads(file.with_suffix(".damaged").read_text()) == told


@pytest.mark.parametrize("entries", [3, ["../elsewhere"], [], [None]])
def test_images_are_found_though_project_json_does_not_name_them(tmp_path, entries):
    made(tmp_path / "p")
    file = tmp_path / "p" / "project.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "entries": entries}))
    damaged = file.read_bytes()
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3})[1:] == ["", ""]
    assert [one.read_bytes() for one in (tmp_path / "p").glob("*.damaged*")] == [damaged]


@pytest.mark.parametrize("damage", [gone, cut, empty, garbage, folder, dangling])
def test_images_are_found_without_project_json(tmp_path, damage):
    made(tmp_path / "p")
    damage(tmp_path / "p" / "project.json")
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert "project.json is missing" in first or "project.json cannot be read and was set aside" in first
    assert later == ["", ""]


def test_an_image_s_folder_that_became_a_file_is_set_aside(tmp_path):
    entry = made(tmp_path / "p")
    shutil.rmtree(entry)
    entry.write_bytes(b"a file")
    with Session.open(tmp_path / "p") as session:
        session.add_image(image())
        paint(session, 5)
    assert opened_twice(tmp_path / "p", {5}) == ["", "", ""]
    assert entry.with_suffix(".damaged").read_bytes() == b"a file"


@pytest.mark.parametrize(
    ("name", "value"), [("spacing", "wide"), ("unit", 3), ("metadata", []), ("reading", {"order": 1})]
)
def test_a_wrong_value_in_entry_json_costs_that_value_only(tmp_path, name, value):
    file = made(tmp_path / "p") / "entry.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert f"({name})" in first
    assert later == ["", ""]


@pytest.mark.parametrize("damage", [empty, garbage, folder, dangling, gone])
def test_labels_come_back_with_the_image_when_entry_json_is_lost(tmp_path, damage):
    file = made(tmp_path / "p") / "entry.json"
    with Session.open(tmp_path / "p") as session:
        session.add_image(image(1))
    damage(file)
    for _ in range(2):
        with Session.open(tmp_path / "p") as session:
            assert [entry.name for entry in session.entries] == ["cells 1"]
            assert "open that image again" in said(session)
            session.segment_settings = session.segment_settings.model_copy(update={"tile": 128})
    with Session.open(tmp_path / "p") as session:
        session.add_image(image())
        assert rows_of(session) == {0, 1, 2, 3}
    with Session.open(tmp_path / "p") as session:
        assert said(session) == ""
        assert len(session.entries) == 2


@pytest.mark.parametrize("damage", [cut, empty, garbage, folder, dangling])
def test_labels_come_back_with_the_image_when_its_pixels_are_lost(tmp_path, damage):
    file = made(tmp_path / "p") / "pixels.npy"
    damage(file)
    with Session.open(tmp_path / "p") as session:
        assert "again" in said(session)
        session.add_image(image())
        assert rows_of(session) == {0, 1, 2, 3}
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3})[0] == ""


@pytest.mark.parametrize("damage", [empty, garbage, folder, cut])
def test_a_damaged_list_of_versions_does_not_keep_the_project_from_opening(tmp_path, damage):
    made(tmp_path / "p")
    versions = tmp_path / "p" / "versions"
    versions.mkdir()
    (versions / "v2.safetensors").write_bytes(b"a model")
    told = {"versions": [{"id": "v2", "parent": "x", "created": "now"}], "current": None, "added": []}
    (versions / "lineage.json").write_text(json.dumps(told))
    damage(versions / "lineage.json")
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert "versions" in first
    assert later == ["", ""]
    project = Project.open(tmp_path / "p")
    assert [version.id for version in project.lineage.versions] == ["v2"]
    project.close()


@pytest.mark.parametrize("is_gone", [True, False])
def test_versions_that_their_list_does_not_name_are_found(tmp_path, is_gone):
    made(tmp_path / "p")
    versions = tmp_path / "p" / "versions"
    versions.mkdir()
    known = {"id": "v1", "parent": "x", "created": "now", "score_after": 0.5}
    if not is_gone:
        (versions / "lineage.json").write_text(json.dumps({"versions": [known], "current": "v1"}))
    for name in ("v1", "v2"):
        (versions / f"{name}.safetensors").write_bytes(b"a model")
    first, *later = opened_twice(tmp_path / "p", {0, 1, 2, 3})
    assert ("(v1, v2)" if is_gone else "(v2)") in first
    assert later == ["", ""]
    project = Project.open(tmp_path / "p")
    assert [(one.id, one.score_after) for one in project.lineage.versions] == [
        ("v1", None if is_gone else 0.5),
        ("v2", None),
    ]
    project.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_in_the_place_of_a_version_stops_nothing(tmp_path):
    made(tmp_path / "p")
    project = Project.open(tmp_path / "p")
    project.lineage.add(Version(id="v1", parent="nuclei-2d", created="now"))
    project.lineage.use("v1")
    project.close()
    os.mkfifo(tmp_path / "p" / "versions" / "v1.safetensors")
    began = time.monotonic()
    with Session.open(tmp_path / "p") as session:
        assert rows_of(session) == {0, 1, 2, 3}
        assert "v1.safetensors is not a model file" in session.why_not_segment()
        assert "v1" not in [choice.key for choice in session.models.all()]
    assert time.monotonic() - began < 5


def test_a_project_that_lost_its_record_is_in_the_list_of_projects(tmp_path, home):
    made(home / "projects" / "p")
    (home / "projects" / "p" / "project.json").unlink()
    assert [one.path.name for one in recent_projects()] == ["p"]


def test_a_version_with_a_wrong_value_is_kept_without_it(tmp_path):
    made(tmp_path / "p")
    versions = tmp_path / "p" / "versions"
    versions.mkdir()
    good = {"id": "v1", "parent": "x", "created": "now", "steps": 3}
    told = {"versions": [good, {**good, "id": "v2", "steps": "many"}], "current": "v1"}
    (versions / "lineage.json").write_text(json.dumps(told))
    project = Project.open(tmp_path / "p")
    assert [(one.id, one.steps) for one in project.lineage.versions] == [("v1", 3), ("v2", 0)]
    assert project.lineage.current == "v1"
    project.close()


def test_the_same_project_copied_over_itself_from_before_opens(tmp_path):
    """An older copy of each file in turn: what the others hold is there."""
    entry = made(tmp_path / "p")
    older = tmp_path / "older"
    shutil.copytree(entry, older)
    with Session.open(tmp_path / "p") as session:
        paint(session, 4)
        session.current.keep_snapshot()
        paint(session, 5)
    for name in ("state-1.npz", "journal-1.bin"):
        shutil.copy(older / name, entry / name)
    assert opened_twice(tmp_path / "p", {0, 1, 2, 3, 4, 5}) == ["", "", ""]
