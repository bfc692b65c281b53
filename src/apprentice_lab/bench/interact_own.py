"""What is wrong in a network's own proposal, as mistakes that a user may mend; arrays are (Y, X)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from apprentice_lab.bench.interact_mistakes import CUT, FALSE, FUSED, LEAST, MISSED, OUTLINE, Labels, Mistake, Spoiled
from napari_apprentice.data.labels.scores import Overlap, overlap

_RIGHT = 0.5  # IoU from which a proposed object is right as it is
_BELONGS = 0.1  # of the smaller of two objects: so much shared ground makes them one mistake


def mistakes_of(truth: Labels, proposal: Labels) -> Spoiled:
    """A proposal as it is, and its mistakes; both are numbered anew.

    What is proposed with an IoU of .50 is right, and its mask becomes the truth there, for nobody asks for more. What
    is wrong, or missed, is mended when it is as right as that. Specks are no mistakes.
    """
    table = overlap(truth, proposal)
    truth, proposal = _numbered(truth), _numbered(proposal)
    is_right = table.iou >= _RIGHT
    good = dict(zip(table.predicted[is_right].tolist(), table.truth[is_right].tolist(), strict=True))
    wanted = np.where(np.isin(truth, [i + 1 for i in good.values()]), 0, truth).astype(np.uint32)
    for mine, its in good.items():
        wanted[proposal == mine + 1] = its + 1
    wrong_truth = np.setdiff1d(np.arange(len(table.truth_size)), list(good.values()))
    wrong_mine = np.setdiff1d(np.arange(len(table.predicted_size)), list(good))
    wrong_truth = wrong_truth[np.isin(wrong_truth + 1, wanted)]  # what lies under one that is right is left out
    mistakes = []
    for numbers, masks in _clusters(table, wrong_truth, wrong_mine):
        if max([*table.truth_size[numbers], *table.predicted_size[masks]]) < LEAST:
            continue
        site = np.isin(wanted, [i + 1 for i in numbers]) | np.isin(proposal, [i + 1 for i in masks])
        mistakes.append(Mistake(_kind(len(numbers), len(masks)), tuple(i + 1 for i in numbers), site))
    known = [mine + 1 for mine in good.values()] + [number for one in mistakes for number in one.numbers]
    wanted[~np.isin(wanted, known)] = 0
    return Spoiled(wanted, proposal, tuple(mistakes), enough=_RIGHT)


def _clusters(table: Overlap, truths: np.ndarray, mine: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Wrong objects of the truth, and of the proposal, that share ground."""
    shared = table.shared
    least = _BELONGS * np.minimum(table.truth_size[table.truth], table.predicted_size[table.predicted])
    kept = np.isin(table.truth, truths) & np.isin(table.predicted, mine) & (shared >= least)
    count = len(table.truth_size)
    pairs = (np.ones(int(kept.sum())), (table.truth[kept], count + table.predicted[kept]))
    size = count + len(table.predicted_size)
    names = connected_components(coo_array(pairs, shape=(size, size)), directed=False)[1]
    found = []
    for name in np.unique(np.concatenate([names[truths], names[count + mine]])):
        found.append((truths[names[truths] == name].tolist(), mine[names[count + mine] == name].tolist()))
    return found


def _kind(truths: int, masks: int) -> str:
    if not masks:
        return MISSED
    if not truths:
        return FALSE
    if truths == masks:
        return OUTLINE
    return FUSED if truths > masks else CUT


def _numbered(labels: Labels) -> Labels:
    """Objects from 1, in ascending order of their ids."""
    names, numbers = np.unique(labels, return_inverse=True)
    return np.asarray(numbers.reshape(labels.shape) + int(names[0] != 0), np.uint32)
