"""What can be asked for, and what comes of it: frozen records, small enough for a pipe.

A kind of job is one class in a file of its own, entered in `kinds`; what it says about itself (`base.Job`) decides
where it runs, what travels with it and what is cleaned up, so that session and runners know no kind by name.
"""

from napari_apprentice.jobs.base import ArrayRef, Job, Provisional, Result
from napari_apprentice.jobs.click import Asked, AskingJob, AskJob, ClickJob, ClickResult, SuggestJob
from napari_apprentice.jobs.describe import DescribeJob, DescribeResult
from napari_apprentice.jobs.evaluate import EvaluateJob, EvaluateResult, WrongRef
from napari_apprentice.jobs.export import ExportJob, ExportResult
from napari_apprentice.jobs.inside import OUTPUT, InsideJob, InsideResult
from napari_apprentice.jobs.kinds import AnyJob, AnyResult, from_plain
from napari_apprentice.jobs.live import (
    Corrected,
    KeepLiveJob,
    KeepLiveResult,
    LearningJob,
    LiveAllJob,
    LiveJob,
    LiveResult,
    Samples,
)
from napari_apprentice.jobs.map_objects import MapJob, MapMethod, MapResult, TsneJob
from napari_apprentice.jobs.masks import PackedMask
from napari_apprentice.jobs.refs import Point, StoreRef, TrainingImageRef, VolumeRef
from napari_apprentice.jobs.segment import CompareJob, ProposingJob, SegmentJob, SegmentResult, TryJob
from napari_apprentice.jobs.segment_large import SegmentLargeJob, SegmentLargeResult
from napari_apprentice.jobs.teach import TeachJob, TeachResult
from napari_apprentice.jobs.teach_clicks import TeachClicksJob, TeachClicksResult
from napari_apprentice.jobs.travel import (
    ActivationName,
    AskedOfModel,
    ExportModelJob,
    ExportModelResult,
    Form,
    ImportModelJob,
    ImportModelResult,
    NormalizeName,
    Untold,
)

__all__ = [
    "OUTPUT",
    "ActivationName",
    "AnyJob",
    "AnyResult",
    "ArrayRef",
    "AskJob",
    "Asked",
    "AskedOfModel",
    "AskingJob",
    "ClickJob",
    "ClickResult",
    "CompareJob",
    "Corrected",
    "DescribeJob",
    "DescribeResult",
    "EvaluateJob",
    "EvaluateResult",
    "ExportJob",
    "ExportModelJob",
    "ExportModelResult",
    "ExportResult",
    "Form",
    "ImportModelJob",
    "ImportModelResult",
    "InsideJob",
    "InsideResult",
    "Job",
    "KeepLiveJob",
    "KeepLiveResult",
    "LearningJob",
    "LiveAllJob",
    "LiveJob",
    "LiveResult",
    "MapJob",
    "MapMethod",
    "MapResult",
    "NormalizeName",
    "PackedMask",
    "Point",
    "ProposingJob",
    "Provisional",
    "Result",
    "Samples",
    "SegmentJob",
    "SegmentLargeJob",
    "SegmentLargeResult",
    "SegmentResult",
    "StoreRef",
    "SuggestJob",
    "TeachClicksJob",
    "TeachClicksResult",
    "TeachJob",
    "TeachResult",
    "TrainingImageRef",
    "TryJob",
    "TsneJob",
    "Untold",
    "VolumeRef",
    "WrongRef",
    "from_plain",
]
