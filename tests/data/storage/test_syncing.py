"""What is asked of the disk so that what was written survives a loss of power (what comes of it: tests/lab/trust)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from napari_apprentice.data.storage import syncing

POSIX = pytest.mark.skipif(os.name != "posix", reason="folders are synced only there")


@pytest.fixture
def synced(monkeypatch):
    """The inodes that were synced."""
    found, fsync = [], os.fsync

    def noted(descriptor: int) -> None:
        found.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def inodes(*paths: Path) -> set[int]:
    return {path.stat().st_ino for path in paths}


@POSIX
def test_new_folders_are_named_on_disk(tmp_path, synced):
    syncing.make_folder(tmp_path / "a" / "b")
    assert set(synced) == inodes(tmp_path, tmp_path / "a")
    synced.clear()
    syncing.make_folder(tmp_path / "a" / "b")
    assert synced == []
    with pytest.raises(FileNotFoundError):
        syncing.make_folder(tmp_path / "c" / "d", parents=False)


@POSIX
def test_all_of_a_folder_is_put_on_disk_and_nothing_behind_links(tmp_path, synced):
    inside, outside = tmp_path / "in" / "deep", tmp_path / "out"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "a").write_text("a")
    (outside / "b").write_text("b")
    (inside / "link").symlink_to(outside)
    syncing.sync_tree(tmp_path / "in")
    assert set(synced) == inodes(tmp_path / "in", inside, inside / "a")


@POSIX
def test_a_file_system_that_cannot_sync_folders_is_no_trouble_but_a_disk_that_fails_is(tmp_path, monkeypatch):
    def refused(number: int) -> None:
        def fail(descriptor: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fail)

    refused(errno.EINVAL)
    syncing.sync_folder(tmp_path)
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        syncing.sync_file(tmp_path / "a")
    refused(errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        syncing.sync_folder(tmp_path)
