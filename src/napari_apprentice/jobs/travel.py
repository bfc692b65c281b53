"""A model goes to other programs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, Job, Result, ResultClass

Form = Literal["bioimageio", "onnx", "torchscript"]


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
