from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.project.folder import Project


@pytest.fixture
def project(tmp_path):
    project = Project.create(tmp_path / "p")
    yield project
    project.close()


@pytest.fixture
def entry(project):
    folder, _ = project.keep(Volume(np.random.default_rng(0).random((1, 1, 1, 8, 9)), name="cells"))
    folder.load()
    return folder


def arrays(value: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((1, 1, 8, 9), value, np.uint32), np.full((1, 1, 8, 9), 2, np.uint8)


def test_a_new_entry_is_empty(entry):
    kept = entry.load()
    assert not kept.labels.any()
    assert kept.labels.dtype == np.uint32
    assert kept.records == []


def test_a_snapshot_and_the_journal_since_come_back(entry):
    entry.append("do", 1, b"before the snapshot", 3)
    entry.snapshot(*arrays(7))
    entry.append("do", 2, b"since", 3)
    kept = entry.load()
    assert (kept.labels == 7).all()
    assert [record.delta for record in kept.records] == [b"since"]
    assert sorted(path.name for path in entry.path.glob("[sj]*-*")) == ["journal-1.bin", "state-1.npz"]


def test_a_crash_between_snapshot_and_cleaning_up_loses_nothing(entry):
    entry.append("do", 1, b"a", 3)
    before = entry.path / "journal-0.bin"
    old = before.read_bytes()
    entry.snapshot(*arrays(7))
    before.write_bytes(old)
    kept = entry.load()
    assert (kept.labels == 7).all()
    assert kept.records == []


def test_an_unfinished_snapshot_is_not_taken(entry):
    entry.append("do", 1, b"a", 3)
    (entry.path / "state-1.npz").write_bytes(b"PK half a file")
    kept = entry.load()
    assert [record.delta for record in kept.records] == [b"a"]
    assert "damaged" in kept.complaint


def test_a_cut_journal_is_said_and_its_end_kept_aside(entry):
    entry.append("do", 1, b"a", 3)
    entry.append("do", 2, b"b" * 50, 3)
    path = entry.path / "journal-0.bin"
    path.write_bytes(path.read_bytes()[:-10])
    kept = entry.load()
    assert len(kept.records) == 1
    assert "cut off" in kept.complaint
    assert path.with_suffix(".damaged").stat().st_size > 0
    entry.append("do", 2, b"again", 3)
    assert [record.delta for record in entry.load().records] == [b"a", b"again"]
    assert entry.load().complaint == ""


def test_how_much_is_taught_is_known_without_loading(entry):
    assert entry.voxels_taught() == 0
    assert not entry.is_used
    entry.append("do", 1, b"a", 12)
    assert entry.voxels_taught() == 12
    assert entry.is_used
    entry.snapshot(*arrays(7))
    assert entry.voxels_taught() == 72


def test_a_snapshot_that_rotted_is_set_aside_and_the_journal_since_comes_back(entry):
    entry.snapshot(*arrays(7))
    entry.append("do", 1, b"since", 3)
    state = entry.path / "state-1.npz"
    state.write_bytes(state.read_bytes()[:50])
    kept = entry.load()
    assert [record.delta for record in kept.records] == [b"since"]
    assert "set aside" in kept.complaint
    assert state.with_suffix(".damaged").exists()
