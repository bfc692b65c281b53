"""What can be asked for: frozen descriptions of work, small enough for a pipe.

Large arrays are named by place (`ArrayRef`) and never carried. Results are named the same way.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from napari_apprentice.architecture import NetSettings
from napari_apprentice.settings import ClassName, Kind, ReadAs, SegmentSettings, Settings, TeachSettings

Point = tuple[int, int, int, int]  # t, z, y, x


class ArrayRef(Settings):
    """An array in a memory-mapped ``.npy`` file."""

    path: str


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


class SegmentJob(Settings):
    """Propose labels for one image; writes uint32 labels (T, Z, Y, X) to ``out``."""

    type: Literal["segment"] = "segment"
    id: str
    image: VolumeRef
    model: str
    settings: SegmentSettings = SegmentSettings()
    out: ArrayRef


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


class SegmentLargeJob(Settings):
    """Propose labels for an image that memory cannot hold; writes them to ``out`` and in other formats ``also``.

    ``image`` is what `read_image` takes, ``read_as`` what is said about it; a block may take about ``memory_mb``.
    With a ``store`` the proposal is merged into the labels there, which mean ``labels_kind``, and ``out`` is only on
    the way.
    """

    type: Literal["segment-large"] = "segment-large"
    id: str
    image: str
    read_as: ReadAs = ReadAs()
    model: str
    settings: SegmentSettings = SegmentSettings()
    memory_mb: Annotated[float, Field(gt=0)] = 1000.0
    out: str
    also: tuple[str, ...] = ()
    store: StoreRef | None = None
    labels_kind: Kind = "instances"

    @property
    def all_out(self) -> tuple[str, ...]:
        """All that is written."""
        return self.out, *self.also


class TeachJob(Settings):
    """Fine-tune ``parent`` (a model file), or a fresh ``net``, on the lessons; writes a model to ``out``.

    ``encoder`` is a file with weights that the way down of a fresh net begins with.
    """

    type: Literal["teach"] = "teach"
    id: str
    kind: Kind
    classes: tuple[ClassName, ...] = ()
    lessons: tuple[LessonRef, ...]
    parent: str | None = None
    net: NetSettings | None = None
    encoder: str | None = None
    settings: TeachSettings = TeachSettings()
    out: str


class ExportJob(Settings):
    """Write the labels of a large image to a file, ``out``.

    ``labels`` is the folder of a zarr array (T, Z, Y, X), ``spacing`` is (z, y, x), ``translate`` where the centre of
    the first voxel lies; ``names`` has what classes are called. Tables measure ``image``, what `read_image` takes, if
    there is one, as ``read_as`` says.
    """

    type: Literal["export"] = "export"
    id: str
    labels: str
    spacing: tuple[float, float, float]
    unit: str
    translate: tuple[float, float, float] | None = None
    names: dict[int, str] = {}
    image: str | None = None
    read_as: ReadAs = ReadAs()
    out: str


class ClickJob(Settings):
    """Propose one object around ``point``; answered by the warm engine at once.

    ``labels`` and ``vouched`` are not needed: the session cuts the proposal where voxels are vouched for.
    """

    type: Literal["click"] = "click"
    id: str
    image: VolumeRef
    model: str
    point: Point
    generation: int
    settings: SegmentSettings = SegmentSettings()


class InsideJob(Settings):
    """Show what the network has at ``level`` (`NetSettings.maps`) of the part of the image in ``box``.

    ``box`` is (start, stop) for t, z, y, x, one frame. A view that is too large for one pass is cut to its middle, and
    a 3D network sees some slices above and below. The map is written to ``out``.
    """

    type: Literal["inside"] = "inside"
    id: str
    image: VolumeRef
    model: str
    level: str
    box: tuple[tuple[int, int], ...]
    generation: int
    settings: SegmentSettings = SegmentSettings()
    out: ArrayRef


class SegmentResult(Settings):
    """``objects`` counts instances (or labelled voxels' classes); ``seconds`` is wall time.

    ``diameter`` is the median diameter of instances in image pixels, in the plane.
    """

    type: Literal["segment"] = "segment"
    job: str
    labels: ArrayRef
    objects: int
    diameter: float | None = None
    seconds: float
    device: str = ""


class SegmentLargeResult(Settings):
    """``labels`` is what was written; ``objects`` counts instances (or classes)."""

    type: Literal["segment-large"] = "segment-large"
    job: str
    labels: str
    objects: int
    seconds: float
    device: str = ""


class TeachResult(Settings):
    """Scores are on the set-aside corrections; None with ``why_no_score`` when too few objects are there to judge.

    ``better`` is None when it could not be judged; ``patches`` is how many it learned from, in all ``steps``.
    """

    type: Literal["teach"] = "teach"
    job: str
    model: str
    score_before: float | None = None
    score_after: float | None = None
    better: bool | None = None
    why_no_score: str = ""
    steps: int = 0
    patches: int = 0
    seconds: float = 0.0


class ExportResult(Settings):
    """``path`` is what was written."""

    type: Literal["export"] = "export"
    job: str
    path: str


class ClickResult(Settings):
    """The proposed mask: a box ((start, stop) for t, z, y, x) and its voxels, row-major packed bits in hex.

    ``bits`` is empty when nothing is there; ``np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))``.
    """

    type: Literal["click"] = "click"
    job: str
    generation: int
    box: tuple[tuple[int, int], ...]
    bits: str = ""
    class_value: int | None = None


class InsideResult(Settings):
    """A map (channels, z, y, x), the channels that vary most first; ``channels`` are their places in the network.

    A voxel of the map is ``scale`` (z, y, x) voxels of the image large, and the centre of the first one lies at
    ``origin``, both in image voxels: voxel i of the image is centred on i.
    """

    type: Literal["inside"] = "inside"
    job: str
    generation: int
    level: str
    map: ArrayRef
    channels: tuple[int, ...]
    frame: int
    scale: tuple[float, float, float]
    origin: tuple[float, float, float]


Job = SegmentJob | SegmentLargeJob | TeachJob | ExportJob | ClickJob | InsideJob
Result = SegmentResult | SegmentLargeResult | TeachResult | ExportResult | ClickResult | InsideResult
_adapter: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="type")])


def from_plain(plain: dict[str, Any]) -> Job:
    """The job that ``model_dump(mode="json")`` wrote."""
    return _adapter.validate_python(plain)
