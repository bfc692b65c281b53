"""The kinds of jobs and of results. Large arrays are named by place (`ArrayRef`) and never carried."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from napari_apprentice.architecture import NetSettings
from napari_apprentice.jobs.base import READ, WRITTEN, ArrayRef, Job, Process, Provisional, Result, ResultClass
from napari_apprentice.settings import ClassName, Kind, ReadAs, SegmentSettings, Settings, TeachSettings

Point = tuple[int, int, int, int]  # t, z, y, x


class VolumeRef(Settings):
    """Pixels (T, C, Z, Y, X) with what is needed to interpret them. ``spacing`` is (z, y, x).

    ``fitted_on`` are pixels (1, C, Z, Y, X) from everywhere in the image that these are a part of: what intensities
    mean is fitted on them, so that all parts agree. None: on each frame.
    """

    pixels: ArrayRef
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str = "pixel"
    name: str = ""
    fitted_on: ArrayRef | None = None
    channels: tuple[str, ...] = ()


class LessonRef(Settings):
    """One image with the corrections as they were when the job was made: both (T, Z, Y, X).

    ``key`` never changes for an image ("": its name); a hash of it decides which blocks are set aside to judge.
    """

    image: VolumeRef
    labels: ArrayRef
    vouched: ArrayRef
    key: str = ""


class SegmentResult(Result):
    """``objects`` counts instances (or labelled voxels' classes); ``seconds`` is wall time.

    ``diameter`` is the median diameter of instances in image pixels, in the plane.
    """

    type: Literal["segment"] = "segment"
    labels: Annotated[ArrayRef, WRITTEN]
    objects: int
    diameter: float | None = None
    seconds: float
    device: str = ""


class SegmentLargeResult(Result):
    """``labels`` is what was written; ``objects`` counts instances (or classes)."""

    type: Literal["segment-large"] = "segment-large"
    labels: Annotated[str, WRITTEN]
    objects: int
    seconds: float
    device: str = ""


class TeachResult(Result):
    """Scores are on the set-aside corrections; None with ``why_no_score`` when too few objects are there to judge.

    ``better`` is None when it could not be judged; ``patches`` is how many it learned from, in all ``steps``.
    """

    type: Literal["teach"] = "teach"
    model: Annotated[str, WRITTEN]
    score_before: float | None = None
    score_after: float | None = None
    better: bool | None = None
    why_no_score: str = ""
    steps: int = 0
    patches: int = 0
    seconds: float = 0.0


class ExportResult(Result):
    """``path`` is what was written."""

    type: Literal["export"] = "export"
    path: Annotated[str, WRITTEN]


class ClickResult(Result):
    """The proposed mask: a box ((start, stop) for t, z, y, x) and its voxels, row-major packed bits in hex.

    ``bits`` is empty when nothing is there; ``np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))``.
    """

    type: Literal["click"] = "click"
    generation: int
    box: tuple[tuple[int, int], ...]
    bits: str = ""
    class_value: int | None = None


class InsideResult(Result):
    """A map (channels, z, y, x), the channels that vary most first; ``channels`` are their places in the network.

    A voxel of the map is ``scale`` (z, y, x) voxels of the image large, and the centre of the first one lies at
    ``origin``, both in image voxels: voxel i of the image is centred on i.
    """

    type: Literal["inside"] = "inside"
    generation: int
    level: str
    map: Annotated[ArrayRef, WRITTEN]
    channels: tuple[int, ...]
    frame: int
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]


class WrongRef(Settings):
    """An object that is wrong: how ("missed", "false", "merged", "cut"), where, and how many voxels it has."""

    kind: str
    point: Point
    voxels: int


class EvaluateResult(Result):
    """Scores as of `data.evaluation.ImageScore`; ``marks`` are outlines of the ``wrong`` objects (T, Z, Y, X).

    ``by_slice``: slices were judged one by one. ``background``: whether any is known, so that objects can be false.
    """

    type: Literal["evaluate"] = "evaluate"
    annotated: int
    found: int
    dice: dict[str, float | None]
    precision: tuple[float, ...] | None = None
    panoptic_quality: float | None = None
    wrong: tuple[WrongRef, ...] = ()
    by_slice: bool = False
    background: bool = True
    marks: Annotated[ArrayRef, WRITTEN]
    seconds: float = 0.0
    device: str = ""


class SegmentJob(Job):
    """Propose labels for one image; writes uint32 labels (T, Z, Y, X) to ``out``."""

    verb: ClassVar[str] = "segment"
    travels: ClassVar[bool] = True
    holds_region: ClassVar[bool] = True
    result: ClassVar[ResultClass] = SegmentResult

    type: Literal["segment"] = "segment"
    image: VolumeRef
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The file of labels: they are taken from it."""
        return (Path(self.out.path),)

    @property
    def provisional(self) -> Provisional:
        """Labels tile by tile."""
        return Provisional(image=self.image.pixels, labels=self.out)


class EvaluateJob(Job):
    """Propose labels for one image and compare them with an annotation.

    ``labels`` and ``vouched`` (None: all is known) are (T, Z, Y, X) and lie at ``inner`` ((start, stop) for t, z, y, x)
    in the image. The proposal is only on the way, in ``proposal``; outlines of wrong objects are written to ``out``.
    """

    verb: ClassVar[str] = "evaluate"
    holds_region: ClassVar[bool] = True
    result: ClassVar[ResultClass] = EvaluateResult

    type: Literal["evaluate"] = "evaluate"
    image: VolumeRef
    labels: ArrayRef
    vouched: ArrayRef | None = None
    inner: tuple[tuple[int, int], ...]
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    proposal: str
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the annotation's copy, in which the rest is written, too."""
        return (Path(self.labels.path).parent,)


class StoreRef(Settings):
    """Corrected labels of a large image: folders of zarr arrays (T, Z, Y, X) with the same chunks.

    ``labels`` and ``vouched`` are read; the proposal merged with them goes to ``merged``, its new objects numbered from
    ``first``, and every n-th voxel of that to ``overview``, n as in ``steps``.
    """

    labels: str
    vouched: str
    merged: str
    overview: str
    steps: Point
    first: int = 1


class SegmentLargeJob(Job):
    """Propose labels for an image that memory cannot hold; writes them to ``out`` and in other formats ``also``.

    ``image`` is what `read_image` takes, ``read_as`` what is said about it; a block may take about ``memory_mb``.
    With a ``store`` the proposal is merged into the labels there, which mean ``labels_kind``, and ``out`` is only on
    the way.
    """

    verb: ClassVar[str] = "segment"
    result: ClassVar[ResultClass] = SegmentLargeResult

    type: Literal["segment-large"] = "segment-large"
    image: str
    read_as: ReadAs = ReadAs()
    model: Annotated[str, READ]
    settings: SegmentSettings = SegmentSettings()
    memory_mb: Annotated[float, Field(gt=0)] = 1000.0
    out: Annotated[str, WRITTEN]
    also: tuple[str, ...] = ()
    store: StoreRef | None = None
    labels_kind: Kind = "instances"

    @property
    def all_out(self) -> tuple[str, ...]:
        """All that is written."""
        return self.out, *self.also


class TeachJob(Job):
    """Fine-tune ``parent`` (a model file), or a fresh ``net``, on the lessons; writes a model to ``out``.

    ``encoder`` is a file with weights that the way down of a fresh net begins with. ``representation`` says how it is
    to tell what is where (`data/representations`); None: as the parent does, or as is usual for the ``kind``.
    """

    verb: ClassVar[str] = "teach"
    process: ClassVar[Process] = "own"
    travels: ClassVar[bool] = True
    result: ClassVar[ResultClass] = TeachResult
    when_out_of_memory: ClassVar[str] = (
        "The memory of the device is not enough: choose smaller patches or fewer in one step, or the CPU as the device."
    )

    type: Literal["teach"] = "teach"
    kind: Kind
    classes: tuple[ClassName, ...] = ()
    lessons: tuple[LessonRef, ...]
    parent: Annotated[str | None, READ] = None
    net: NetSettings | None = None
    encoder: Annotated[str | None, READ] = None
    representation: str | None = None
    settings: TeachSettings = TeachSettings()
    out: Annotated[str, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the corrections' copies."""
        return tuple({Path(lesson.labels.path).parent for lesson in self.lessons})

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """The model, as long as nobody told of it."""
        return (Path(self.out),)


class ExportJob(Job):
    """Write the labels of a large image to a file, ``out``.

    ``labels`` is the folder of a zarr array (T, Z, Y, X), ``spacing`` is (z, y, x), ``translate`` where the centre of
    the first voxel lies; ``names`` has what classes are called. Tables measure ``image``, what `read_image` takes, if
    there is one, as ``read_as`` says.
    """

    verb: ClassVar[str] = "export"
    process: ClassVar[Process] = "own"
    result: ClassVar[ResultClass] = ExportResult
    when_out_of_memory: ClassVar[str] = "The memory is not enough for the export: close other programs and try again."

    type: Literal["export"] = "export"
    labels: str
    spacing: tuple[float, float, float]
    unit: str
    translate: tuple[float, float, float] | None = None
    names: dict[int, str] = {}
    image: str | None = None
    read_as: ReadAs = ReadAs()
    out: Annotated[str, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the labels' copy."""
        return (Path(self.labels).parent,)


class ClickJob(Job):
    """Propose one object around ``point``; answered by the warm engine at once.

    ``labels`` and ``vouched`` are not needed: the session cuts the proposal where voxels are vouched for.
    """

    verb: ClassVar[str] = "click"
    goes_first: ClassVar[bool] = True
    result: ClassVar[ResultClass] = ClickResult

    type: Literal["click"] = "click"
    image: VolumeRef
    model: Annotated[str, READ]
    point: Point
    generation: int
    settings: SegmentSettings = SegmentSettings()


class InsideJob(Job):
    """Show what the network has at ``level`` (`NetSettings.maps`) of the part of the image in ``box``.

    ``box`` is (start, stop) for t, z, y, x, one frame. A view that is too large for one pass is cut to its middle, and
    a 3D network sees some slices above and below. The map is written to ``out``.
    """

    verb: ClassVar[str] = "inside"
    goes_first: ClassVar[bool] = True
    result: ClassVar[ResultClass] = InsideResult

    type: Literal["inside"] = "inside"
    image: VolumeRef
    model: Annotated[str, READ]
    level: str
    box: tuple[tuple[int, int], ...]
    generation: int
    settings: SegmentSettings = SegmentSettings()
    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The file of the map: it is taken from it."""
        return (Path(self.out.path),)


AnyJob = SegmentJob | SegmentLargeJob | EvaluateJob | TeachJob | ExportJob | ClickJob | InsideJob
AnyResult = (
    SegmentResult | SegmentLargeResult | EvaluateResult | TeachResult | ExportResult | ClickResult | InsideResult
)
_adapter: TypeAdapter[AnyJob] = TypeAdapter(Annotated[AnyJob, Field(discriminator="type")])


def from_plain(plain: dict[str, Any]) -> AnyJob:
    """The job that ``model_dump(mode="json")`` wrote."""
    return _adapter.validate_python(plain)
