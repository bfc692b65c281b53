"""``apprentice export``: a model as other programs read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_apprentice.cli.progress import say, warn
from napari_apprentice.jobs import Form
from napari_apprentice.session.travel import SUFFIXES, export_model


def export(
    model: str,
    /,
    *,
    to: Form,
    out: Path | None = None,
    author: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    card: Path | None = None,
) -> None:
    """Write a model for other programs: bioimage.io, ONNX or TorchScript.

    Parameters
    ----------
    model
        The name of a bundled model, or a model file.
    to
        bioimageio (a package: weights, card, test image), onnx (for onnxruntime, OpenVINO, Fiji, QuPath) or
        torchscript (for PyTorch without this program). A file NAME.json beside the last two tells how to use it.
    out
        The file to write: .zip, .onnx or .pt; empty: the name of the model, here.
    author
        Who made the model, for bioimage.io; given again for each.
    card
        A text in Markdown about the model, for bioimage.io; empty: made of what the model tells of itself.
    """
    path = out or Path(Path(model).stem + SUFFIXES[to])
    done = export_model(model, path, to, authors=author, card=card)
    for note in done.notes:
        warn(note)
    say(str(done.path))
