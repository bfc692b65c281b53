"""What is done is known piece by piece, also by whoever comes next."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data.geometry.lattice import Lattice
from napari_apprentice.engine.large.marks import Marks


def test_runs_are_what_is_not_done_yet(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "tiles.done", 10)
    assert list(marks.runs(4)) == [(0, 4), (4, 8), (8, 10)]
    marks.mark(2, 5)
    marks.mark(9, 10)
    again = Marks(tmp_path / "tiles.done", 10)
    assert again.done == 4
    assert list(again.runs(4)) == [(0, 2), (5, 9)]
    assert list(again.runs(1)) == [(0, 1), (1, 2), (5, 6), (6, 7), (7, 8), (8, 9)]


def test_runs_may_change_while_they_are_asked_for(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "tiles.done", 100_000)  # more than are looked at at a time
    done = 0
    for first, stop in marks.runs(7):
        marks.mark(first, stop)
        done += stop - first
    assert done == 100_000 == marks.done


def test_a_hundred_terabytes_have_tiles_that_nobody_lists() -> None:
    tiles = Lattice((24_000, 48_000, 48_000), 1, 1, (24, 160, 160), (4, 16, 16)).tiles()
    assert len(tiles) == 90_000_000
    assert tiles[-1].put == (slice(23_976, 24_000), slice(47_840, 48_000), slice(47_840, 48_000))
    assert tiles[300].put == (slice(0, 24), slice(160, 320), slice(0, 160))
