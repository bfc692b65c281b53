"""Large images of which something on disk is damaged, opened again and again with work in between."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.session.test_regions import LEFT, RIGHT, flat, image, opened, paint_both

from napari_apprentice.errors import UserError
from napari_apprentice.session import Session

__all__ = ["image"]  # a fixture


def newest(folder: Path, name: str) -> Path:
    return max(folder.glob(f"{name}-*"), key=lambda one: int(one.stem.rpartition("-")[2]))


@pytest.fixture
def project(session, image) -> tuple[Path, Path, np.ndarray]:
    """A large image painted in two regions, closed: the project, the image's folder, the labels of the open region."""
    entry = opened(session, image)
    paint_both(session, entry)
    labels = entry.labels.copy()
    path, folder = session.project.path, entry.folder.path
    session.close()
    return path, folder, labels


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(200))


def other_types(file: Path) -> None:
    file.write_text(json.dumps({"region": "here", "labels": [1]}), encoding="utf-8")


def gone(file: Path) -> None:
    file.unlink()


def bit_of_the_labels(file: Path) -> None:
    """Other labels of the store would count, of which there are none."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"labels": 0', '"labels": 1'), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text


def bit_of_the_region(file: Path) -> None:
    """Another part of the image would have been open."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content["region"][3][0] ^= 64
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("damage", [garbage, other_types, gone, bit_of_the_labels, bit_of_the_region])
def test_edits_are_where_they_were_though_nothing_but_their_journal_says_which_region_it_is(project, runners, damage):
    path, folder, labels = project
    damage(newest(folder, "region"))
    for row in (1300, 1301, 1302):
        with Session.open(path, runners=runners) as again:
            assert again.images.complaints == []
            np.testing.assert_array_equal(again.current.labels, labels)
            again.paint(flat(again.current, slice(row, row + 1), slice(4000, 4010)), row)
            labels = again.current.labels.copy()
    with Session.open(path, runners=runners) as again:
        again.open_region(LEFT)
        assert again.current.labels.any()


@pytest.mark.parametrize("damage", [garbage, gone])
def test_a_damaged_journal_of_a_region_leaves_what_was_kept_before(project, runners, damage):
    path, folder, labels = project
    damage(newest(folder, "journal"))
    for _ in range(2):
        with Session.open(path, runners=runners) as again:
            assert again.current.region is not None
            assert again.current.is_labelled  # the other region's object is in the store
            assert not (again.current.labels == labels).all()


def test_a_damaged_chunk_costs_that_chunk_only(project, runners):
    path, folder, labels = project
    chunk = folder / "store" / "labels-0" / "c" / "0" / "0" / "1" / "0"
    chunk.write_bytes(b"not a chunk")
    with Session.open(path, runners=runners) as again:
        with pytest.raises(UserError, match="damaged and were set aside"):
            again.open_region(LEFT)
        again.open_region(LEFT)
        assert not again.current.labels.any()
        again.paint(flat(again.current, slice(1000, 1010), slice(100, 110)), 1)
        again.open_region(RIGHT)
        np.testing.assert_array_equal(again.current.labels, labels)
    with Session.open(path, runners=runners) as again:
        again.open_region(LEFT)
        assert np.count_nonzero(again.current.labels == 1) == 100
    assert chunk.with_suffix(".damaged").read_bytes() == b"not a chunk"


def test_a_damaged_chunk_of_the_open_region_is_said_when_the_project_opens(project, runners):
    path, folder, labels = project
    with Session.open(path, runners=runners) as again:
        again.current.keep_snapshot()
    (folder / "store" / "labels-0" / "c" / "0" / "0" / "2" / "7").write_bytes(b"not a chunk")
    with Session.open(path, runners=runners) as again:
        assert "damaged and were set aside" in " ".join(again.images.complaints)
        assert np.count_nonzero(labels) == 200
        assert not again.current.labels.any()
        again.paint(flat(again.current, slice(1200, 1220), slice(4000, 4010)), 2)
    with Session.open(path, runners=runners) as again:
        assert again.images.complaints == []
        np.testing.assert_array_equal(again.current.labels, labels)


def test_metadata_of_the_store_that_rotted_are_written_anew(project, runners):
    path, folder, labels = project
    for name in ("labels-0", "vouched"):
        garbage(folder / "store" / name / "zarr.json")
    for _ in range(2):
        with Session.open(path, runners=runners) as again:
            np.testing.assert_array_equal(again.current.labels, labels)
            assert again.current.is_labelled


def test_a_large_image_goes_on_in_another_folder(project, runners, tmp_path):
    path, _, labels = project
    with Session.open(path, runners=runners) as again:
        before = again.current.region
        others = Path("entries", again.current.id, "store", "labels-7", "zarr.json")  # that an undo would bring back
        (path / others).parent.mkdir()
        (path / others).write_text("{}")
        again.save_project_in(tmp_path / "elsewhere")
        assert (tmp_path / "elsewhere" / others).exists()
        assert again.current.region == before
        np.testing.assert_array_equal(again.current.labels, labels)
        again.undo()
        again.redo()
    with Session.open(tmp_path / "elsewhere", runners=runners) as moved:
        assert moved.images.complaints == []
        assert moved.current.region == before
        np.testing.assert_array_equal(moved.current.labels, labels)
        assert moved.current.voxels_taught == 300


def folder_there(file: Path) -> None:
    file.unlink()
    file.mkdir()


def device_there(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def nothing_there(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


@pytest.mark.skipif(os.name == "nt", reason="devices are no files on Windows")
@pytest.mark.parametrize("damage", [folder_there, device_there, nothing_there, gone, flipped])
def test_a_chunk_that_is_none_costs_that_chunk_and_is_said_once(project, runners, damage):
    path, folder, labels = project
    damage(folder / "store" / "labels-0" / "c" / "0" / "0" / "1" / "0")
    for number in range(2):
        with Session.open(path, runners=runners) as again:
            np.testing.assert_array_equal(again.current.labels, labels)
            said = again.images.complaints
            for _ in range(2):
                try:
                    again.open_region(LEFT)
                except UserError as error:
                    said = [*said, str(error)]
            assert again.current.region[3].start == 0
            assert not again.current.labels.any()
            assert len(said) == (number == 0), said
            again.open_region(RIGHT)


@pytest.mark.parametrize("name", ["labels-0", "vouched"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_chunk_that_is_gone_or_an_older_copy_is_said_once(project, runners, name, is_gone):
    path, folder, _ = project
    chunk = folder / "store" / name / "c" / "0" / "0" / "1" / "0"
    older = chunk.read_bytes()
    with Session.open(path, runners=runners) as again:
        again.open_region(LEFT)
        again.paint(flat(again.current, slice(980, 990), slice(100, 110)), 3)
        again.open_region(RIGHT)
    if is_gone:
        chunk.unlink()
    else:
        chunk.write_bytes(older)
    said = []
    for _ in range(2):
        with Session.open(path, runners=runners) as again:
            for _ in range(2):
                try:
                    again.open_region(LEFT)
                except UserError as error:
                    said.append(str(error))
            assert again.current.region[3].start == 0
            again.open_region(RIGHT)
    (sentence,) = said
    assert "are missing, or older than they should be" in sentence


def test_chunks_of_a_large_image_that_nobody_touched_are_never_said_to_be_older(project, runners):
    path, folder, labels = project
    for record in (b"", b"{", b'{"labels-0": {"0/0/1/0": "x"}}', None):
        if record is None:
            (folder / "store" / "sums.json").unlink()
        else:
            (folder / "store" / "sums.json").write_bytes(record)
        with Session.open(path, runners=runners) as again:
            again.open_region(LEFT)
            again.paint(flat(again.current, slice(1000, 1010), slice(100, 110)), 3)
            again.open_region(RIGHT)
            again.open_region(LEFT)
            again.undo()
            again.open_region(RIGHT)
            assert again.images.complaints == []
            np.testing.assert_array_equal(again.current.labels, labels)


@pytest.mark.parametrize("is_full", [False, True])
def test_a_folder_in_the_place_of_the_checksums_costs_no_stroke(project, runners, is_full):
    path, folder, labels = project
    place = folder / "store" / "sums.json"
    place.unlink()
    place.mkdir()
    if is_full:
        (place / "theirs.txt").write_text("theirs", encoding="utf-8")
    for number in range(2):
        with Session.open(path, runners=runners) as again:
            np.testing.assert_array_equal(again.current.labels, labels)
            again.paint(flat(again.current, slice(1300 + number, 1301 + number), slice(4000, 4010)), 7)
            again.current.keep_snapshot()
            labels = again.current.labels.copy()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("name", ["labels-0/zarr.json", "overview-0/zarr.json", "overview-0/c/0/0/2/7", "vouched/c/0"])
def test_a_pipe_in_the_store_stops_nothing(project, runners, name):
    path, folder, labels = project
    file = folder / "store" / name
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(file)
    with Session.open(path, runners=runners) as again:
        np.testing.assert_array_equal(again.current.labels, labels)
        again.paint(flat(again.current, slice(1300, 1301), slice(4000, 4010)), 7)
        again.current.keep_snapshot()
        labels = again.current.labels.copy()
    with Session.open(path, runners=runners) as again:
        np.testing.assert_array_equal(again.current.labels, labels)
