"""What a kind of job says about itself is all that session and runners know of it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from napari_apprentice.jobs import (
    AnyJob,
    AnyResult,
    ArrayRef,
    Asked,
    AskJob,
    ClickJob,
    CompareJob,
    Corrected,
    DescribeJob,
    EvaluateJob,
    ExportJob,
    ExportModelJob,
    ImportModelJob,
    InsideJob,
    KeepLiveJob,
    LiveAllJob,
    LiveJob,
    MapJob,
    PackedMask,
    Samples,
    SegmentJob,
    SegmentLargeJob,
    SegmentResult,
    SuggestJob,
    TeachClicksJob,
    TeachJob,
    TeachResult,
    TrainingImageRef,
    TryJob,
    TsneJob,
    VolumeRef,
    from_plain,
)

IMAGE = VolumeRef(pixels=ArrayRef(path="/a/pixels.npy"), fitted_on=ArrayRef(path="/a/sample.npy"))
TRAINING_IMAGE = TrainingImageRef(
    image=IMAGE, labels=ArrayRef(path="/s/teach-1/l.npy"), confirmed=ArrayRef(path="/s/teach-1/v.npy")
)
SEGMENT = SegmentJob(id="1", image=IMAGE, model="/m/one.safetensors", out=ArrayRef(path="/s/1.npy"))
COMPARE = CompareJob(id="9", image=IMAGE, model="/m/two.safetensors", out=ArrayRef(path="/s/2.npy"))
TRY = TryJob(
    id="11",
    image=IMAGE,
    model="/m/two.safetensors",
    doubts=True,
    own=("/s/11-field.npy",),
    out=ArrayRef(path="/s/11.npy"),
)
LARGE = SegmentLargeJob(id="2", image="/a/slide.tif", model="/m/one.safetensors", out="/p/proposal.zarr")
TEACH = TeachJob(
    id="3", kind="instances", training_data=(TRAINING_IMAGE,), parent="/m/one.safetensors", out="/v/v2.safetensors"
)
TEACH_CLICKS = TeachClicksJob(
    id="16", training_data=(TRAINING_IMAGE,), parent="/m/click.safetensors", out="/c/v1.safetensors"
)
EXPORT = ExportJob(id="4", labels="/s/export-4/labels", spacing=(1, 1, 1), unit="um", out="/u/labels.tif")
CLICK = ClickJob(id="5", image=IMAGE, model="/m/one.safetensors", point=(0, 0, 3, 4), generation=1)
INSIDE = InsideJob(
    id="6",
    image=IMAGE,
    model="/m/one.safetensors",
    level="encoder 0",
    box=((0, 1),) * 4,
    generation=1,
    out=ArrayRef(path="/s/6.npy"),
)
EVALUATE = EvaluateJob(
    id="7",
    image=IMAGE,
    labels=ArrayRef(path="/s/evaluate-7/labels.npy"),
    confirmed=ArrayRef(path="/s/evaluate-7/confirmed.npy"),
    inner=((0, 1),) * 4,
    model="/m/one.safetensors",
    proposal="/s/evaluate-7/proposal.npy",
    out=ArrayRef(path="/s/evaluate-7/marks.npy"),
)
ASK = AskJob(
    id="8",
    image=IMAGE,
    click_model="/m/click.safetensors",
    asked=Asked(add=((0, 0, 3, 4),), mask=PackedMask.of(np.ones((1, 1, 2, 2), bool), (0, 0, 3, 4))),
    point=(0, 0, 5, 5),
    removes=True,
    generation=2,
    rival=CLICK,
)
SUGGEST = SuggestJob(
    id="12", image=IMAGE, click_model="/m/click.safetensors", asked=Asked(), point=(0, 0, 5, 5), generation=1, width=9.5
)
LIVE = LiveJob(
    id="9",
    image=IMAGE,
    model="/m/one.safetensors",
    box=((0, 1),) * 4,
    samples=Samples.of(np.array([[0, 0, 3, 4]]), np.array([2])),
    generation=1,
    out=ArrayRef(path="/s/9.npy"),
)
LIVE_ALL = LiveAllJob(
    id="10",
    image=IMAGE,
    model="/m/one.safetensors",
    corrections=Corrected(labels=ArrayRef(path="/s/10-l.npy"), confirmed=ArrayRef(path="/s/10-c.npy")),
    out=ArrayRef(path="/s/10.npy"),
)
KEEP_LIVE = KeepLiveJob(
    id="11",
    image=IMAGE,
    model="/m/one.safetensors",
    corrections=Corrected(labels=ArrayRef(path="/s/11-l.npy"), confirmed=ArrayRef(path="/s/11-c.npy")),
    out="/p/versions/v3.safetensors",
)
EXPORT_MODEL = ExportModelJob(id="12", model="/m/one.safetensors", to="onnx", out="/o/one.onnx")
IMPORT_MODEL = ImportModelJob(id="13", file="/o/two.zip", outputs=("foreground",), out="/o/two.safetensors")
TRAVELLING = (EXPORT_MODEL, IMPORT_MODEL)
IMAGES = (
    SEGMENT,
    COMPARE,
    TRY,
    LARGE,
    TEACH,
    TEACH_CLICKS,
    EXPORT,
    CLICK,
    INSIDE,
    EVALUATE,
    ASK,
    SUGGEST,
    LIVE,
    LIVE_ALL,
    KEEP_LIVE,
)
DESCRIBE = DescribeJob(
    id="13",
    image=IMAGE,
    model="/m/one.safetensors",
    labels=ArrayRef(path="/s/13-l.npy"),
    objects=ArrayRef(path="/s/13-o.npy"),
    out=ArrayRef(path="/s/13.npy"),
)
MAP = MapJob(id="14", values=ArrayRef(path="/s/14-v.npy"), out=ArrayRef(path="/s/14.npy"))
TSNE = TsneJob(id="15", values=ArrayRef(path="/s/15-v.npy"), out=ArrayRef(path="/s/15.npy"))
OBJECTS = (DESCRIBE, MAP, TSNE)
ALL = (*IMAGES, *TRAVELLING, *OBJECTS)


def test_every_kind_goes_through_a_pipe_and_names_its_result() -> None:
    assert {type(job) for job in ALL} == set(get_args(AnyJob))
    assert {job.result for job in ALL} == set(get_args(AnyResult))
    for job in ALL:
        assert from_plain(job.model_dump(mode="json")) == job


def test_what_takes_long_has_a_process_of_its_own_and_a_click_goes_first() -> None:
    assert [job.type for job in ALL if job.process == "own"] == ["teach", "teach-clicks", "export", "map-tsne"]
    assert [job.type for job in ALL if job.goes_first] == ["click", "inside", "ask", "live"]
    assert [job.type for job in ALL if job.travels] == ["segment", "compare", "try", "teach", "teach-clicks"]
    assert [job.type for job in ALL if job.holds_region] == ["segment", "compare", "try", "evaluate", "live-all"]
    assert LARGE.verb == SEGMENT.verb == LIVE_ALL.verb == "segment"


@pytest.mark.parametrize(
    ("job", "reads", "writes"),
    [
        (SEGMENT, {"/a/pixels.npy", "/a/sample.npy", "/m/one.safetensors"}, "/s/1.npy"),
        (COMPARE, {"/a/pixels.npy", "/a/sample.npy", "/m/two.safetensors"}, "/s/2.npy"),
        (
            TEACH,
            {"/a/pixels.npy", "/a/sample.npy", "/s/teach-1/l.npy", "/s/teach-1/v.npy", "/m/one.safetensors"},
            "/v/v2.safetensors",
        ),
        (
            TEACH_CLICKS,
            {"/a/pixels.npy", "/a/sample.npy", "/s/teach-1/l.npy", "/s/teach-1/v.npy", "/m/click.safetensors"},
            "/c/v1.safetensors",
        ),
        (LARGE, {"/m/one.safetensors"}, "/p/proposal.zarr"),
        (
            LIVE_ALL,
            {"/a/pixels.npy", "/a/sample.npy", "/m/one.safetensors", "/s/10-l.npy", "/s/10-c.npy"},
            "/s/10.npy",
        ),
        (CLICK, {"/a/pixels.npy", "/a/sample.npy", "/m/one.safetensors"}, ""),
        (
            EVALUATE,
            {
                "/a/pixels.npy",
                "/a/sample.npy",
                "/s/evaluate-7/labels.npy",
                "/s/evaluate-7/confirmed.npy",
                "/m/one.safetensors",
            },
            "/s/evaluate-7/marks.npy",
        ),
    ],
)
def test_a_job_knows_what_it_reads_and_writes(job, reads: set[str], writes: str) -> None:
    assert set(job.reads) == reads
    assert job.writes == writes


def test_a_job_that_is_moved_has_all_its_files_elsewhere_and_is_the_same_otherwise() -> None:
    moved = TEACH.with_paths(lambda path: f"/w/{Path(path).name}", "/w/out.safetensors")
    assert set(moved.reads) == {f"/w/{Path(path).name}" for path in TEACH.reads}
    assert moved.writes == "/w/out.safetensors"
    assert moved.with_paths(lambda path: path, TEACH.out).training_data[0].image.pixels.path == "/w/pixels.npy"
    assert moved.settings == TEACH.settings
    assert SEGMENT.with_paths(lambda path: path, "/w/2.npy").out == ArrayRef(path="/w/2.npy")


def test_a_result_from_another_machine_names_the_file_here_and_that_machine() -> None:
    labels = SegmentResult(job="1", labels=ArrayRef(path="/w/1.npy"), objects=3, seconds=1.0, device="CPU")
    here = labels.brought("/s/1.npy", "node7")
    assert (here.labels.path, here.device, here.objects) == ("/s/1.npy", "node7: CPU", 3)
    assert TeachResult(job="3", model="/w/out.safetensors").brought("/v/v2.safetensors", "node7").model == TEACH.out


def test_copies_go_with_a_job_and_a_model_only_when_it_was_not_finished() -> None:
    assert SEGMENT.temporary == (Path("/s/1.npy"),)
    assert TEACH.temporary == (Path("/s/teach-1"),)
    assert TEACH.unfinished_files == (Path("/v/v2.safetensors"),)
    assert (TEACH_CLICKS.temporary, TEACH_CLICKS.unfinished_files) == (TEACH.temporary, (Path("/c/v1.safetensors"),))
    assert EXPORT.temporary == (Path("/s/export-4"),)
    assert EXPORT.unfinished_files == ()  # a file of the user's may lie there
    assert LARGE.temporary == LARGE.unfinished_files == ()  # it goes on where it was stopped
