"""Models go to other programs: what is asked for is checked here, and done by the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.data.weights import check_weights
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Failed, Finished, WasCancelled
from napari_apprentice.jobs import ExportModelJob, Form, Job, Result
from napari_apprentice.runners import InlineRunners, Runners
from napari_apprentice.session.catalog import Catalog, ModelChoice

SUFFIXES: dict[Form, str] = {"bioimageio": ".zip", "onnx": ".onnx", "torchscript": ".pt"}
_BY = {suffix: form for form, suffix in SUFFIXES.items()}
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
        a ``.json`` tells how to use it.
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
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent}: make it, or choose another one.")
    check_weights(choice.file)
    if not authors and choice.key != str(choice.file):
        authors = (_DEVELOPERS,)
    text = "" if card is None else _text_of(Path(card))
    return ExportModelJob(id=id, model=str(choice.file), to=form, authors=tuple(authors), card=text, out=str(path))


def _text_of(path: Path) -> str:
    try:
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
