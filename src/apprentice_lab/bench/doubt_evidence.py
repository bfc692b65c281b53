"""Proposals with everything that may speak against their objects, from the engine itself."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.bench.doubt_images import LookedAt, looked_at
from apprentice_lab.bench.model_maps import ModelTasks
from apprentice_lab.sets import Picture
from napari_apprentice.data.geometry.basins import basins
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.scores import overlap
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.doubting import Told, doubts_of, told_of
from napari_apprentice.engine.predict import wait_for
from napari_apprentice.engine.task import predict_frame
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DeviceName

Labels = NDArray[np.uint32]
_FIRMLY = 0.2  # above the probability from which a voxel is foreground


class Looking:
    """A model that looks at one image after the other, as *Segment* does."""

    def __init__(self, model: str, device: DeviceName, *, flips: bool) -> None:
        self._tasks = ModelTasks(model, device)
        self._flips = flips

    def at(self, picture: Picture) -> LookedAt:
        """The first frame of an image; `UserError` for one that the model does not fit."""
        volume, truth = picture.read()
        labels, told, doubts, seconds = self._proposed(volume)
        evidence = told.evidence()
        measures = {
            "size": -evidence.size,
            "unusual size": evidence.unusual,
            "probability": evidence.unsure,
            "shrinks": 1 - _mean((told.probability >= told.settings.foreground + _FIRMLY), told.labels, evidence.ids),
            "distance": evidence.mismatch,
            "saddle beside": evidence.joint,
            "saddle inside": _pieces(told, evidence.ids),
            "all (*Next*)": evidence.doubt,
        }
        if self._flips:
            measures["mirrored"] = self._disagreement(volume, labels)
        there = np.unique(labels[labels > 0])
        measures = {name: _of_all(values, evidence.ids, there) for name, values in measures.items()}
        return looked_at(picture.name, truth[0], labels, measures, doubts, volume.spacing, seconds)

    def _proposed(self, volume: Volume) -> tuple[Labels, Told, Doubts, dict[str, float]]:
        task = self._tasks.open(volume)
        header, began = task.network.header, time.perf_counter()
        prediction = wait_for(predict_frame(task, 0))
        predicted = time.perf_counter()
        labels = labels_of(prediction, header, volume.spacing)
        decoded = time.perf_counter()
        doubts = doubts_of(prediction, labels, header)
        seconds = {
            "predict": predicted - began,
            "decode": decoded - predicted,
            "doubt": time.perf_counter() - decoded,
        }
        told = told_of(prediction, labels, header)
        if told is None:
            raise UserError("Classes are no objects.")
        return labels, told, doubts, seconds

    def _disagreement(self, volume: Volume, labels: Labels) -> NDArray[np.float64]:
        """1 - the best IoU of each object with those of the mirrored image."""
        mirrored = replace(volume, pixels=np.ascontiguousarray(volume.pixels[..., ::-1]), source=None)
        other = self._proposed(mirrored)[0][..., ::-1]
        table = overlap(np.ascontiguousarray(other), labels)
        best = np.zeros(len(table.predicted_size))
        np.maximum.at(best, table.predicted, table.iou)
        return 1 - best


def _mean(values: NDArray[np.bool_], labels: Labels, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    size = np.bincount(labels.ravel())[ids]
    found: NDArray[np.float64] = np.bincount(labels.ravel(), values.ravel())[ids] / size
    return found


def _pieces(told: Told, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """The largest prominence, of four below that of the model, at which an object would be more than one."""
    found = np.zeros(len(ids))
    if told.distance is None:
        return found
    for share in (0.2, 0.4, 0.6, 0.8):
        parts = basins(told.distance, told.labels > 0, share * told.settings.prominence)
        pairs = np.unique(np.stack([told.labels[parts > 0], parts[parts > 0]]), axis=1)
        count = np.bincount(pairs[0].astype(np.int64), minlength=int(told.labels.max(initial=0)) + 1)[ids]
        found[count > 1] = share
    return found


def _of_all(values: NDArray[np.float64], ids: NDArray[np.int64], there: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Values of all objects that are there: those that the network's grid does not show are the least doubtful."""
    if len(values) == len(there):
        return values
    found = np.full(len(there), values.min(initial=0.0))
    found[np.searchsorted(there, ids)] = values
    return found
