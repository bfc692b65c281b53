"""Objects, each by itself, as corrected ones are: foreground and log-distance to the outline from the same features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.image.zoom import median_diameter
from napari_apprentice.data.labels.corrections import UNKNOWN, Confirmed, Labels, merge_proposal, rim, teaching_part
from napari_apprentice.data.representations.log_distance import LogDistance, rescale_distance
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.features.maps import Features
from napari_apprentice.engine.learned import decode_for, foreground_and_distance
from napari_apprentice.engine.live.head import Head, ridge
from napari_apprentice.engine.live.sight import Sight
from napari_apprentice.jobs import LearningJob
from napari_apprentice.settings import DecodeSettings

_MOST = 2400  # samples for each of both
_RIM = 0.5  # what a voxel just outside an approved object counts as background

Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class ObjectHead:
    """A head of foreground and log-distance, and how objects are decoded."""

    head: Head
    settings: DecodeSettings

    def values(self, features: Features) -> NDArray[np.float32]:
        """Foreground and log-distance (2, y, x)."""
        return np.asarray(foreground_and_distance(features.scores(self.head.weights, self.head.bias)).numpy())


def corrected_in(job: LearningJob) -> tuple[Labels, Confirmed, float | None]:
    """Labels and what is confirmed of them in a job of objects, and `usual_diameter` of these."""
    if job.corrections is None:
        raise ValueError("objects are learned from corrections")
    labels, confirmed = scratch.read(job.corrections.labels), scratch.read(job.corrections.confirmed)
    return labels, confirmed, usual_diameter(labels, confirmed)


def usual_diameter(labels: Labels, confirmed: Confirmed) -> float | None:
    """How wide the objects are of which a whole section is confirmed, (T, Z, Y, X); None where there is none."""
    return median_diameter(labels, teaching_part(confirmed))


def fit_objects(
    sight: Sight, labels: Labels, confirmed: Confirmed, corner: NDArray[np.int64], diameter: float
) -> tuple[ObjectHead | None, int]:
    """A head fitted to corrections (T, Z, Y, X) that begin at ``corner``, and how many voxels it was fitted to.

    None where nothing but objects is known: no background, and no rim of a whole object.
    """
    places, targets, weights = _taught(labels, teaching_part(confirmed), sight.zoom)
    rows, which = sight.rows(places + corner)
    targets, weights = targets[which], weights[which]
    found = []
    for channel in (0, 1):
        target, weight = targets[:, channel], weights[:, channel].copy()
        if channel == 0:
            is_object = target > 0.5
            for part in (is_object, ~is_object):
                weight[part] /= max(float(weight[part].sum()), 1e-9)
            if not (is_object.any() and (weight[~is_object] > 0).any()):
                return None, len(which)
        used = np.flatnonzero(weight > 0)
        shares = torch.from_numpy((weight[used] / weight[used].sum()).astype(np.float32))
        found.append(ridge(rows[used], torch.from_numpy(target[used, None]), shares))
    weights_of, bias = (torch.cat([one[i] for one in found], dim=-1) for i in (0, 1))
    return ObjectHead(Head((0, 1), weights_of, bias), decode_for(diameter)), len(which)


def decode_objects(values: NDArray[np.floating], head: ObjectHead, spacing: Spacing) -> Labels:
    """Objects (Z, Y, X), numbered from 1, of foreground and log-distance (2, Z, Y, X)."""
    return LogDistance().decode(values, head.settings, spacing)


def beside_confirmed(found: Labels, labels: Labels, confirmed: Confirmed) -> Labels:
    """What is proposed (T, Z, Y, X) where nothing is confirmed, without what mostly lies on what is."""
    merged = merge_proposal(labels, confirmed, found, "instances")
    return np.where(confirmed == UNKNOWN, merged, 0).astype(np.uint32)


def _taught(
    labels: Labels, confirmed: Confirmed, zoom: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Places (n, 4) of some voxels, targets and weights (n, 2) of both channels; distances in network pixels."""
    places: list[NDArray[np.int64]] = []
    targets: list[NDArray[np.float32]] = []
    weights: list[NDArray[np.float32]] = []
    for t in np.flatnonzero(confirmed.any(axis=(1, 2, 3))):
        target, weight = LogDistance().encode(labels[t], confirmed[t])
        target[1] = rescale_distance(target[1], zoom)
        weight[0][rim(labels[t], confirmed[t])] = _RIM
        at = np.argwhere(weight.any(axis=0))
        places.append(np.concatenate([np.full((len(at), 1), t), at], axis=1))
        for values, one in ((targets, target), (weights, weight)):
            values.append(one[:, *at.T].T)
    if not places:
        return np.zeros((0, 4), np.int64), np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    target_of, weight_of = np.concatenate(targets), np.concatenate(weights)
    kept = _evenly(target_of[:, 0] > 0)
    return np.concatenate(places)[kept], target_of[kept], weight_of[kept]


def _evenly(is_object: NDArray[np.bool_]) -> NDArray[np.int64]:
    """As many voxels of objects as beside them, as far as there are, evenly spaced."""
    found = []
    for where in (np.flatnonzero(is_object), np.flatnonzero(~is_object)):
        count = min(len(where), _MOST // 2)
        if count:
            found.append(where[np.linspace(0, len(where) - 1, count).astype(np.int64)])
    return np.sort(np.concatenate(found))
