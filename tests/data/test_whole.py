"""A file appears under its name when it is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_apprentice.data.whole import forget, whole, whole_folder


def test_a_file_takes_the_place_of_the_old_one_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_text("old")
    with whole(path) as part:
        part.write_text("new")
        assert (path.read_text(), part.name[-7:]) == ("old", ".nii.gz")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_text("old")

    def fail() -> None:
        with whole(path) as part:
            part.write_text("ne")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    for text in ("old", "new"):
        with whole_folder(path) as part:
            part.mkdir()
            (part / text).write_text(text)
    assert [one.name for one in path.iterdir()] == ["new"]

    def fail() -> None:
        with whole_folder(path) as part:
            part.mkdir()
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]
    assert [one.name for one in path.iterdir()] == ["new"]


def test_what_a_process_that_was_killed_left_does_not_harm_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    for left in (".part-a.zarr", ".old-a.zarr"):
        (tmp_path / left / "x").mkdir(parents=True)
    for text in ("one", "two"):
        with whole_folder(path) as part:
            part.mkdir()
            (part / text).write_text(text)
        assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]
    assert [one.name for one in path.iterdir()] == ["two"]
    path.replace(tmp_path / ".old-a.zarr")  # killed between the two renames
    forget(path)
    assert [one.name for one in path.iterdir()] == ["two"]
