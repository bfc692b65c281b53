"""Segment, teach, click: what each still misses, and asking for it."""

from __future__ import annotations

from pathlib import Path

import psutil

from napari_apprentice.data.channels import CHOSEN
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import ArrayRef, ClickJob, SegmentJob, SegmentLargeJob, TeachJob
from napari_apprentice.project.durable import make_folder
from napari_apprentice.project.folder import Project
from napari_apprentice.runners import Runners
from napari_apprentice.runners.cluster.crew import BLOCK_SHARE
from napari_apprentice.session import clicks
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.large_entry import LargeEntry
from napari_apprentice.session.large_export import export_job, in_file
from napari_apprentice.session.requests import fresh_net, lessons_of, pixels_of
from napari_apprentice.session.results import Results
from napari_apprentice.session.state import refuse
from napari_apprentice.session.work import Running
from napari_apprentice.settings import ReadAs, SegmentSettings

NO_IMAGE = "There is no image: drag a file into napari, or use File > Open Sample."


class Jobs(Results):
    """Adds the verbs that need a network."""

    resegment_after_teach = True

    def __init__(self, project: Project | None = None, runners: Runners | None = None) -> None:
        self._job_number = 0
        super().__init__(project, runners)

    def why_not_open_region(self) -> str:
        """What speaks against opening another part of the current image now."""
        here = [one for one in self._running if one.entry is self.current]
        if any(isinstance(one.job, SegmentJob) for one in here):
            return "The open part is being segmented: wait until it is done, or cancel it."
        return super().why_not_open_region()

    def why_not_segment(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        if self.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return self._why_not_propose()

    def why_not_click(self) -> str:
        """What clicking a cell still misses."""
        return self._why_not_propose()

    def why_not_teach(self) -> str:
        """What *Teach* still misses; "" when it can run."""
        if self.current is None:
            return NO_IMAGE
        if self.busy("teach"):
            return "Teaching is under way: paint on, or cancel it."
        if self.kind == "classes" and not self.classes:
            return "This project has no classes yet: name at least one."
        taught = [entry for entry in self.entries if entry.voxels_taught]
        if not taught:
            what = "objects" if self.kind == "instances" else "areas of each class"
            return f"There is nothing to learn from yet: paint or approve a few {what} first."
        try:
            why_not = next((why for entry in taught if (why := self._why_not_teach_from(entry))), "")
            return why_not or (self._why_not_fresh([one.volume for one in taught]) if self.model.is_fresh else "")
        except UserError as error:  # an image went away
            return str(error)

    def _why_not_teach_from(self, entry: Entry) -> str:
        if self.model.is_fresh:
            first = self._taught_first
            if first is not None and entry.volume.pixels.shape[1] != first.volume.pixels.shape[1]:
                return (
                    f"{entry.name} and {first.name} have different numbers of channels: "
                    "teach them in projects of their own, or use the same channels of both."
                )
            return ""
        return self.why_not_fits(entry.volume)

    def _why_not_propose(self) -> str:
        if self.current is None:
            return NO_IMAGE
        if self.model.is_fresh:
            return "A fresh network knows nothing yet: correct a few objects and press Teach."
        return self.why_not_fits(self.current.volume)

    def segment(self) -> None:
        """Propose labels for the current image. Raises `UserError` with what is missing."""
        refuse(self.why_not_segment())
        project, entry, model = self._asked()
        id_ = self._job_id("segment")
        job = SegmentJob(
            id=id_,
            image=pixels_of(entry, self.model.header, project.scratch),
            model=str(model),
            settings=self.segment_settings,
            out=ArrayRef(path=str(project.scratch / f"{id_}.npy")),
        )
        self._start("segment", job, entry)

    def why_not_segment_all(self) -> str:
        """What segmenting all of a large image still misses; of others, *Segment* does it."""
        entry = self.current
        if not isinstance(entry, LargeEntry):
            return "This image is segmented as a whole by Segment."
        if self.project is not None and self.project.is_temporary and entry.volume.metadata.get(CHOSEN):
            return f"Channels of {entry.name} were chosen: segment it with apprentice segment --blocks --channels."
        if in_file(entry) is None:
            return f"{entry.name} is not as it is in its file: save it as OME-Zarr and open that."
        return self.why_not_segment()

    def segment_all(self) -> None:
        """Propose labels for all of a large image; goes on where it was stopped. Raises `UserError`."""
        refuse(self.why_not_segment_all())
        _, entry, model = self._asked()
        if not isinstance(entry, LargeEntry):
            return
        job = SegmentLargeJob(
            id=self._job_id("segment"),
            image=str(entry.folder.image.source),
            read_as=in_file(entry) or ReadAs(),
            model=str(model),
            settings=self._settings_here,
            memory_mb=BLOCK_SHARE * psutil.virtual_memory().available / 1e6,
            out=str(entry.proposal),
            store=entry.exchange_begins(),
            labels_kind=self.kind,
        )
        self._start("segment", job, entry)

    def begin_export(self, path: str | Path) -> None:
        """As `export_labels`, but labels of a large image are written in the background ("export").

        Tables of an image that is not as in its file have no intensities then.
        """
        if self.busy("export"):
            raise UserError("Labels are being exported: wait until that is done, or cancel it.")
        entry = self.current
        if self.project is None or not isinstance(entry, LargeEntry):
            self.export_labels(path)
            return
        job = export_job(entry, Path(path), self._class_names, self._job_id("export"), self.project.scratch)
        self._start("export", job, entry)

    def teach(self) -> None:
        """Teach the model, or a fresh network, on all corrections as they are now. Raises `UserError`."""
        refuse(self.why_not_teach())
        project, entry, model = self._asked()
        id_ = self._job_id("teach")
        taught = [one for one in self.entries if one.voxels_taught or (one.folder.is_used and one.is_vouched)]
        make_folder(project.lineage.folder)  # before minutes of teaching, not after them
        lessons = lessons_of(taught, self.model.header, project.scratch, project.scratch / id_)
        if not lessons:
            raise UserError("What was vouched for cannot be found in the project: correct a few objects, then teach.")
        fresh = self.fresh_settings if model is None else None
        job = TeachJob(
            id=id_,
            kind=self.kind,
            classes=self.classes,
            lessons=lessons,
            parent=None if model is None else str(model),
            net=None if fresh is None else fresh_net(fresh, [one.volume for one in taught], self._outputs),
            encoder=None if fresh is None or fresh.encoder is None else str(fresh.encoder),
            settings=self.teach_settings,
            out=str(project.lineage.file(project.lineage.next_id())),
        )
        self._start("teach", job, entry, voxels=sum(one.voxels_taught for one in taught))

    def click(self, point: tuple[float, ...]) -> None:
        """Propose one object around ``point`` (t, z, y, x); answered by `click_proposed`. Raises `UserError`."""
        refuse(self.why_not_click())
        project, entry, model = self._asked()
        at = tuple(round(i) for i in point)
        if len(at) != 4 or not all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True)):
            return
        self._generation += 1
        job = ClickJob(
            id=self._job_id("click"),
            image=pixels_of(entry, self.model.header, project.scratch),
            model=str(model),
            point=clicks.looked_at(at, entry.inner),
            generation=self._generation,
            settings=self._settings_here,
        )
        self._start("click", job, entry)

    def keep_click(self) -> None:
        """Make the proposed mask a vouched object (or class); one undo step."""
        proposal = self.click_proposal
        if proposal is None:
            return
        self.discard_click()
        if proposal.entry in self.entries:
            self._apply(proposal.entry, clicks.kept(proposal))

    def discard_click(self) -> None:
        """Forget the proposed mask, and any answer that is still to come."""
        self._generation += 1
        if self.click_proposal is not None:
            self.click_proposal = None
            self.click_cleared.emit()

    def _after(self, running: Running, event: Event) -> None:
        """After teaching, what is visible is segmented with the version that was adopted."""
        if running.kind != "teach" or not isinstance(event, Finished) or not self.resegment_after_teach:
            return
        if self.model.key != running.model and not self.why_not_segment():
            try:
                self.segment()
            except UserError as error:
                self.said.emit(str(error))

    def _asked(self) -> tuple[Project, Entry, Path | None]:
        if self.project is None or self.current is None:
            raise UserError(NO_IMAGE)
        return self.project, self.current, self.model.file

    @property
    def _settings_here(self) -> SegmentSettings:
        """Settings of what runs on this computer in any case, whose devices are others than those of a worker."""
        if not self.place.scheduler:
            return self.segment_settings
        return self.segment_settings.model_copy(update={"device": "auto"})

    @property
    def _taught_first(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.voxels_taught), None)

    def _job_id(self, kind: str) -> str:
        self._job_number += 1
        return f"{kind}-{self._job_number}"
