"""Notes which models proposed the masks of images: what an exported file, and a paper, say of them."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data.provenance import MaskSource, ModelNote
from napari_apprentice.data.weights import weights_sha256
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.models import Models
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Settings


class MaskSources:
    """A model is noted once for each command and its settings, however often it is used."""

    def __init__(self, choices: Choices, models: Models) -> None:
        self._choices = choices
        self._models = models
        self._weights: dict[tuple[Path, int, int], str] = {}

    def note(self, entry: ProjectImage, by: str, model: str | ModelChoice, settings: Settings | None = None) -> None:
        """``model`` proposed masks that ``entry`` has now, with ``settings``; what the disk refuses is said."""
        try:
            choice = self._models.find(model) if isinstance(model, str) else model
            note = self.note_of(choice)
        except UserError:  # its file went away meanwhile
            note = ModelNote(name=str(model))
        if note is None:
            return
        source = MaskSource.of(by, note, settings)
        if source in entry.mask_sources:
            return
        with self._choices.telling_trouble():
            entry.keep_mask_sources((*entry.mask_sources, source))

    def note_of(self, choice: ModelChoice) -> ModelNote | None:
        """What is written down of a model; None for a network that knows nothing. `UserError` without its file."""
        if choice.header is None or choice.file is None:
            return None
        state = choice.file.stat() if choice.file.is_file() else None
        key = (choice.file, 0, 0) if state is None else (choice.file, state.st_mtime_ns, state.st_size)
        if key not in self._weights:
            self._weights[key] = weights_sha256(choice.file)
        return ModelNote.of(choice.header, self._weights[key])
