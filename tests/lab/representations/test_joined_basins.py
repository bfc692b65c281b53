"""Basins are joined where affinities say so: a bent cell stays one, neighbours stay two."""

from __future__ import annotations

import numpy as np

from apprentice_lab.representations import representation
from apprentice_lab.representations.joined_basins import JoinedBasins, linked
from napari_apprentice.settings import DecodeSettings

KIND = representation("joined-basins")
KNOWN = DecodeSettings(prominence=0.05, min_size=1)


def _dumbbell() -> np.ndarray:
    """One object of two thick ends with a thin waist, and a pair of squares that touch."""
    labels = np.zeros((1, 40, 60), np.uint32)
    labels[0, 4:16, 4:16] = labels[0, 9:11, 16:22] = labels[0, 4:16, 22:34] = 1
    labels[0, 24:36, 4:16], labels[0, 24:36, 16:28] = 2, 3
    return labels


def _confirmed(labels: np.ndarray) -> np.ndarray:
    return np.where(labels > 0, 2, 1).astype(np.uint8)


def test_what_is_encoded_is_decoded_where_log_distance_cuts_at_the_waist() -> None:
    labels = _dumbbell()
    target, _ = KIND.encode(labels, _confirmed(labels))
    found = KIND.decode(target, KNOWN)
    pairs = {(int(a), int(b)) for a, b in zip(labels[labels > 0], found[labels > 0], strict=True)}
    assert len(pairs) == len({b for _, b in pairs}) == 3
    alone = representation("log-distance").decode(target[[0, -1]], KNOWN)
    assert len(np.unique(alone[labels == 1])) > 1


def test_affinities_are_known_where_both_ends_are_and_half_as_much_at_a_rim() -> None:
    labels = np.zeros((1, 24, 24), np.uint32)
    labels[0, 8:16, 8:16] = 1
    confirmed = np.where(labels > 0, 2, 0).astype(np.uint8)  # nothing is known around it
    target, weight = KIND.encode(labels, confirmed)
    down = 1  # the channel of 4 pixels along y
    assert (target[down, 0, 8, 10], weight[down, 0, 8, 10]) == (1, 1)
    assert (target[down, 0, 13, 10], weight[down, 0, 13, 10]) == (0, 0.5)  # ends in the rim
    assert weight[down, 0, 15, 10] == 0  # and beyond it
    assert weight[down, 0, 0, 0] == 0


def test_clusters_are_linked_by_the_mean_over_all_pairs_between_them() -> None:
    pairs = np.array([[1, 2], [2, 3], [1, 3]])
    total, many = np.array([0.9, 0.8 * 2, 0.0]), np.array([1, 2, 8])
    # 1 and 2 join; what is said of 3 is then 1.6 of 10 pairs
    assert linked(4, pairs, total, many, 0.5).tolist() == [0, 1, 1, 2]
    assert linked(4, pairs, total, many, 0.1).tolist() == [0, 1, 1, 1]
    assert linked(4, pairs, total, many, 0.95).tolist() == [0, 1, 2, 3]


def test_a_volume_is_joined_through_its_slices_and_nothing_is_found_in_nothing() -> None:
    labels = np.repeat(_dumbbell(), 2, axis=0)
    target, _ = KIND.encode(labels, _confirmed(labels))
    assert len(np.unique(KIND.decode(target, KNOWN))) == 4
    empty = np.zeros((len(JoinedBasins().channels), 1, 8, 8), np.float32)
    assert not KIND.decode(empty, KNOWN).any()
