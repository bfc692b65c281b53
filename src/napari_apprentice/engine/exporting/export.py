"""A model as other programs read it: checked against what it says here before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.travel.told import told_beside, told_of
from napari_apprentice.data.weights import weights_sha256
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.exporting import files
from napari_apprentice.engine.exporting.graph import Travelling, example
from napari_apprentice.engine.exporting.package import package
from napari_apprentice.engine.tiling import halo_of, tile_of
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import ExportModelJob, ExportModelResult
from napari_apprentice.settings import SegmentSettings, Triple

_SAME = 1e-5


def run(job: ExportModelJob, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Write ``job.out``, and for single files what is told of the model beside it."""
    yield Progress(done=0, total=2, what="Writing the model")
    header, net = checkpoint.load(job.model)
    refuse(header)
    travelling = Travelling(header, net).eval()
    told = told_of(header, weights_sha256(job.model), block=block_of(header), halo=halo_of(header.net))
    out = Path(job.out)
    notes: list[str] = []
    if job.to == "bioimageio":
        content, notes = package(job, header, travelling, told)
    else:
        content = {"onnx": files.onnx, "torchscript": files.torchscript}[job.to](header, travelling, told)
        _check(job.to, content, header, travelling)
    if cancelled():
        raise Cancelled
    yield Progress(done=1, total=2, what="Writing the model")
    checkpoint.write(out, content)
    if job.to != "bioimageio":  # which has it inside
        checkpoint.write(told_beside(out), (told.text() + "\n").encode())
    yield Finished(result=ExportModelResult(job=job.id, path=str(out), notes=tuple(notes)))


def refuse(header: ModelHeader) -> None:
    """`UserError` for a model that is more than a network."""
    if header.live is not None:
        raise UserError(
            f"{header.name} proposes what Live learned, which other programs cannot compute: press Teach to put it "
            "into the network, and export that version."
        )
    if header.kind == "prompts":
        raise UserError(f"{header.name} is asked by clicks, which other programs do not send: export another model.")


def block_of(header: ModelHeader) -> Triple:
    """The tile that is usual here, as the network takes it."""
    if header.net.size is not None:
        return header.net.size
    wanted = tile_of(header.net, SegmentSettings().tile)
    z, y, x = (-(-n // m) * m for n, m in zip(wanted, header.net.multiple, strict=True))
    return z, y, x


def _check(to: str, content: bytes, header: ModelHeader, net: Travelling) -> None:
    """What was written says the same of an image of another size; ONNX is run where there is something to run it."""
    image = example(header, seed=1)
    if header.net.size is None:
        image = torch.cat([image, image.flip(-1)], dim=-1)
    with torch.inference_mode():
        expected = net(image).numpy()
    found = files.answer(to, content, image.numpy())
    if found is not None and np.abs(found - expected).max() > _SAME * max(1.0, float(np.abs(expected).max())):
        raise UserError(f"{header.name} says something else as {to} than here, and was not written: please report it.")
