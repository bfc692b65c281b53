"""Room is there before it is written to: a full disk is an error, and nothing half-made stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.storage import disk, room, scratch
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.errors import UserError

ROWS = (20, 1000, 1000)  # 20 MB


def test_an_array_that_does_not_fit_is_refused_before_it_is_written(small_disk) -> None:
    where = str(small_disk.path).replace("\\", ".")
    with pytest.raises(
        UserError, match=rf"disk is full \(8\.. MB are free in {where} and 20\.0 MB are needed for it\)"
    ):
        scratch.create(small_disk.path / "a.npy", ROWS, np.uint8, "it")
    with pytest.raises(UserError, match=r"20\.0 MB are needed"):
        scratch.write(small_disk.path / "b.npy", np.zeros(ROWS, np.uint8))
    assert small_disk.files() == []


def test_an_array_that_was_made_can_be_written_when_the_disk_is_full(small_disk) -> None:
    array = scratch.create(small_disk.path / "a.npy", (2, 1000, 1000), np.uint8)
    small_disk.fill()
    array[...] = 7  # through the map: without room this would be a signal that ends the process
    array.flush()
    assert (np.load(small_disk.path / "a.npy") == 7).all()


def test_zeros_set_room_aside_where_the_system_cannot(small_disk) -> None:
    with (small_disk.path / "a").open("w+b") as file:
        room.write_zeros(file, 3_000_001)
        assert file.seek(0, 2) == 3_000_001
        with pytest.raises(OSError, match="No space left"):
            room.write_zeros(file, 20_000_000)


def test_room_is_looked_for_before_long_work(small_disk) -> None:
    room.refuse(small_disk.path, 1_000_000, "the taught model")
    with pytest.raises(UserError, match=r"9\.0 MB are needed for the taught model"):
        room.refuse(small_disk.path, 9_000_000, "the taught model")


def test_for_temporary_files_it_says_how_to_choose_another_folder(small_disk, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk.path))
    folder = TemporaryFolder()
    with pytest.raises(UserError, match="set TMPDIR to a folder on a larger disk"):
        scratch.create(folder.path / "a.npy", ROWS, np.uint8)
    folder.close()
    assert small_disk.files() == []


def test_a_full_disk_is_known_however_it_is_said() -> None:
    assert disk.is_full(OSError(28, "No space left on device"))
    assert disk.is_full(OSError("1000 requested and 20 written"))
    assert not disk.is_full(PermissionError(13, "Permission denied"))
    assert "choose another" in str(disk.refusal(PermissionError(13, "Permission denied"), Path("a/b")))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">u2").reshape(2, 3),
        np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
        np.array([True, False, True]),
        np.zeros((0, 3), np.int64),
        np.float64(3.5) * np.ones(()),
    ],
    ids=["other byte order", "other order", "truth", "nothing", "a number"],
)
def test_what_is_written_is_read(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "new" / "a.npy"
    scratch.write(path, array)
    found = np.load(path)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)
    assert list(path.parent.iterdir()) == [path]


def test_a_lazy_array_is_written_piece_by_piece(tmp_path: Path) -> None:
    asked = []

    class Lazy:
        shape, dtype = (3, 2), np.dtype(np.uint8)

        def __getitem__(self, at: int) -> np.ndarray:
            asked.append(at)
            return np.full(2, at, np.uint8)

    scratch.write(tmp_path / "a.npy", Lazy())
    assert asked == [0, 1, 2]
    assert np.load(tmp_path / "a.npy").tolist() == [[0, 0], [1, 1], [2, 2]]
