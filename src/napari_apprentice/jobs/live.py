"""Live: labels of the part of a slice that is looked at, as what is confirmed says; and of a whole image."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.jobs.base import READ, WRITTEN, ArrayRef, Job, Provisional, Result, ResultClass
from napari_apprentice.jobs.refs import VolumeRef
from napari_apprentice.jobs.segment import SegmentResult
from napari_apprentice.settings import ClassName, SegmentSettings, Settings

LiveBox = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]


class Samples(Settings):
    """Voxels and what they are: places (n, 4) as (t, z, y, x), and class values (n); packed, for a pipe."""

    places: str = ""
    values: str = ""

    @classmethod
    def of(cls, places: NDArray[np.integer], values: NDArray[np.integer]) -> Self:
        """Places (n, 4) and values (n)."""
        packed = (base64.b64encode(np.ascontiguousarray(one, "<i4").tobytes()).decode() for one in (places, values))
        return cls(places=next(packed), values=next(packed))

    def unpacked(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places (n, 4) and values (n)."""
        places, values = (np.frombuffer(base64.b64decode(one), "<i4") for one in (self.places, self.values))
        return places.reshape(-1, 4).astype(np.int64), values.astype(np.int64)


class Corrected(Settings):
    """Labels and what of them is confirmed, both (T, Z, Y, X)."""

    labels: ArrayRef
    confirmed: ArrayRef

    @property
    def files(self) -> tuple[Path, ...]:
        """Where they are."""
        return Path(self.labels.path), Path(self.confirmed.path)


class LiveResult(Result):
    """Class values (y, x) uint8 of the voxels in ``box``, or ids uint32 of objects, from ``used`` samples.

    ``labels`` are all 0 where nothing can be told yet: ``known`` are the values that were told apart, two or more (0
    and 1 for objects), or none.
    ``looked_s`` is how long it took to compute features, 0 where they were at hand; ``seconds`` the whole answer.
    """

    type: Literal["live"] = "live"
    generation: int
    labels: Annotated[ArrayRef, WRITTEN]
    box: LiveBox
    known: tuple[int, ...]
    used: int
    looked_s: float
    seconds: float


class LearningJob(Job):
    """What a head is fitted on.

    Attributes
    ----------
    image
        As the network sees it.
    colours
        All its channels, for filters; None: those of ``image``.
    model
        The 2D network whose features are used, whatever it was made for.
    samples
        What is confirmed of classes.
    corrections
        Of objects: what is in the part that is asked for. None: labels are classes.
    """

    image: VolumeRef
    colours: VolumeRef | None = None
    model: Annotated[str, READ]
    samples: Samples = Samples()
    corrections: Corrected | None = None
    settings: SegmentSettings = SegmentSettings()

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The files of corrections."""
        return () if self.corrections is None else self.corrections.files


class LabellingJob(LearningJob):
    """What was learned so is applied: labels go to ``out``."""

    out: Annotated[ArrayRef, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """Also the file of labels, which are taken from it."""
        return (Path(self.out.path), *super().temporary)


class LiveJob(LabellingJob):
    """Propose classes, or objects, for ``box`` ((start, stop) for t, z, y, x; one slice) from what is confirmed.

    Samples beside the box count while the features there are still kept.
    """

    verb: ClassVar[str] = "live"
    goes_first: ClassVar[bool] = True
    result: ClassVar[ResultClass] = LiveResult

    type: Literal["live"] = "live"
    box: LiveBox
    generation: int


class LiveAllJob(LabellingJob):
    """Propose labels for all of an image as `LiveJob` does for a view; uint32 (T, Z, Y, X) go to ``out``."""

    verb: ClassVar[str] = "segment"
    holds_region: ClassVar[bool] = True
    result: ClassVar[ResultClass] = SegmentResult

    type: Literal["live-all"] = "live-all"

    @property
    def provisional(self) -> Provisional:
        """Labels tile by tile."""
        return Provisional(image=self.image.pixels, labels=self.out)


class KeepLiveResult(Result):
    """A model file with a head fitted to ``used`` voxels, which tells ``known`` apart (0 and 1 for objects)."""

    type: Literal["keep-live"] = "keep-live"
    model: Annotated[str, WRITTEN]
    known: tuple[int, ...]
    used: int
    seconds: float


class KeepLiveJob(LearningJob):
    """Write what `LiveAllJob` would apply, with the network that it looks with, as a model to ``out``."""

    verb: ClassVar[str] = "keep-live"
    result: ClassVar[ResultClass] = KeepLiveResult

    type: Literal["keep-live"] = "keep-live"
    classes: tuple[ClassName, ...] = ()
    out: Annotated[str, WRITTEN]

    @property
    def unfinished_files(self) -> tuple[Path, ...]:
        """The model, as long as nobody told of it."""
        return (Path(self.out),)
