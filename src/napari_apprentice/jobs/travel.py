"""A model goes to other programs, or comes from one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, Job, Result, ResultClass
from napari_apprentice.settings import Settings, Triple

NormalizeName = Literal["percentiles", "mean", "0 to 1", "values"]
ActivationName = Literal["none", "sigmoid", "softmax"]
Form = Literal["bioimageio", "onnx", "torchscript"]
AskedOfModel = Literal["trusts", "axes", "outputs", "offsets", "normalize", "activation"]


class ExportModelResult(Result):
    """``path`` is what was written; ``notes`` are sentences for the user."""

    type: Literal["export model"] = "export model"
    path: Annotated[str, WRITTEN]
    notes: tuple[str, ...] = ()


class ExportModelJob(Job):
    """Write a model in the format of others to ``out``; ``authors`` are named in a package."""

    verb: ClassVar[str] = "export model"
    result: ClassVar[ResultClass] = ExportModelResult

    type: Literal["export model"] = "export model"
    model: Annotated[str, READ]
    to: Form
    authors: tuple[str, ...] = ()
    card: str = ""
    out: Annotated[str, WRITTEN]


class Untold(Settings):
    """What the file of a model does not tell: ``asks`` are fields of `ImportModelJob`.

    ``axes`` is how many its input has, ``outputs`` a word for each output as far as names tell, ``span`` the lowest and
    highest value that it gives.
    """

    name: str
    asks: tuple[AskedOfModel, ...]
    axes: int = 0
    outputs: tuple[str, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)


class ImportModelResult(Result):
    """``path`` is a model file; ``is_ours``: it was exported from here, and can be taught.

    With ``untold`` nothing was written, and what is missing has to be said first.
    """

    type: Literal["import model"] = "import model"
    path: Annotated[str, WRITTEN]
    is_ours: bool = False
    words: str = ""
    untold: Untold | None = None


class ImportModelJob(Job):
    """Make a model file, ``out``, of a package of bioimage.io or an ONNX file.

    What its file does not tell is asked for: a word for each of its ``outputs`` (`data.travel.meanings`), ``offsets``
    of affinities, its ``axes`` and how it wants intensities. ``trusts``: a TorchScript, which is a program, may be run
    once to make ONNX of it. ``asks``: what is missing is the result; else it is an error.
    """

    verb: ClassVar[str] = "import model"
    result: ClassVar[ResultClass] = ImportModelResult

    type: Literal["import model"] = "import model"
    file: Annotated[str, READ]
    outputs: tuple[str, ...] = ()
    offsets: tuple[Triple, ...] = ()
    axes: str = ""
    normalize: NormalizeName | None = None
    activation: ActivationName | None = None
    diameter: float | None = None
    trusts: bool = False
    asks: bool = False
    out: Annotated[str, WRITTEN]
