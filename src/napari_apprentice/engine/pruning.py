"""A U-Net++ cut to fewer levels: smaller and faster, and it needs no further training (Zhou et al., DLMIA 2018)."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import NestedNet
from napari_apprentice.errors import UserError


def prune(model: Path, levels: int, out: Path) -> ModelHeader:
    """Write `model` cut to `levels` levels above its bottleneck to `out`; `UserError` when it cannot be cut so."""
    header, net = checkpoint.load(model)
    if header.live is not None:
        raise UserError(f"{model.name} holds what Live learned from all levels of its network: cut the model before.")
    if not isinstance(net, NestedNet):
        raise UserError(f"{model.name} is a {header.net.preset}, which has one way through: only unet++ can be cut.")
    cut = net.prune(levels)
    changed = {
        "id": out.stem,
        "name": out.stem,
        "net": cut.settings,
        "parent": header.id,
        "scores": {},  # those were of the whole net
        "notes": f"{header.name} cut to {levels} levels",
    }
    smaller = header.model_copy(update=changed)
    checkpoint.save(out, smaller, cut)
    return smaller
