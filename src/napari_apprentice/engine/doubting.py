"""From a prediction and the labels that came of it to the places that deserve a look, at the image's resolution.

What is looked at is the network's grid, which is often coarser than the image: there it costs little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.labels.doubting import Evidence, doubts_in, evidence_of
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.instances import smooth_distance
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.data.models import ModelHeader, representation_of
from napari_apprentice.data.representations.instances import InstanceRepresentation
from napari_apprentice.engine.predict import Prediction
from napari_apprentice.settings import DecodeSettings


@dataclass(frozen=True, eq=False)
class Told:
    """What a network said, and what came of it, on its own grid (Z, Y, X).

    ``distance`` is as it was decoded, None where the network gives none; ``picks`` are the voxels of the image, along
    each axis, in which the middle of each voxel of the grid lies.
    """

    probability: np.ndarray
    distance: np.ndarray | None
    labels: np.ndarray
    picks: tuple[np.ndarray, ...]
    settings: DecodeSettings

    def evidence(self) -> Evidence:
        """What speaks against each object."""
        return evidence_of(self.probability, self.distance, self.labels, self.settings)


def told_of(prediction: Prediction, labels: np.ndarray, header: ModelHeader) -> Told | None:
    """A prediction beside its labels (Z, Y, X) at the image's resolution; None of classes."""
    representation = representation_of(header)
    if not isinstance(representation, InstanceRepresentation):
        return None
    values, channel = prediction.values, representation.distance
    picks = tuple(
        np.minimum(((np.arange(m) + 0.5) * n / m).astype(np.int64), n - 1)
        for n, m in zip(labels.shape, values.shape[1:], strict=True)
    )
    distance = None if channel is None else smooth_distance(values[channel])
    return Told(values[0], distance, labels[np.ix_(*picks)], picks, header.decode)


def sureness(prediction: Prediction, doubts: Doubts, header: ModelHeader) -> float:
    """What a network itself expects of the masks made of a prediction, from 0 to 1, 1 where all is right.

    Of objects it is the AP that its ``doubts`` come to: those expected to be right, of all that are there or were
    nearly. Of classes it is how far, in the mean over voxels, the most probable class is from the next.
    """
    if representation_of(header).kind == "instances":
        objects, places = doubts.values[~doubts.missed], doubts.values[doubts.missed]
        expected = len(objects) + float(places.sum())
        return float((1 - objects).sum()) / expected if expected else 0.0
    values = np.asarray(prediction.values, np.float32)
    if len(values) == 1:
        return float(np.abs(2 * values - 1).mean())
    last, first = np.partition(values, -2, axis=0)[-2:]
    return float((first - last).mean())


def doubts_of(prediction: Prediction, labels: np.ndarray, header: ModelHeader) -> Doubts:
    """Doubtful places of ``labels`` (Z, Y, X) decoded from a prediction, as of frame 0; of classes there are none."""
    told = told_of(prediction, labels, header)
    if told is None:
        return Doubts.none()
    found = doubts_in(told.probability, told.distance, told.labels, told.settings)
    points, boxes, mends = _at_image(found.points, told), found.boxes.copy(), found.mends
    mends = Mends(_at_image(mends.joins, told), _at_image(mends.cuts, told), mends.chances)
    for axis, pick in enumerate(told.picks, start=1):
        ratio = labels.shape[axis - 1] / len(pick)
        boxes[:, axis, 0] = np.minimum(np.floor(found.boxes[:, axis, 0] * ratio), points[:, axis])
        boxes[:, axis, 1] = np.maximum(np.ceil(found.boxes[:, axis, 1] * ratio), points[:, axis] + 1)
        boxes[:, axis, 1] = np.minimum(boxes[:, axis, 1], labels.shape[axis - 1])
    return Doubts(points, boxes, found.values, found.missed, mends)


def _at_image(voxels: np.ndarray, told: Told) -> np.ndarray:
    """Voxels (..., 4) as (t, z, y, x) of the network's grid in the image; those that there are none of stay so."""
    found = voxels.copy()
    there = (voxels >= 0).all(axis=-1)
    for axis, pick in enumerate(told.picks, start=1):
        found[there, axis] = pick[voxels[there, axis]]
    return found
