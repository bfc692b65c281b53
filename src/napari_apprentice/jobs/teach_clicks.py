"""The network that is asked by clicks learns from objects that were kept."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import READ, WRITTEN, Result, ResultClass
from napari_apprentice.jobs.teach import TrainingJob
from napari_apprentice.settings import TeachClicksSettings


class TeachClicksResult(Result):
    """It learned from ``objects``; what it does on ``judged`` others, which were set aside, from a simulated user.

    ``clicks_before`` and ``clicks_after`` are means of the clicks that an object takes (None: nothing was set aside).
    ``better`` says whether it is so for sure (None: it could not be judged, and ``why_no_score`` says why), and
    ``why_waits`` why it is not. ``gain_low`` and ``gain_high`` are the ends of the 90 % interval of what the mean IoU
    after the first clicks gained.
    """

    type: Literal["teach-clicks"] = "teach-clicks"
    model: Annotated[str, WRITTEN]
    objects: int
    judged: int = 0
    clicks_before: float | None = None
    clicks_after: float | None = None
    better: bool | None = None
    why_no_score: str = ""
    why_waits: str = ""
    gain_low: float | None = None
    gain_high: float | None = None
    steps: int = 0
    seconds: float = 0.0


class TeachClicksJob(TrainingJob):
    """Fine-tune ``parent``, a network that is asked by clicks, on confirmed objects; writes a model to ``out``."""

    verb: ClassVar[str] = "teach-clicks"
    result: ClassVar[ResultClass] = TeachClicksResult
    when_out_of_memory: ClassVar[str] = "The memory of the device is not enough: choose the CPU as the device."

    type: Literal["teach-clicks"] = "teach-clicks"
    parent: Annotated[str, READ]
    settings: TeachClicksSettings = TeachClicksSettings()
