"""A training that begins with what another one learned."""

from __future__ import annotations

from pathlib import Path

import torch

from apprentice_lab.training.pretrain import average_of
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.train import Course, Learner


def begin_with(first: Path, settings: NetSettings, checkpoint: Path) -> None:
    """Write a checkpoint at step 0 whose network is the running average of the checkpoint `first`.

    `pretrain` goes on from it with its own plan: the optimiser remembers nothing.
    """
    net = build(settings)
    net.load_state_dict(average_of(first, settings)[1].state_dict())
    with atomic_write(checkpoint) as part:
        torch.save(Learner(net, pick("cpu"), Course(Objective(("probability",)))).state(), part)
