"""Classes as one channel of class values; 0 is none of the classes."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN


def encode(labels: np.ndarray, confirmed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (Z, Y, X) and what is confirmed (0, 1, 2) to target and weight, (1, Z, Y, X) float32."""
    target = np.where(confirmed == AS_LABELLED, labels, 0).astype(np.float32)[None]
    weight = (confirmed != UNKNOWN).astype(np.float32)[None]
    return target, weight


def decode(prediction: np.ndarray) -> np.ndarray:
    """Probabilities (K + 1, Z, Y, X), or (1, Z, Y, X) of the only class, to class values (Z, Y, X) uint32."""
    if len(prediction) == 1:
        return np.asarray(prediction[0] > 0.5, np.uint32)
    return np.asarray(np.argmax(prediction, axis=0), np.uint32)
