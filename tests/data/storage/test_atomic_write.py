"""A file appears under its name when it is whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from napari_apprentice.data.storage import claims
from napari_apprentice.data.storage.atomic_write import atomic_write, atomic_write_folder

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs a signal that kills")


def test_a_file_takes_the_place_of_the_old_one_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_text("old")
    with atomic_write(path) as part:
        part.write_text("new")
        assert (path.read_text(), part.name[-7:]) == ("old", ".nii.gz")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_text("old")

    def fail() -> None:
        with atomic_write(path) as part:
            part.write_text("ne")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    for text in ("old", "new"):
        with atomic_write_folder(path) as part:
            part.mkdir()
            (part / text).write_text(text)
    assert [one.name for one in path.iterdir()] == ["new"]

    def fail() -> None:
        with atomic_write_folder(path) as part:
            part.mkdir()
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]
    assert [one.name for one in path.iterdir()] == ["new"]


def killed(script: str, path: Path) -> None:
    """Run ``script`` about ``path``, which ends in its own death."""
    home = "napari_apprentice.data.storage.atomic_write"
    head = f"import os, signal, sys; from pathlib import Path; from {home} import atomic_write, atomic_write_folder"
    die = "os.kill(os.getpid(), signal.SIGKILL)"
    script = f"{head}; path = Path(sys.argv[1])\n{textwrap.dedent(script).replace('DIE', die)}"
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode < 0


@POSIX
def test_what_a_process_that_was_killed_left_goes_at_the_next_start(tmp_path: Path) -> None:
    for name, write in (("a.tif", "part.write_text('ne')"), ("a.zarr", "part.mkdir()")):
        manager = "atomic_write" if name == "a.tif" else "atomic_write_folder"
        killed(f"with {manager}(path) as part:\n    {write}\n    DIE", tmp_path / name)
    assert len(list(tmp_path.glob(".part-*"))) == 2
    claims.clear()
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_folder_that_stepped_aside_comes_back_when_its_successor_never_came(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    path.mkdir()
    (path / "old").write_text("old")
    script = """
    with atomic_write_folder(path) as part:
        part.mkdir()
        rename = Path.replace
        Path.replace = lambda one, other: (rename(one, other), DIE)
    """
    killed(script, path)
    assert not path.exists()
    claims.clear()
    assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]
    assert [one.name for one in path.iterdir()] == ["old"]


def test_nothing_of_a_process_that_lives_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    script = """
    import sys
    from pathlib import Path
    from napari_apprentice.data.storage.atomic_write import atomic_write
    with atomic_write(Path(sys.argv[1])) as part:
        part.write_text("new")
        print("there", flush=True)
        sys.stdin.readline()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout.readline().strip() == b"there"
        with atomic_write(tmp_path / "b.tif") as part:
            part.write_text("mine")
            claims.clear()
            assert len(list(tmp_path.glob(".part-*"))) == 2
        child.stdin.write(b"\n")
    assert child.returncode == 0
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"a.tif": "new", "b.tif": "mine"}


@pytest.mark.parametrize("manager", ["atomic_write", "atomic_write_folder"])
def test_processes_that_write_one_file_at_once_do_not_disturb_each_other(tmp_path: Path, manager: str) -> None:
    path = tmp_path / "a.zarr"
    script = f"""
    import sys
    from pathlib import Path
    from napari_apprentice.data.storage.atomic_write import {manager}
    for _ in range(40):
        with {manager}(Path(sys.argv[1])) as part:
            if {manager!r} == "atomic_write_folder":
                part.mkdir()
                part = part / "text"
            part.write_text(sys.argv[2] * 1000)
    """
    children = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), path, letter]) for letter in "abc"]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [path]
    text = (path / "text" if manager == "atomic_write_folder" else path).read_text()
    assert text in ("a" * 1000, "b" * 1000, "c" * 1000)


def test_a_long_name_leaves_room_for_that_of_what_is_not_finished(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 250}.tif"
    with atomic_write(path) as part:
        part.write_text("new")
        assert part.suffix == ".tif"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_disk_does_not_let_go_of_goes_at_the_next_start(tmp_path: Path, home: Path, monkeypatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refused)
        patch.setattr(os, "unlink", refused)
        with pytest.raises(OSError, match="Read-only"), atomic_write(tmp_path / "a.tif") as part:
            part.write_bytes(b"half")
    assert part.exists()
    code = "from napari_apprentice.data.storage import claims; claims.clear()"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not part.exists()
    assert not list(home.rglob("unfinished/*/*"))
