"""What can be asked for, and what comes of it: frozen records, small enough for a pipe.

A kind of job is one class in `kinds`; what it says about itself (`base.Job`) decides where it runs, what travels with
it and what is cleaned up, so that session and runners know no kind by name.
"""

from napari_apprentice.jobs.base import ArrayRef, Job, Provisional, Result
from napari_apprentice.jobs.kinds import (
    AnyJob,
    AnyResult,
    ClickJob,
    ClickResult,
    EvaluateJob,
    EvaluateResult,
    ExportJob,
    ExportResult,
    InsideJob,
    InsideResult,
    LessonRef,
    Point,
    SegmentJob,
    SegmentLargeJob,
    SegmentLargeResult,
    SegmentResult,
    StoreRef,
    TeachJob,
    TeachResult,
    VolumeRef,
    WrongRef,
    from_plain,
)

__all__ = [
    "AnyJob",
    "AnyResult",
    "ArrayRef",
    "ClickJob",
    "ClickResult",
    "EvaluateJob",
    "EvaluateResult",
    "ExportJob",
    "ExportResult",
    "InsideJob",
    "InsideResult",
    "Job",
    "LessonRef",
    "Point",
    "Provisional",
    "Result",
    "SegmentJob",
    "SegmentLargeJob",
    "SegmentLargeResult",
    "SegmentResult",
    "StoreRef",
    "TeachJob",
    "TeachResult",
    "VolumeRef",
    "WrongRef",
    "from_plain",
]
