from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from tests.lab.trust.test_damage import outcome

from apprentice_lab.trust import disk
from apprentice_lab.trust.faulty_disk import FaultyDisk, installed
from apprentice_lab.trust.trial import Extent


def test_a_disk_that_refuses_a_call_loses_nothing(tmp_path: Path) -> None:
    found = outcome(disk.run(tmp_path, Extent(0.001, seed=2)))
    assert found.failures == ()
    assert found.tried >= 3


def test_a_faulty_disk_refuses_the_call_it_was_asked_to(tmp_path: Path) -> None:
    faulty = FaultyDisk(tmp_path / "disk", "EIO", at=3)
    with installed(faulty):
        (tmp_path / "disk").mkdir()
        (tmp_path / "elsewhere").write_bytes(b"not counted")
        with pytest.raises(OSError, match="Input/output") as refused:
            (tmp_path / "disk" / "file").write_bytes(b"more")
        assert refused.value.errno == errno.EIO
        (tmp_path / "disk" / "file").write_bytes(b"after")
    assert faulty.hit.startswith("write of")
    assert (tmp_path / "disk" / "file").read_bytes() == b"after"


def test_trouble_that_lasts_ends_when_the_disk_is_mended(tmp_path: Path) -> None:
    faulty = FaultyDisk(tmp_path, "EROFS", at=1, lasts=True)
    with installed(faulty):
        for _ in range(2):
            with pytest.raises(OSError, match="Read-only"):
                (tmp_path / "folder").mkdir()
        faulty.mend()
        (tmp_path / "folder").mkdir()


@pytest.mark.parametrize("how", ["open", "os"])
def test_half_a_write_is_written_before_there_is_no_room(tmp_path: Path, how: str) -> None:
    faulty = FaultyDisk(tmp_path, "half", at=1)
    path = tmp_path / "file"
    with installed(faulty):
        if how == "open":
            with pytest.raises(OSError, match="No space left"):
                path.write_bytes(b"12345678")
        else:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
            assert os.write(descriptor, b"12345678") == 4
            with pytest.raises(OSError, match="No space left"):
                os.write(descriptor, b"5678")
            os.close(descriptor)
    assert path.read_bytes() == b"1234"
