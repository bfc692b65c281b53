"""*Export*: labels become files; those of a large image in the background."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.data import exports
from napari_apprentice.data.exports import chunked
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.provenance import Provenance
from napari_apprentice.data.storage import claims
from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ExportJob, ExportResult
from napari_apprentice.project.folder import Project
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import in_file
from napari_apprentice.session.running import Running
from napari_apprentice.settings import ReadAs


class Export:
    """Formats are those of the suffix (`data.exports`). What is corrected meanwhile is not in the file."""

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts

    def why_not(self) -> str:
        """What exporting still misses; "" when it can be done."""
        if self._parts.queue.busy("export"):
            return "Labels are being exported: wait until that is done, or cancel it."
        return ""

    def now(self, path: str | Path, first_number: int | None = None) -> None:
        """Write the current image's labels, and return when they are written. Raises `UserError`.

        ``first_number`` is what tables call the first frame; None: its place among all frames of the project.
        """
        entry, choices, path = self._parts.images.open_entry, self._parts.choices, checked_path(path)
        told = Provenance(image=entry.name, masks=entry.mask_sources)
        if isinstance(entry, LargeProjectImage):
            chunked.refuse(path, entry.volume, classes=bool(choices.class_names))
            entry.keep_snapshot()
            saying = chunked.Saying(choices.class_names, choices.class_colors, told)
            store = entry.folder.store
            for _ in chunked.copy_labels(store.labels, path, entry.volume, saying, confirmed=store.confirmed):
                pass
        else:
            exports.write_labels(
                path,
                entry.labels,
                like=entry.volume,
                names=choices.class_names,
                colors=choices.class_colors,
                confirmed=entry.confirmed,
                provenance=told,
                first_number=self._first_number(entry) if first_number is None else first_number,
                classes=self._classes(entry),
            )
        self._say(entry, path)

    def begin(self, path: str | Path) -> None:
        """As `now`, but labels of a large image are written in the background.

        Tables of an image that is not as in its file have no intensities then.
        """
        if why_not := self.why_not():
            raise UserError(why_not)
        parts = self._parts
        entry, project = parts.images.current, parts.choices.project
        if project is None or not isinstance(entry, LargeProjectImage):
            self.now(path)
            return
        job = self._job(entry, checked_path(path), project)
        parts.queue.start(job, parts.origin(), self._accept, claims.clear)

    def _job(self, entry: LargeProjectImage, path: Path, project: Project) -> ExportJob:
        choices, id_ = self._parts.choices, self._parts.queue.next_id("export")
        names = choices.class_names
        chunked.refuse(path, entry.volume, classes=bool(names))
        entry.keep_snapshot()
        volume, told = entry.volume, in_file(entry) if chunked.measures(path) else None
        labels, confirmed = entry.folder.store.link_into(project.scratch / id_)
        return ExportJob(
            id=id_,
            labels=str(labels),
            confirmed=str(confirmed),
            spacing=volume.spacing,
            unit=volume.unit,
            translate=volume.metadata.get("translate"),
            names=names,
            colors=choices.class_colors,
            provenance=Provenance(image=entry.name, masks=entry.mask_sources).text(),
            image=None if told is None else str(entry.folder.image.source),
            read_as=told or ReadAs(),
            out=str(path.absolute()),
        )

    def _first_number(self, entry: ProjectImage) -> int:
        """The place of an image among all frames of the project, from 1: no two have the same in tables."""
        entries = self._parts.images.entries
        return 1 + sum(one.shape[0] for one in entries[: entries.index(entry)])

    def _classes(self, entry: ProjectImage) -> ObjectClasses | None:
        """Of which classes the objects are; None where there are none."""
        classes = self._parts.object_classes
        if not classes.classes or self._parts.choices.kind == "classes":
            return None
        return classes.of(entry, self._parts.objects.now().keys)

    def _accept(self, running: Running, result: ExportResult) -> None:
        self._say(running.origin.entry, Path(result.path))

    def _say(self, entry: ProjectImage, path: Path) -> None:
        is_without = isinstance(entry, LargeProjectImage) and self._parts.object_classes.classes
        without = " Classes of objects are known where you looked only: they are not in the file." if is_without else ""
        self._parts.signals.message.emit(f"Labels of {entry.name} were written to {path}.{without}")
