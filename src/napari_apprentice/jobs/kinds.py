"""Which kinds of jobs there are: each is a file of its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from napari_apprentice.jobs.click import AskJob, ClickJob, ClickResult, SuggestJob
from napari_apprentice.jobs.describe import DescribeJob, DescribeResult
from napari_apprentice.jobs.evaluate import EvaluateJob, EvaluateResult
from napari_apprentice.jobs.export import ExportJob, ExportResult
from napari_apprentice.jobs.inside import InsideJob, InsideResult
from napari_apprentice.jobs.live import KeepLiveJob, KeepLiveResult, LiveAllJob, LiveJob, LiveResult
from napari_apprentice.jobs.map_objects import MapJob, MapResult, TsneJob
from napari_apprentice.jobs.segment import CompareJob, SegmentJob, SegmentResult, TryJob
from napari_apprentice.jobs.segment_large import SegmentLargeJob, SegmentLargeResult
from napari_apprentice.jobs.teach import TeachJob, TeachResult
from napari_apprentice.jobs.teach_clicks import TeachClicksJob, TeachClicksResult
from napari_apprentice.jobs.travel import ExportModelJob, ExportModelResult, ImportModelJob, ImportModelResult

AnyJob = (
    SegmentJob
    | CompareJob
    | TryJob
    | SegmentLargeJob
    | EvaluateJob
    | TeachJob
    | TeachClicksJob
    | ExportJob
    | ClickJob
    | AskJob
    | SuggestJob
    | InsideJob
    | LiveJob
    | LiveAllJob
    | KeepLiveJob
    | ExportModelJob
    | ImportModelJob
    | DescribeJob
    | MapJob
    | TsneJob
)
AnyResult = (
    SegmentResult
    | SegmentLargeResult
    | EvaluateResult
    | TeachResult
    | TeachClicksResult
    | ExportResult
    | ClickResult
    | InsideResult
    | LiveResult
    | KeepLiveResult
    | ExportModelResult
    | ImportModelResult
    | DescribeResult
    | MapResult
)
_adapter: TypeAdapter[AnyJob] = TypeAdapter(Annotated[AnyJob, Field(discriminator="type")])


def from_plain(plain: dict[str, Any]) -> AnyJob:
    """The job that ``model_dump(mode="json")`` wrote."""
    return _adapter.validate_python(plain)
