from __future__ import annotations

import os
from pathlib import Path

import pytest

from apprentice_lab.trust import damage
from apprentice_lab.trust.damages import Damage, damages
from apprentice_lab.trust.trial import Extent, Outcome


def outcome(run) -> Outcome:
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value


def test_damaged_projects_open_or_say_why(tmp_path: Path) -> None:
    found = outcome(damage.run(tmp_path, Extent(0.006, seed=1)))
    assert found.failures == ()
    assert found.tried >= 3
    assert {"files of the small project", "files of the large project"} == set(found.numbers)


@pytest.mark.parametrize(
    ("how", "at", "content"),
    [("flip", 9, b"ab"), ("cut", 1, b"a"), ("zeros", 1, b"a\0"), ("longer", 0, b"a`" + bytes(100)), ("older", 0, b"o")],
)
def test_a_damage_is_what_it_says(tmp_path: Path, how: str, at: int, content: bytes) -> None:
    (tmp_path / "file").write_bytes(b"a`")
    (tmp_path / "older").write_bytes(b"o")
    expected = bytes([ord("a"), ord("`") ^ 2]) if how == "flip" else content
    Damage(how, at).do(tmp_path / "file", tmp_path / "older", tmp_path / "newer")
    assert (tmp_path / "file").read_bytes() == expected


def test_every_way_to_damage_can_be_done(tmp_path: Path) -> None:
    for name in ("file", "older", "newer"):
        (tmp_path / name).write_bytes(name.encode())
    ways = list(damages(tmp_path / "file", tmp_path / "older", tmp_path / "newer", 0))
    assert {"flip", "cut", "garbage", "deleted", "folder", "link to a device", "older", "newer"} <= {
        w.how for w in ways
    }
    for number, way in enumerate(ways):
        file = tmp_path / str(number) / "file"
        file.parent.mkdir()
        file.write_bytes(b"file")
        way.do(file, tmp_path / "older", tmp_path / "newer")
        assert way.how == "deleted" or os.path.lexists(file)
        assert file.is_file() is (way.how not in ("deleted", "folder", "full folder", "pipe")) or file.is_symlink()
