"""The session whole: its parts, how it begins, how it ends, and the names that scripts use."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.image.axes import check_pixels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.edits import replace_labels
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import MapMethod
from napari_apprentice.project import left_behind
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import projects_folder
from napari_apprentice.project.record import is_project
from napari_apprentice.project.versions import Version
from napari_apprentice.runners import Runners
from napari_apprentice.session import commands, methods, project_overview
from napari_apprentice.session.annotations import Added, Annotations
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.clickers import Clickers
from napari_apprentice.session.compute import Compute
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.evidence import ConfirmedSoFar
from napari_apprentice.session.images import Images, checked_labels
from napari_apprentice.session.mask_sources import MaskSources
from napari_apprentice.session.models import Models
from napari_apprentice.session.object_classes import ClassesOfObjects
from napari_apprentice.session.objects import ObjectsOfImage
from napari_apprentice.session.objects_by_image import ObjectsByImage
from napari_apprentice.session.options import SessionOptions
from napari_apprentice.session.pages import Pages
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.queue import Queue
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.review import Review
from napari_apprentice.session.saving import Saving
from napari_apprentice.session.shapes import Shapes
from napari_apprentice.session.signals import Signals
from napari_apprentice.session.suitability import Suited
from napari_apprentice.session.tried import Trial
from napari_apprentice.session.verbs import Verbs
from napari_apprentice.session.verbs.compare import Comparison
from napari_apprentice.session.verbs.evaluate import ModelEvaluation
from napari_apprentice.session.verbs.live import Live
from napari_apprentice.session.verbs.look_inside import InsideMap
from napari_apprentice.session.verbs.map_objects import ObjectMap
from napari_apprentice.settings import (
    ClassName,
    ClusterSettings,
    FilterSettings,
    Kind,
    MaskSettings,
    SegmentSettings,
    TeachClicksSettings,
    TeachSettings,
)


class Session:
    """Images, corrections, a model and what is done with them; both faces drive this one object.

    What scripts need has a name here; what only a window asks for is asked of the part that has it
    (``session.edits.approve_object(point)``, ``session.verbs.click.keep()``).

    Parameters
    ----------
    project
        An open project to go on with; None makes one with the first image.
    runners
        Where jobs run; None: in processes of their own. A session closes only runners it made itself.
    options
        How it works, whatever project is open.

    Examples
    --------
    >>> with Session.temporary() as session:
    ...     session.add_image(read_image("cells.tif"))
    ...     session.choose_model("nuclei-2d")
    ...     session.segment()
    ...     session.run_until_idle()
    ...     session.export_labels("cells_labels.tif")
    """

    def __init__(
        self,
        project: Project | None = None,
        runners: Runners | None = None,
        options: SessionOptions = SessionOptions(),  # noqa: B008 (frozen)
    ) -> None:
        left_behind.clear(projects_folder())
        self.signals = signals = Signals()
        self.choices = choices = Choices(signals, options)
        self.compute = compute = Compute(signals, choices, runners)
        self.queue = queue = Queue(signals, compute)
        self.images = images = Images(signals, choices, queue)
        self.regions = regions = Regions(signals, choices, queue, images)
        self.models = models = Models(signals, choices, images)
        self.clickers = clickers = Clickers(signals, choices)
        self.confirmed_so_far = confirmed = ConfirmedSoFar(choices, images, models)
        self.mask_sources = sources = MaskSources(choices, models)
        self.saving = saving = Saving(signals, choices, images)
        self.edits = edits = Edits(signals, choices, images, regions, saving)
        self.annotations = Annotations(choices, images, edits, confirmed)
        self.shapes = Shapes(choices, images, edits)
        self.review = review = Review(signals, choices, images, regions, edits)
        self.pages = pages = Pages(signals, images, regions, edits, review)
        self.object_classes = classes = ClassesOfObjects(signals, choices, images, edits)
        self.objects = objects = ObjectsOfImage(signals, choices, images, edits, classes)
        self.objects_by_image = ObjectsByImage(choices, images, classes)
        parts = SessionParts(
            signals,
            choices,
            compute,
            queue,
            images,
            regions,
            models,
            clickers,
            saving,
            edits,
            review,
            pages,
            sources,
            confirmed,
            classes,
            objects,
        )
        self.verbs = Verbs(parts)

        self.image_changed = signals.image_changed
        self.labels_changed = signals.labels_changed
        self.confirmed_changed = signals.confirmed_changed
        self.model_changed = signals.model_changed
        self.clicker_changed = signals.clicker_changed
        self.settings_changed = signals.settings_changed
        self.job_started = signals.job_started
        self.job_event = signals.job_event
        self.job_ended = signals.job_ended
        self.click_proposed = signals.click_proposed
        self.click_cleared = signals.click_cleared
        self.live_proposed = signals.live_proposed
        self.looked_inside = signals.looked_inside
        self.evaluated = signals.evaluated
        self.compared = signals.compared
        self.tried = signals.tried
        self.object_classes_changed = signals.object_classes_changed
        self.mapped = signals.mapped
        self.doubts_changed = signals.doubts_changed
        self.reviewing = signals.reviewing
        self.suggested = signals.suggested
        self.paging = signals.paging
        self.page_changed = signals.page_changed
        self.message = signals.message
        self.region_changed = signals.region_changed
        self.overview_changed = signals.overview_changed
        self.saved = signals.saved
        self.project_moved = signals.project_moved
        self.trouble_changed = signals.trouble_changed

        if project is not None:
            self._load(project)

    # how it begins and ends

    @classmethod
    def create(cls, path: str | Path, runners: Runners | None = None) -> Self:
        """A session with the project in folder ``path``, made when there is none."""
        path = Path(path)
        return cls(Project.open(path) if is_project(path) else Project.create(path, name=path.name), runners)

    @classmethod
    def open(cls, path: str | Path, runners: Runners | None = None) -> Self:
        """A session with the project in folder ``path``; `UserError` when there is none."""
        return cls(Project.open(path), runners)

    @classmethod
    def temporary(cls, runners: Runners | None = None) -> Self:
        """A session that leaves nothing behind."""
        return cls(Project.temporary(), runners)

    def continue_project(self, project: Project) -> None:
        """Open a project in this session, which must not have one yet."""
        if self.project is not None:
            raise UserError(f"The project {self.project.name} is open: close it before you continue another.")
        self._load(project)
        self._tell_all_changed()
        for complaint in self.images.complaints:
            self.message.emit(complaint)

    def save_project_in(self, folder: str | Path) -> Path:
        """Go on with the project in another folder, for instance when its own is gone or may not be written to.

        Everything in memory is written there, and what can be read of the old folder is copied. The project is in
        ``folder`` when that is empty or new, else in a new folder in it, which is given back. Jobs are cancelled.
        `UserError` when it cannot be written there: then the project goes on where it is.
        """
        self._end_jobs()
        return self.saving.move(folder)

    def close_project(self) -> None:
        """Let go of the project, to begin another or continue one; processes stay warm, and where jobs run stays."""
        self._let_go()
        self._tell_all_changed()

    def close(self) -> None:
        """Cancel jobs, put everything on disk, let go of the project and of processes."""
        self._let_go()
        self.compute.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, project: Project) -> None:
        self.choices.load(project)
        self.images.load(project)
        self.models.load(project)

    def _end_jobs(self) -> None:
        self.queue.end_all()
        self.verbs.click.leave()
        self.verbs.live.off()
        self.verbs.try_models.end()

    def _let_go(self) -> None:
        self._end_jobs()
        self.saving.rescue()
        self.pages.end()
        self.review.end()
        project, entries, current, kind = self.project, self.entries, self.current, self.kind
        confirmed = self.confirmed_so_far.by_image
        known = (
            self.objects,
            self.objects_by_image,
            self.object_classes,
            self.images,
            self.models,
            self.choices,
            self.confirmed_so_far,
        )
        for part in known:
            part.forget()
        if project is None:
            return
        for entry in entries:
            if entry.folder.is_long:
                with suppress(UserError):  # a disk that refuses a snapshot leaves the journal as it is
                    entry.keep_snapshot()
        with suppress(UserError):  # the disk refuses: what is there stays
            project_overview.keep(project, entries, current, kind, confirmed)
        try:
            project.close()
        except UserError as error:
            self.message.emit(str(error))

    def _tell_all_changed(self) -> None:
        self.settings_changed.emit()
        self.model_changed.emit()
        self.clicker_changed.emit()
        self.image_changed.emit()

    # images and what is chosen

    @property
    def project(self) -> Project | None:
        """The open project; the first image makes one."""
        return self.choices.project

    @property
    def entries(self) -> list[ProjectImage]:
        """The images of the project."""
        return self.images.entries

    @property
    def current(self) -> ProjectImage | None:
        """The image that verbs and edits are about."""
        return self.images.current

    def add_image(self, volume: Volume, labels: NDArray[Any] | None = None, kind: Kind | None = None) -> ProjectImage:
        """Open an image and make it current; its labels are found again when the project knows it.

        ``labels`` (T, Z, Y, X) are a start for an image that has none yet. Raises `UserError` for pixels with
        nothing to see, labels of another shape, or another ``kind`` than the labels the project holds.
        """
        notes = check_pixels(volume)
        start = None if labels is None else checked_labels(labels, volume)
        entry = self.images.add(volume, labelled=start is not None, kind=kind)
        if start is not None and not entry.is_labelled:
            self.edits.apply(entry, replace_labels(entry.labels, entry.confirmed, start))
        self.images.choose(entry)
        for note in notes:
            self.message.emit(note)
        return entry

    def add_annotated(
        self,
        images: str | Path,
        masks: str | Path | None = None,
        settings: MaskSettings = MaskSettings(),  # noqa: B008 (frozen)
    ) -> list[Added]:
        """Add images whose masks are right, all of it confirmed, to be taught from; each is one undo step.

        Parameters
        ----------
        images, masks
            An image and its masks, or folders of them; without ``masks`` one folder that holds both. They are paired by
            their names, as programs name masks after images (``cells_masks.tif``, ``cells_seg.npy``,
            ``cells.geojson``).
        settings
            What masks say, and whether everything is annotated.

        Returns
        -------
        list of Added
            What became of each. `UserError` where no masks are found, or when none could be added.
        """
        pairing = self.annotations.pairs(images, masks)
        for sentence in pairing.words:
            self.message.emit(sentence)
        added = list(self.annotations.add_all(pairing, settings))
        if added and all(one.problem for one in added):
            raise UserError(added[0].problem)
        self.image_changed.emit()
        return added

    def open_masks(
        self,
        path: str | Path,
        settings: MaskSettings = MaskSettings(),  # noqa: B008 (frozen)
        *,
        confirm: bool = False,
    ) -> tuple[str, ...]:
        """Take masks of the current image from a file: a label image, Fiji ROIs, GeoJSON of QuPath; one undo step.

        They are a proposal, or right with ``confirm``; what is confirmed already stays. Gives back sentences about what
        is not as in the file. Raises `UserError`.
        """
        return self.annotations.open_masks(path, settings, confirm=confirm)

    def choose_image(self, entry: ProjectImage) -> None:
        """Make an image current; `UserError` when its file went away or changed."""
        self.images.choose(entry)

    def open_region(self, point: Sequence[float]) -> bool:
        """Open the part of a large image around ``point`` (t, z, y, x) for editing; whether it is another one."""
        return self.regions.open(point)

    @property
    def kind(self) -> Kind:
        """What labels mean in this project: instances (cells) or classes."""
        return self.choices.kind

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """The classes of a project of kind classes."""
        return self.choices.classes

    def choose_kind(self, kind: Kind, classes: tuple[ClassName, ...] = ()) -> None:
        """State what labels mean; `UserError` when labels that exist would lose their meaning."""
        self.images.choose_kind(kind, classes)

    @property
    def options(self) -> SessionOptions:
        """How the session works, whatever project is open."""
        return self.choices.options

    @options.setter
    def options(self, options: SessionOptions) -> None:
        self.choices.options = options

    @property
    def segment_settings(self) -> SegmentSettings:
        """How *Segment* and a click run."""
        return self.choices.segment

    @segment_settings.setter
    def segment_settings(self, settings: SegmentSettings) -> None:
        self.choices.segment = settings

    @property
    def teach_settings(self) -> TeachSettings:
        """How *Teach* runs."""
        return self.choices.teach

    @teach_settings.setter
    def teach_settings(self, settings: TeachSettings) -> None:
        self.choices.teach = settings

    @property
    def fresh_settings(self) -> FreshSettings:
        """Which network a fresh start has."""
        return self.choices.fresh

    @fresh_settings.setter
    def fresh_settings(self, settings: FreshSettings) -> None:
        self.choices.fresh = settings

    @property
    def model(self) -> ModelChoice:
        """The model in use; the best bundled one that fits until one is chosen, else a fresh network."""
        return self.models.in_use

    def choose_model(self, key: str) -> None:
        """Use a bundled model, a version, a model file or ``"fresh"``; `UserError` when there is no such model."""
        self.models.choose(key)

    def suited_models(self) -> list[Suited]:
        """The models there are, the likely best for the current image first.

        Each has its ``choice.key``, a ``purpose`` in a few words, and whether it ``fits``, or the ``reason`` why not.
        """
        return self.models.suited()

    @property
    def runners(self) -> Runners:
        """Where jobs run; processes of their own unless others were given."""
        return self.compute.runners

    def run_on(self, place: ClusterSettings) -> None:
        """Let *Segment* and *Teach* run with a scheduler's workers, or (without one) on this computer again."""
        self.compute.run_on(place)

    # corrections

    def paint(self, indices: ArrayLike, value: int) -> None:
        """Make voxels (flat ``indices``) object or class ``value``; 0 erases."""
        self.edits.paint(indices, value)

    def paint_background(self, indices: ArrayLike) -> None:
        """Voxels are background."""
        self.edits.paint_background(indices)

    def undo(self) -> None:
        """Take back the last step on the current image, exactly."""
        self.edits.undo()

    def redo(self) -> None:
        """Do the step taken back last again."""
        self.edits.redo()

    def filter_objects(self, settings: FilterSettings, *, edited: bool = False) -> int:
        """Remove the objects of the current image that lie outside ranges, and say how many; one undo step.

        They are labelled no more, which teaches nothing. What was painted, approved or cut stays, unless ``edited``
        says otherwise. Their table is ``session.objects.now()``. Raises `UserError`.
        """
        return self.objects.filter(settings, edited=edited)

    def describe_objects(self) -> None:
        """Look at the objects of the current image, as far as they are not known, so that classes can be proposed.

        ``session.object_classes`` has the classes that objects are given: ``add(name)``, ``give(objects, name)``; then
        the columns ``class`` and ``class_probability`` of ``session.objects.now()`` say of which each is. Raises
        `UserError` with what is missing.
        """
        self.verbs.describe()

    def map_objects(self, method: MapMethod = "pca") -> None:
        """Lay out the objects of the current image in a plane, those that look alike to the network near each other.

        Answered by ``mapped``, and then in `object_map`; the table has a column ``unusual`` then. ``"tsne"`` needs
        scikit-learn. Raises `UserError`.
        """
        self.verbs.map_objects(method)

    @property
    def object_map(self) -> ObjectMap | None:
        """What `map_objects` made last, as long as the image is current."""
        return self.verbs.map_objects.map

    # verbs

    def why_not_segment(self) -> str:
        """What *Segment* still misses; "" when it can run."""
        return self.verbs.segment.why_not()

    def segment(self) -> None:
        """Propose labels for the current image. Raises `UserError` with what is missing."""
        self.verbs.segment()

    def segment_all(self) -> None:
        """Propose labels for all of a large image; goes on where it was stopped. Raises `UserError`."""
        self.verbs.segment_all()

    def try_models(self, models: Sequence[str] | None = None, box: Sequence[slice] | None = None) -> None:
        """See what models (None: all that can work on the current image) make of a part of it; nothing changes by it.

        Answered by ``tried`` after each, and then in `trials`. ``cancel("try")`` keeps those that are done.

        Parameters
        ----------
        models
            As of `choose_model`.
        box
            The part, as slices for t, z, y, x of one frame; None: the middle of the first one. It is cut to 768 x 768
            pixels, in a volume to a block of 16 x 256 x 256 around the middle slice. `UserError` outside the image.
        """
        self.verbs.try_models(models, box)

    @property
    def trials(self) -> list[Trial]:
        """What `try_models` found, the likely best first; none any more when another image is chosen."""
        return self.verbs.try_models.trials

    def take_trial(self, model: str, *, masks: bool = True) -> None:
        """Use a model that was tried, with the masks that it made of that part, one undo step. Raises `UserError`."""
        self.verbs.try_models.take(model, masks=masks)

    def why_not_teach(self) -> str:
        """What *Teach* still misses; "" when it can run."""
        return self.verbs.teach.why_not()

    def teach(self, *, on: bool = False) -> None:
        """Teach the model, or a fresh network, on all corrections as they are now. Raises `UserError`.

        With ``on`` the version that waits goes on learning from where it stopped, for as long again; it is judged
        against the model in use all the same.
        """
        self.verbs.teach(on=on)

    @property
    def waiting(self) -> Version | None:
        """The version taught last, as long as nobody has decided about it; ``waiting.why`` says why it is not used."""
        return self.models.waiting

    def compare(self, version: str | None = None) -> None:
        """See what a version (None: the one that waits) would make of the current image, or its open part.

        Nothing changes by it; answered by ``compared``, and then in `comparison`. Raises `UserError`.
        """
        self.verbs.compare(version)

    @property
    def comparison(self) -> Comparison | None:
        """What `compare` found: the labels as they would be, and where they differ most; None after the next edit."""
        return self.verbs.compare.found

    def use(self, version: str | None = None) -> None:
        """Use a version (None: the one that waits), with its masks, one undo step. Raises `UserError`."""
        self.verbs.versions.use(version)

    def keep_old(self) -> None:
        """Put the version that waits away; it stays in the list of models. Raises `UserError`."""
        self.verbs.versions.keep_old()

    def go_back(self) -> None:
        """Use the model before, and take back the masks that came with this one. Raises `UserError`."""
        self.verbs.versions.go_back()

    def click(self, point: tuple[float, ...], *, remove: bool = False, class_value: int | None = None) -> None:
        """Click at ``point`` (t, z, y, x) on an object, or, with ``remove``, on what does not belong to it.

        The first click proposes an object, or takes up the one that is there; further ones refine it, until
        `keep_click` or `discard_click`. Answered by ``click_proposed`` with its mask and the box of that. No model
        needs to be chosen. In a project of classes it is an area of ``class_value`` (None: the class chosen last, or
        the first). Raises `UserError`.
        """
        if class_value is not None:
            self.verbs.click.class_value = class_value
        self.verbs.click(point, remove=remove)

    def click_box(self, first: tuple[float, ...], last: tuple[float, ...]) -> None:
        """Propose the object in a box, by two of its corners (t, z, y, x) in one slice; as `click` otherwise."""
        self.verbs.click.box(first, last)

    def undo_click(self) -> None:
        """Take back the last click on the object that is proposed."""
        self.verbs.click.undo()

    def keep_click(self) -> None:
        """Make what is proposed a confirmed object, or area of its class; one undo step."""
        self.verbs.click.keep()

    def discard_click(self) -> None:
        """Forget what is proposed."""
        self.verbs.click.discard()

    def why_not_teach_clicks(self) -> str:
        """What `teach_clicks` still misses; "" when it can run."""
        return self.verbs.teach_clicks.why_not()

    def teach_clicks(self, settings: TeachClicksSettings | None = None) -> None:
        """Let the network that is asked by clicks learn from all confirmed objects of the project, in the background.

        Afterwards the next objects need fewer clicks. A version that is better for sure, on objects that were set
        aside, is used; else it waits (``clickers.waiting``) for `use_clicks`. Raises `UserError`.
        """
        self.verbs.teach_clicks(settings)

    def use_clicks(self, version: str | None = None) -> None:
        """Ask a version of the click network: None the one that waits, "click-2d" as it ships. Raises `UserError`."""
        self.verbs.teach_clicks.use(version)

    def keep_old_clicks(self) -> None:
        """Put the version of the click network that waits away. Raises `UserError`."""
        self.verbs.teach_clicks.keep_old()

    def go_back_clicks(self) -> None:
        """Ask the click network that the one in use learned from. Raises `UserError`."""
        self.verbs.teach_clicks.go_back()

    @property
    def live(self) -> Live:
        """Masks that follow the brush: ``live.on(box)``, ``live.apply()``, ``live.keep()``, ``live.off()``.

        Every edit is answered by ``live_proposed`` with a `LiveProposal`, which is no edit itself.
        """
        return self.verbs.live

    def look_inside(self, level: str, box: Sequence[slice] | None = None) -> None:
        """Show a level of the network, such as "encoder 0"; answered by ``looked_inside``.

        "output" is what the model says before anything is decided from it: the probability of foreground, or of each
        class, in all of the frame.

        Parameters
        ----------
        level
            Its name; `UserError` when the network in use has no such level.
        box
            The part of the image to look at, as slices for t, z, y, x of one frame; None: the first frame. A part that
            is too large is cut to its middle.
        """
        self.verbs.look_inside(level, box)

    @property
    def inside_map(self) -> InsideMap | None:
        """What `look_inside` showed last."""
        return self.verbs.look_inside.map

    def evaluate(self, model: str | None = None, *, all_labels: bool = False) -> None:
        """Judge a model on the current image where that is annotated; nothing of the project changes.

        Answered by ``evaluated``, and then in `evaluation`. Raises `UserError` with what is missing.

        Parameters
        ----------
        model
            As of `choose_model`; None: the one in use.
        all_labels
            All labels are the annotation, and where there is none is background; else what is confirmed.
        """
        self.verbs.evaluate(model, all_labels=all_labels)

    @property
    def evaluation(self) -> ModelEvaluation | None:
        """What `evaluate` found last; None as soon as the annotation is another one.

        Those of all models that were evaluated on it are in ``session.verbs.evaluate.found``.
        """
        return self.verbs.evaluate.last

    def export_labels(self, path: str | Path, first_number: int | None = None) -> None:
        """Write the current image's labels in the format of the suffix (`data.exports.write_labels`).

        ``first_number`` is what tables of CellProfiler call the first frame; None: its place among all frames of the
        project, from 1.
        """
        self.verbs.export.now(path, first_number)

    def methods(self) -> str:
        """A paragraph for a paper on what was done in this project, and what to cite. `UserError` without an image."""
        if self.project is None or not self.entries:
            raise UserError("There is no image: open one first.")
        counts = None if self.kind == "classes" else self.objects_by_image.now()
        classes = [one.name for one in self.classes]
        return methods.methods(methods.Done(self.kind, classes, self.entries, counts, self.project.lineage.versions))

    def command_line(self, kind: commands.Repeatable) -> str:
        """The command that repeats the last *Segment* or *Teach* (what it would be now)."""
        return commands.command(self._repeatable(kind))

    def python_lines(self, kind: commands.Repeatable) -> str:
        """Python that repeats the last *Segment* or *Teach* (what it would be now)."""
        return commands.lines(self._repeatable(kind))

    def _repeatable(self, kind: commands.Repeatable) -> commands.Doing:
        if self.project is None or self.current is None:
            raise UserError("There is no image: open one first.")
        settings = self.teach_settings if kind == "teach" else self.segment_settings
        return commands.Doing(kind, self.project, self.current, self.model, settings, self.fresh_settings)

    # jobs under way

    def busy(self, verb: str | None = None) -> bool:
        """Whether a job of this verb ("segment", "teach", "export", "click", "live", "inside",
        "try", "evaluate", "describe", "map"; None: any) is under way.
        """
        return self.queue.busy(verb)

    def cancel(self, verb: str | None = None) -> None:
        """Stop jobs of this verb (None: all), politely first; ``job_ended`` follows within a second."""
        self.queue.cancel(verb)

    def pump(self) -> bool:
        """Take what running jobs report; to be called often, on the owning thread. Whether anything came."""
        came = self.queue.pump()
        self.verbs.segment_all.take_in()
        self.saving.look()
        return came

    def run_until_idle(self) -> None:
        """Pump until no job is left; for work without a window, and not within a stroke, whose end results wait for.

        Raises `UserError` when a job failed, and RuntimeError with its traceback when that is a bug.
        """
        if self.regions.is_held:
            raise RuntimeError("results are taken in when the stroke is over: run until idle after it")
        self.queue.run_until_idle(self.pump)
