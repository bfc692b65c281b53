"""Masks made elsewhere come in: onto the image that is open, and with images that are annotated to teach from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_apprentice.data.image.axes import check_pixels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.edits import annotate
from napari_apprentice.data.masks import Masks, read_masks
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.session.annotated import Annotated, Pairing, annotated_in
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.evidence import ConfirmedSoFar
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import MaskSettings


@dataclass(frozen=True)
class Added:
    """What became of an image and its masks: ``entry`` is None, and ``problem`` says why, where they did not come in.

    ``objects`` counts objects, or classes; ``notes`` say what of the masks is not as it was in their file.
    """

    pair: Annotated
    entry: ProjectImage | None = None
    objects: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""


class Annotations:
    """Reads masks that others made, and makes labels of them; each image is one undo step."""

    def __init__(self, choices: Choices, images: Images, edits: Edits, confirmed: ConfirmedSoFar) -> None:
        self._choices = choices
        self._images = images
        self._edits = edits
        self._confirmed = confirmed

    def open_masks(self, path: str | Path, settings: MaskSettings, *, confirm: bool = False) -> tuple[str, ...]:
        """Masks from a file for the current image, where nothing is confirmed, and sentences about them.

        With ``confirm`` they teach: what is masked, and the background unless ``settings.partial`` or something in the
        file cannot be drawn. Objects have the ids that they have in the file, as far as these are free. `UserError` for
        a file that is none, or not of this image.
        """
        entry = self._images.open_entry
        if isinstance(entry, LargeProjectImage):
            raise UserError(f"{entry.name} is too large for this: its masks are made where you look, not opened whole.")
        masks = read_masks(path, entry.volume, self._choices.kind, self._choices.classes, settings)
        self._take_classes(masks)
        labels = self._edits.as_proposal(entry, masks.labels, keep_ids=True)
        partial = settings.partial or masks.lacks
        self._edits.apply(entry, annotate(entry.labels, entry.confirmed, labels, confirm=confirm, partial=partial))
        return _notes(masks, settings) if confirm else masks.notes

    def pairs(self, images: str | Path, masks: str | Path | None = None) -> Pairing:
        """Images with their masks, as `annotated_in` finds them; `UserError` where there are none."""
        return annotated_in(Path(images), None if masks is None else Path(masks))

    def add_all(self, pairing: Pairing, settings: MaskSettings) -> Iterator[Added]:
        """Add image after image, all of it confirmed, and tell of each; one that is refused stops nothing.

        Raises `UserError` when the project may not be written to.
        """
        self.begin(pairing)
        settings = pairing.settings(settings, self._choices.kind)
        for pair in pairing.pairs:
            try:
                volume, masks = self.read(pair, settings)
                yield self.take(pair, volume, masks, settings)
            except UserError as error:
                yield Added(pair, problem=str(error))

    def begin(self, pairing: Pairing) -> None:
        """Make a project, named after the folder, when none is open; `UserError` when this one is only to look at."""
        refuse(self._choices.why_only_to_look_at)
        if self._choices.project is None:
            self._choices.begin(Project.create(name=pairing.name, by_itself=self._choices.options.in_window))

    def read(self, pair: Annotated, settings: MaskSettings) -> tuple[Volume, Masks]:
        """An image and its masks; on any thread. `UserError` when they cannot be read, or do not belong together."""
        return pair.read_masks(self._choices.kind, self._choices.classes, settings)

    def take(self, pair: Annotated, volume: Volume, masks: Masks, settings: MaskSettings) -> Added:
        """Add an image with masks that are right; `UserError` for one with nothing to see, or too large for it.

        What is confirmed in an image that the project has already stays as it is.
        """
        check_pixels(volume)
        self._take_classes(masks)
        entry = self._images.add(volume, labelled=True)
        notes = _notes(masks, settings)
        if entry.is_confirmed:
            notes = (f"{entry.name} has confirmed masks in the project already: they stay.",)
        else:
            partial = settings.partial or masks.lacks
            change = annotate(entry.labels, entry.confirmed, masks.labels, confirm=True, partial=partial)
            self._edits.apply(entry, change)
        if self._images.current is None:
            self._images.choose(entry)
        objects = len(np.unique(entry.labels[entry.labels > 0]))
        self._confirmed.count(entry)
        if entry is not self._images.current:
            entry.put_down()
        return Added(pair, entry, objects, notes)

    def _take_classes(self, masks: Masks) -> None:
        if self._choices.kind == "classes" and masks.classes != self._choices.classes:
            self._images.choose_kind("classes", masks.classes)


def _notes(masks: Masks, settings: MaskSettings) -> tuple[str, ...]:
    """Sentences about masks that teach."""
    if not masks.lacks or settings.partial:
        return masks.notes
    return (*masks.notes, "So its background is not confirmed: approve it where there is nothing.")
