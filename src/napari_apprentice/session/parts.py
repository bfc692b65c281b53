"""What a verb works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.clickers import Clickers
from napari_apprentice.session.compute import Compute
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.evidence import ConfirmedSoFar
from napari_apprentice.session.images import Images
from napari_apprentice.session.mask_sources import MaskSources
from napari_apprentice.session.models import NO_IMAGE, Models
from napari_apprentice.session.object_classes import ClassesOfObjects
from napari_apprentice.session.objects import ObjectsOfImage
from napari_apprentice.session.pages import Pages
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.queue import Queue
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.review import Review
from napari_apprentice.session.running import Origin
from napari_apprentice.session.saving import Saving
from napari_apprentice.session.signals import Signals


@dataclass(frozen=True)
class SessionParts:
    """The parts of a session."""

    signals: Signals
    choices: Choices
    compute: Compute
    queue: Queue
    images: Images
    regions: Regions
    models: Models
    clickers: Clickers
    saving: Saving
    edits: Edits
    review: Review
    pages: Pages
    mask_sources: MaskSources
    confirmed: ConfirmedSoFar
    object_classes: ClassesOfObjects
    objects: ObjectsOfImage

    def subject(self) -> tuple[Project, ProjectImage, Path | None]:
        """The project, the current image and the file of the model in use; `UserError` without an image."""
        if self.choices.project is None or self.images.current is None:
            raise UserError(NO_IMAGE)
        return self.choices.project, self.images.current, self.models.in_use.file

    def origin(self) -> Origin:
        """The current image and the model in use, as they are now."""
        return Origin.of(self.images.open_entry, self.models.in_use.key)
