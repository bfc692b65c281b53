"""A network as a dialogue asks it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.engine.network import Network, forward
from napari_apprentice.engine.prompts.dialogue import Predict
from napari_apprentice.engine.prompts.inputs import answer


def predictor(network: Network) -> Predict:
    """How likely pixels are of the object (B, SIZE, SIZE) and the IoU expected (B), from inputs (B, 6, SIZE, SIZE)."""

    def predict(inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        mask, iou = answer(torch.from_numpy(forward(network, inputs[:, :, None])))
        return mask.numpy(), iou.numpy()

    return predict
