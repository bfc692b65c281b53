"""How much is confirmed in the project, and how much more is needed before a new version can be judged."""

from __future__ import annotations

from functools import reduce
from operator import add

from napari_apprentice.data.labels.corrections import Corrections
from napari_apprentice.data.labels.evidence import Evidence, evidence_in
from napari_apprentice.project import overview
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.images import Images
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.models import Models
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Kind


class ConfirmedSoFar:
    """Counts an image again only when it was edited; of images that are not read it knows what the project noted."""

    def __init__(self, choices: Choices, images: Images, models: Models) -> None:
        self._choices = choices
        self._images = images
        self._models = models
        self._counted: dict[ProjectImage, tuple[int, Kind, Evidence]] = {}

    def forget(self) -> None:
        """Be as without a project."""
        self._counted.clear()

    @property
    def by_image(self) -> dict[str, Evidence]:
        """Of each image of the project by its id, but of very large ones, which are counted when they are taught."""
        project, entries = self._choices.project, self._images.entries
        is_all_read = all(entry.is_read for entry in entries)
        noted = {} if project is None or is_all_read else overview.read(project.path).confirmed
        known = {id_: one for id_, one in noted.items() if project is not None and id_ in project.record.entries}
        for entry in entries:
            if not isinstance(entry, LargeProjectImage) and (entry.is_read or self._is_counted(entry)):
                known[entry.id] = self.count(entry)
        return known

    @property
    def words(self) -> str:
        """One sentence on what there is and what is missing; "" while nothing is confirmed."""
        if any(isinstance(entry, LargeProjectImage) and entry.voxels_taught for entry in self._images.entries):
            return "In very large images what is confirmed is counted when you press Teach."
        found = reduce(add, self.by_image.values(), Evidence())
        return found.words(self._choices.kind, is_fresh=self._models.in_use.is_fresh)

    def count(self, entry: ProjectImage) -> Evidence:
        """What there is in one image; it is known from then on, also when it is let go of."""
        if not self._is_counted(entry):
            corrections = Corrections(entry.labels, entry.confirmed)
            kind = self._choices.kind
            found = evidence_in(entry.id, corrections, kind) if entry.voxels_taught else Evidence()
            self._counted[entry] = (entry.edits, kind, found)
        return self._counted[entry][2]

    def _is_counted(self, entry: ProjectImage) -> bool:
        counted = self._counted.get(entry)
        return counted is not None and counted[:2] == (entry.edits, self._choices.kind)
