from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from napari_apprentice.errors import UserError
from napari_apprentice.project import journal
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.journal import Journal, Record

RECORDS = [Record("do", 1, b"one"), Record("do", 2, b"two" * 100), Record("undo", 2, b"")]


@pytest.fixture
def flusher():
    flusher = Flusher(interval_s=0.01)
    yield flusher
    flusher.close()


def written(path: Path, flusher: Flusher) -> Journal:
    opened = Journal(path, flusher)
    for record in RECORDS:
        opened.append(record)
    return opened


def test_records_are_with_the_system_before_append_returns(tmp_path, flusher):
    opened = Journal(tmp_path / "j", flusher)
    for count, record in enumerate(RECORDS, 1):
        opened.append(record)
        assert journal.read(tmp_path / "j").records == RECORDS[:count]
    opened.close()


def test_records_that_belong_together_are_written_at_once(tmp_path, flusher):
    opened = Journal(tmp_path / "j", flusher)
    opened.append(RECORDS[0])
    with opened.together():
        for record in RECORDS[1:]:
            opened.append(record)
            assert journal.read(tmp_path / "j").records == RECORDS[:1]
    assert journal.read(tmp_path / "j").records == RECORDS
    opened.close()


def test_an_absent_journal_is_empty(tmp_path):
    assert journal.read(tmp_path / "none") == journal.Replay([], 0, damaged=False)


def test_a_journal_cut_anywhere_gives_the_records_before_the_cut(tmp_path, flusher):
    path = tmp_path / "j"
    written(path, flusher).close()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        replay = journal.read(path)
        assert replay.records == RECORDS[: len(replay.records)]
        assert replay.damaged == (end > 0 and end != replay.end)


def test_a_changed_byte_ends_the_replay_there(tmp_path, flusher):
    path = tmp_path / "j"
    written(path, flusher).close()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    replay = journal.read(path)
    assert replay.records == RECORDS[:2]
    assert replay.damaged


def test_a_continued_journal_overwrites_its_damaged_end(tmp_path, flusher):
    path = tmp_path / "j"
    written(path, flusher).close()
    path.write_bytes(path.read_bytes()[:-1])
    again = Journal(path, flusher, journal.read(path).end)
    again.append(RECORDS[0])
    again.close()
    assert journal.read(path) == journal.Replay([*RECORDS[:2], RECORDS[0]], path.stat().st_size, damaged=False)


def test_what_was_written_is_synced_within_a_second_though_nobody_asks(tmp_path):
    flusher = Flusher()
    written(tmp_path / "j", flusher)
    until = time.monotonic() + 1
    while flusher.sync_count == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert flusher.sync_count
    flusher.close()


def test_closing_syncs_at_once_and_does_not_wait_for_the_next_turn(tmp_path):
    flusher = Flusher(interval_s=60)
    written(tmp_path / "j", flusher)
    time.sleep(0.1)  # the thread waits for more
    begun = time.monotonic()
    flusher.close()
    assert time.monotonic() - begun < 5
    assert flusher.sync_count == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_sentence(flusher):
    opened = Journal(Path("/dev/full"), flusher)
    with pytest.raises(UserError, match="free some space"):
        opened.append(RECORDS[0])
    assert opened.is_behind


def test_what_a_full_disk_refused_is_written_when_there_is_space(tmp_path, flusher):
    """A limit on file size stands for a full disk: half a record fits."""
    resource = pytest.importorskip("resource", reason="needs a limit on file size")
    path = tmp_path / "j"
    opened = Journal(path, flusher)
    opened.append(RECORDS[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (opened.size + 20, hard))
    try:
        for record in RECORDS[1:]:
            with pytest.raises(UserError):
                opened.append(record)
        assert journal.read(path).records == RECORDS[:1]
        with pytest.raises(UserError):
            opened.catch_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    opened.catch_up()
    assert journal.read(path).records == RECORDS
    opened.close()


def test_everything_appended_survives_kill_9(tmp_path):
    script = """
        import os, signal, sys
        from pathlib import Path
        from napari_apprentice.project.flusher import Flusher
        from napari_apprentice.project.journal import Journal, Record
        opened = Journal(Path(sys.argv[1]), Flusher())
        for number in range(50):
            opened.append(Record("do", number, b"x" * 1000))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "j")], env=os.environ)
    assert done.returncode < 0
    assert [record.step for record in journal.read(tmp_path / "j").records] == list(range(50))


class Forgetful:
    """An `os` as after a failed write-back: `fsync` says it once, and from then on that all is well."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str):
        return getattr(os, name)

    def fsync(self, _descriptor: int) -> None:
        self.asked += 1
        if self.asked == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def forgetful(monkeypatch):
    disk = Forgetful()
    monkeypatch.setattr(journal, "os", disk)
    return disk


def test_a_sync_that_failed_is_never_asked_again(tmp_path, forgetful):
    slow = Flusher(interval_s=60)
    opened = written(tmp_path / "j", slow)
    slow.flush()
    assert slow.take_trouble().errno == errno.EIO
    opened.append(RECORDS[0])
    slow.flush()
    assert (slow.sync_count, slow.take_trouble(), forgetful.asked) == (0, None, 1)
    with pytest.raises(UserError, match="Input/output error"):
        opened.close()
    assert forgetful.asked == 1
    slow.close()


def test_a_sync_that_fails_when_the_journal_is_closed_is_said(tmp_path, forgetful):
    slow = Flusher(interval_s=60)
    opened = written(tmp_path / "j", slow)
    with pytest.raises(UserError, match="connect the drive again"):
        opened.close()
    assert opened.is_doubtful
    slow.close()


def test_a_journal_that_was_let_go_of_is_not_doubtful(tmp_path, forgetful):
    slow = Flusher(interval_s=60)
    opened = written(tmp_path / "j", slow)
    slow.flush()
    assert opened.is_doubtful
    opened.abandon()
    assert not opened.is_doubtful
    opened.close()
    slow.close()
