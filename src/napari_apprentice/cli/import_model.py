"""``apprentice import``: a model of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_apprentice.cli.progress import say, warn
from napari_apprentice.data.travel.offsets import offsets_from
from napari_apprentice.jobs import ActivationName, NormalizeName
from napari_apprentice.session.travel import import_model


def import_(
    file: Path,
    /,
    *,
    out: Path | None = None,
    outputs: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    offsets: Annotated[tuple[int, ...], Parameter(consume_multiple=True, allow_leading_hyphen=True)] = (),
    axes: str = "",
    normalize: NormalizeName | None = None,
    activation: ActivationName | None = None,
    diameter: float | None = None,
    trust: bool = False,
) -> None:
    """Make a model file of a U-Net of bioimage.io (a package, .zip) or of an ONNX file, to segment with.

    A model exported from here comes back as it was; others segment, and cannot be taught.

    Parameters
    ----------
    file
        The package or the ONNX file.
    out
        The model file to write (.safetensors); empty: beside it, under its name.
    outputs
        What its outputs are, where the file does not tell, a word for each: foreground, boundary, background,
        affinities (1 within an object), apart (1 between objects), ignore, or names of classes after background.
    offsets
        Of affinities, z y x for each pair, one after the other.
    axes
        Of its input, such as bcyx or bczyx.
    normalize
        What becomes of intensities, where the file does not tell: percentiles (1 and 99.8 become 0 and 1), mean (mean
        0, deviation 1), "0 to 1" (lowest and highest) or values (as they are).
    activation
        What makes probabilities of the outputs: sigmoid, softmax or none.
    diameter
        How large objects are that it knows, in pixels.
    trust
        Run a TorchScript, which is a program and could do anything, once to make ONNX of it.
    """
    done = import_model(
        file,
        out,
        outputs=outputs,
        offsets=offsets_from(offsets),
        axes=axes,
        normalize=normalize,
        activation=activation,
        diameter=diameter,
        trust=trust,
    )
    for note in done.notes:
        warn(note)
    say(str(done.path))
