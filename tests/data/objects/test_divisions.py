from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

import napari_apprentice as na
from napari_apprentice.data.objects.divisions import parents_of, split_paths
from napari_apprentice.data.objects.paths import paths_of


def _films() -> np.ndarray:
    """Object 5 divides in frame 2 into itself and 8, and in frame 4 again into itself and 9; 3 becomes 6 and 7."""
    labels = np.zeros((6, 1, 8, 20), np.uint32)
    labels[:2, 0, 0:4, 0:8] = 5
    labels[2:4, 0, 0:4, 0:4] = 5
    labels[2:, 0, 0:4, 5:8] = 8
    labels[4:, 0, 0:2, 0:4], labels[4:, 0, 2:4, 0:4] = 5, 9
    labels[:3, 0, 5:8, 0:6] = 3
    labels[3:, 0, 5:8, 0:3], labels[3:, 0, 5:8, 3:6] = 6, 7
    labels[:3, 0, 0:3, 12:15], labels[3:, 0, 0:3, 12:15] = 1, 2  # loses its id
    labels[3:, 0, 5:8, 15:18] = 4  # comes from nowhere
    return labels


def test_a_new_object_where_one_was_that_goes_on_or_has_two_is_its_daughter() -> None:
    assert parents_of(_films()) == {8: (2, 5), 9: (4, 5), 6: (3, 3), 7: (3, 3)}
    assert parents_of(_films()[:1]) == {}


def test_tracks_end_where_an_object_divides_and_are_joined_to_what_it_becomes() -> None:
    labels = _films()
    rows, graph = split_paths(paths_of(labels), parents_of(labels))
    assert graph == {8: [5], 10: [5], 9: [10], 11: [10], 6: [3], 7: [3]}
    frames = {int(one): rows[rows[:, 0] == one, 1].astype(int).tolist() for one in np.unique(rows[:, 0])}
    assert (frames[5], frames[10], frames[11]) == ([0, 1], [2, 3], [4, 5])
    rows, graph = split_paths(paths_of(labels), {})
    np.testing.assert_array_equal(rows, paths_of(labels))
    assert graph == {}


def test_a_table_names_the_parent(tmp_path: Path) -> None:
    na.write_labels(tmp_path / "a.csv", _films())
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        found = {(int(row["label"]), int(row["parent"])) for row in csv.DictReader(file)}
    assert found == {(5, 0), (8, 5), (9, 5), (3, 0), (6, 3), (7, 3), (1, 0), (2, 0), (4, 0)}
