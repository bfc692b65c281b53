"""Teach: a new version of a model from corrections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.architecture import NetSettings
from napari_apprentice.jobs.base import READ, WRITTEN, Job, Process, Result, ResultClass
from napari_apprentice.jobs.refs import TrainingImageRef
from napari_apprentice.settings import ClassName, Kind, TeachSettings


class TeachResult(Result):
    """Scores are on corrections that neither taught nor chose; None with ``why_no_score`` when these are too few.

    ``better`` says whether it is so for sure (None: it could not be judged) and ``why_waits`` why it is not.
    ``gain_low`` and ``gain_high`` are the ends of the 90 % interval of what was gained (`data/labels/gains`), and
    ``share_lost`` is how much of what the parent was sure of, where nobody corrected, is gone or different.
    ``patches`` is how many it learned from, in all ``steps``.
    """

    type: Literal["teach"] = "teach"
    model: Annotated[str, WRITTEN]
    score_before: float | None = None
    score_after: float | None = None
    better: bool | None = None
    why_no_score: str = ""
    why_waits: str = ""
    gain_low: float | None = None
    gain_high: float | None = None
    share_lost: float | None = None
    steps: int = 0
    patches: int = 0
    seconds: float = 0.0


class TrainingJob(Job):
    """A network learns from corrected images, in a process of its own; writes a model to ``out``."""

    process: ClassVar[Process] = "own"
    travels: ClassVar[bool] = True

    training_data: tuple[TrainingImageRef, ...]
    out: Annotated[str, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the corrections' copies."""
        return tuple({Path(image.labels.path).parent for image in self.training_data})

    @property
    def unfinished_files(self) -> tuple[Path, ...]:
        """The model, as long as nobody told of it."""
        return (Path(self.out),)


class TeachJob(TrainingJob):
    """Fine-tune ``parent`` (a model file), or a fresh ``net``, on corrected images; writes a model to ``out``.

    ``keeps_pools``: the net is taken as it is; else its pooling follows the spacing of the images. ``encoder`` is a
    file with weights that the way down of a fresh net begins with. ``representation`` says how it is
    to tell what is where (`data/representations`); None: as the parent does, or as is usual for the ``kind``.
    ``goes_on_from`` is a version that was taught from ``parent`` before: it begins as that one ended, and is judged
    against ``parent`` all the same.
    """

    verb: ClassVar[str] = "teach"
    result: ClassVar[ResultClass] = TeachResult
    when_out_of_memory: ClassVar[str] = (
        "The memory of the device is not enough: choose smaller patches or fewer in one step, or the CPU as the device."
    )

    type: Literal["teach"] = "teach"
    kind: Kind
    classes: tuple[ClassName, ...] = ()
    parent: Annotated[str | None, READ] = None
    goes_on_from: Annotated[str | None, READ] = None
    net: NetSettings | None = None
    keeps_pools: bool = False
    encoder: Annotated[str | None, READ] = None
    representation: str | None = None
    settings: TeachSettings = TeachSettings()
