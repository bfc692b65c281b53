"""*Export this model*, and models of other programs: in the background, while one works on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ExportModelResult, Form, ImportModelResult
from napari_apprentice.session.catalog import FOREIGN
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.running import Running
from napari_apprentice.session.travel import export_job, import_job


class Travel:
    """One at a time; what came of it is said."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def export(self, path: str | Path, to: Form | None = None) -> None:
        """Write the model in use as other programs read it; see `session.travel.export_model`. Raises `UserError`."""
        parts = self._parts
        if parts.queue.busy("export model"):
            raise UserError("A model is being exported: wait until that is done.")
        job = export_job(parts.models.in_use, path, to, id=parts.queue.next_id("export-model"))
        parts.queue.start(job, parts.origin(), partial(self._written, parts.models.in_use.title))

    def bring(self, file: str | Path, *, asks: bool = False, **said: Any) -> None:
        """Make a model file of a package of bioimage.io or an ONNX file, beside it, and use it. Raises `UserError`.

        What is ``said`` are fields of `ImportModelJob`. With ``asks`` a file that does not tell all ends in a result
        that names what is missing, in place of a failure.
        """
        parts = self._parts
        if parts.queue.busy("import model"):
            raise UserError("A model is being imported: wait until that is done.")
        job = import_job(file, id=parts.queue.next_id("import-model"), asks=asks, **said)
        parts.queue.start(job, parts.origin(), self._use)

    @staticmethod
    def is_foreign(file: str | Path) -> bool:
        """Whether a file has to be imported before it can be used."""
        return Path(file).suffix.lower() in FOREIGN

    def _written(self, title: str, running: Running, result: ExportModelResult) -> None:
        self._parts.signals.message.emit(" ".join([f"{title} was written to {result.path}.", *result.notes]))

    def _use(self, running: Running, result: ImportModelResult) -> None:
        if result.untold is not None:
            return
        self._parts.models.choose(result.path)
        self._parts.signals.message.emit(f"{result.words} It is kept in {result.path}.")
