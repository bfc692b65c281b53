"""Models go to other programs and come from them: what is asked for is checked here, and done by the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.representations import USUAL
from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.data.travel.offsets import whole_offsets
from napari_apprentice.data.travel.told import refuse_told_of_others
from napari_apprentice.data.weights import check_weights, weights_sha256
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Failed, Finished, WasCancelled
from napari_apprentice.jobs import ActivationName, ExportModelJob, Form, ImportModelJob, Job, NormalizeName, Result
from napari_apprentice.runners import InlineRunners, Runners
from napari_apprentice.runners.door import engine_module
from napari_apprentice.session.catalog import Catalog, ModelChoice
from napari_apprentice.settings import ClassName, Kind, Triple

SUFFIXES: dict[Form, str] = {"bioimageio": ".zip", "onnx": ".onnx", "torchscript": ".pt"}
_BY = {suffix: form for form, suffix in SUFFIXES.items()}
OWN = ".safetensors"
_MOST_NAMES = 1000
_LONGEST_CARD = 1_000_000  # bytes
_DEVELOPERS = "napari-apprentice developers"
_PAUSE_S = 0.01


@dataclass(frozen=True)
class Travelled:
    """What was written, and sentences that the user may want to read."""

    path: Path
    notes: tuple[str, ...] = ()


def export_model(
    model: str | Path,
    out: str | Path,
    to: Form | None = None,
    *,
    authors: Sequence[str] = (),
    card: str | Path | None = None,
    runners: Runners | None = None,
) -> Travelled:
    """Write a model as other programs read it.

    Parameters
    ----------
    model
        The name of a bundled model, or a model file.
    out
        The file to write: ``.zip`` (a package of bioimage.io), ``.onnx`` or ``.pt`` (TorchScript). Beside the last two
        a ``.json`` tells how to use it; one that is there and not of such an export stays, and nothing is written.
    to
        "bioimageio", "onnx" or "torchscript"; None: as the name of the file says.
    authors, card
        Who made the model, and a text in Markdown about it, for a package; None: made of what the model tells.
    runners
        Where it is done; None: in this process.

    Raises
    ------
    UserError
        For a model that no other program can use, a name that says no format, or where packages are missing.
    """
    choice = Catalog().find(str(model), None)
    job = export_job(choice, out, to, authors=authors, card=card)
    result = _done(job, runners)
    return Travelled(Path(job.out), getattr(result, "notes", ()))


def import_model(
    file: str | Path,
    out: str | Path | None = None,
    *,
    outputs: Sequence[str] = (),
    offsets: Sequence[Triple] = (),
    axes: str = "",
    normalize: NormalizeName | None = None,
    activation: ActivationName | None = None,
    diameter: float | None = None,
    trust: bool = False,
    runners: Runners | None = None,
) -> Travelled:
    """Make a model file of a package of bioimage.io (``.zip``) or an ONNX file.

    A model that was exported from here comes back as it was. One of others segments, and cannot be taught. What its
    file does not tell has to be said.

    Parameters
    ----------
    file
        The package, or the ONNX file.
    out
        The model file to write (``.safetensors``); None: beside ``file``, under its name.
    outputs
        A word for each output: foreground, boundary, background, affinities (1 within an object), apart (1 between
        objects), ignore, or the names of classes after background.
    offsets
        Of affinities, (z, y, x) for each pair.
    axes
        Of the input, such as "bcyx".
    normalize
        What becomes of intensities: "percentiles" (1 and 99.8 become 0 and 1), "mean" (mean 0, deviation 1), "0 to 1"
        (lowest and highest), "values" (as they are).
    activation
        What makes probabilities of the outputs: "sigmoid", "softmax" or "none".
    diameter
        How large objects are that it knows, in pixels.
    trust
        Run a TorchScript, which is a program, once to make ONNX of it.
    runners
        Where it is done; None: in this process.

    Raises
    ------
    UserError
        For a file that is none of these or damaged, a model that cannot be used, or where something is not said.
    """
    job = import_job(
        file,
        out,
        outputs=outputs,
        offsets=offsets,
        axes=axes,
        normalize=normalize,
        activation=activation,
        diameter=diameter,
        trusts=trust,
    )
    result = _done(job, runners)
    return Travelled(Path(job.out), (getattr(result, "words", ""),))


def import_job(
    file: str | Path, out: str | Path | None = None, id: str = "import model", **said: Any
) -> ImportModelJob:
    """The job of an import, ``said`` being fields of it; `UserError` as of `import_model`."""
    path = checked_path(file).absolute()
    target = beside(path) if out is None else checked_path(out).absolute()
    said["offsets"] = whole_offsets(said.get("offsets", ()))
    try:
        job = ImportModelJob(id=id, file=str(path), out=str(target), **said)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.") from error
    if not path.is_file():
        raise UserError(f"There is no file {path}: check the path.")
    _refuse_name(target)
    return job


def import_torch(
    module: Any,
    out: str | Path,
    network: NetSettings | None = None,
    *,
    kind: Kind = "instances",
    representation: str | None = None,
    classes: Sequence[ClassName] = (),
    logarithm: bool = False,
    outputs: Sequence[str] = (),
    offsets: Sequence[Triple] = (),
    channels: int = 1,
    dims: Literal[2, 3] = 2,
    normalize: NormalizeName | None = None,
    activation: ActivationName | None = None,
    diameter: float | None = None,
) -> Travelled:
    """Make a model file of a module of PyTorch.

    With a description of its ``network`` that it computes the same as, its weights become a model of this program,
    which segments and is taught. Without, it segments as a network made elsewhere, and cannot be taught.

    Parameters
    ----------
    module
        A ``torch.nn.Module`` that takes (B, C, Y, X) or (B, C, Z, Y, X) and gives as many pixels.
    out
        The model file to write (``.safetensors``).
    network
        What it is made of; weights are taken by name, or in their order.
    kind, representation, classes
        With ``network``: what its outputs (logits) mean, "log-distance", "affinities" or "classes".
    logarithm
        With ``network``: whether it takes intensities and their logarithms, as fresh networks do.
    outputs, offsets, normalize, activation, diameter
        Without ``network``: as of `import_model`.
    channels, dims
        Without ``network``: what it takes.

    Raises
    ------
    UserError
        Where module and description do not compute the same, or something is not said.
    """
    target = checked_path(out).absolute()
    _refuse_name(target)
    engine = engine_module("importing.module")
    if network is not None:
        says = representation or USUAL[kind]
        told = {"kind": kind, "representation": says, "classes": tuple(classes), "logarithm": logarithm}
        engine.write(target, module, network, **told)
        return Travelled(target)
    folder = TemporaryFolder()
    try:
        graph = folder.path / f"{target.stem}.onnx"
        graph.write_bytes(engine.as_onnx(module, channels, dims))
        return import_model(
            graph,
            target,
            outputs=outputs,
            offsets=offsets,
            normalize=normalize,
            activation=activation,
            diameter=diameter,
        )
    finally:
        folder.close()


def beside(path: Path) -> Path:
    """Where a model goes that nobody named: beside its file, and never over another one."""
    names = [path.stem, *(f"{path.stem}-{i}" for i in range(2, _MOST_NAMES))]
    found = (path.with_name(name + OWN) for name in names)
    return next((one for one in found if not one.exists()), path.with_suffix(OWN))


def export_job(
    choice: ModelChoice,
    out: str | Path,
    to: Form | None = None,
    *,
    authors: Sequence[str] = (),
    card: str | Path | None = None,
    id: str = "export model",
) -> ExportModelJob:
    """The job of an export; `UserError` as of `export_model`."""
    path = checked_path(out).absolute()
    form = to or _BY.get(path.suffix.lower())
    if form is None or form not in get_args(Form):
        raise UserError(f"{path.name} says no format: let it end in .zip (bioimage.io), .onnx or .pt (TorchScript).")
    if path.suffix.lower() != SUFFIXES[form]:
        raise UserError(f"{path.name} is no name for {form}: let it end in {SUFFIXES[form]}.")
    if choice.file is None:
        raise UserError("A fresh network knows nothing yet: teach it before it is exported.")
    _refuse_place(path)
    check_weights(choice.file)
    if form != "bioimageio":  # which has it inside
        refuse_told_of_others(path, weights_sha256(choice.file))
    if not authors and choice.key != str(choice.file):
        authors = (_DEVELOPERS,)
    text = "" if card is None else _text_of(Path(card))
    return ExportModelJob(id=id, model=str(choice.file), to=form, authors=tuple(authors), card=text, out=str(path))


def _refuse_name(target: Path) -> None:
    """`UserError` for what no model file of this program can be called."""
    if target.suffix != OWN:
        raise UserError(f"{target.name} is no name for a model: let it end in {OWN}.")
    _refuse_place(target)


def _refuse_place(target: Path) -> None:
    if not target.parent.is_dir():
        raise UserError(f"There is no folder {target.parent}: make it, or choose another one.")


def _text_of(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_CARD:
            raise ValueError(path)
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"The card {path} cannot be read: give a text file in UTF-8.") from error


def _done(job: Job, runners: Runners | None) -> Result:
    """Run a job and wait; `UserError` when it failed, RuntimeError with its traceback when that is a bug."""
    own = InlineRunners() if runners is None else None
    try:
        handle = (own or runners).start(job)  # type: ignore[union-attr]  # one of them is there
        while True:
            for event in handle.poll():
                if isinstance(event, Finished):
                    return event.result
                if isinstance(event, WasCancelled):
                    raise Cancelled
                if isinstance(event, Failed):
                    raise UserError(event.message) if event.user_error else RuntimeError(event.details)
            if handle.ended:
                raise RuntimeError(f"{job.id} ended without a result")
            time.sleep(_PAUSE_S)
    finally:
        if own is not None:
            own.close()
