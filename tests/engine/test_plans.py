from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import device, plans
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, WasCancelled
from napari_apprentice.jobs import AnyJob, ArrayRef, SegmentJob, TeachJob, VolumeRef
from napari_apprentice.settings import SegmentSettings

TINY = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2)


@pytest.fixture
def job(tmp_path: Path) -> SegmentJob:
    save(tmp_path / "m.safetensors", ModelHeader(id="m", name="tiny", net=TINY), build(TINY))
    pixels = scratch.write(tmp_path / "image.npy", np.random.default_rng(0).random((1, 1, 1, 40, 40), np.float32))
    return SegmentJob(
        id="s",
        image=VolumeRef(pixels=pixels),
        model=str(tmp_path / "m.safetensors"),
        out=ArrayRef(path=str(tmp_path / "out.npy")),
    )


def last(job: SegmentJob | TeachJob, *, cancelled: bool = False) -> Event:
    *_, event = plans.run(job, lambda: cancelled)
    return event


def failure(job: SegmentJob) -> Failed:
    event = last(job)
    assert isinstance(event, Failed)
    assert event.message.count(". ") == 0, "one sentence"
    return event


def test_every_kind_of_job_has_a_plan() -> None:
    assert set(plans.PLANS) == set(get_args(AnyJob))


def test_a_cancelled_job_says_so(job: SegmentJob) -> None:
    assert last(job, cancelled=True) == WasCancelled()


def test_a_missing_model_is_the_users_to_fix(job: SegmentJob) -> None:
    failed = failure(job.model_copy(update={"model": "nowhere.safetensors"}))
    assert failed.user_error
    assert "nowhere.safetensors" in failed.message


def test_a_truncated_model_is_the_users_to_fix(job: SegmentJob) -> None:
    path = Path(job.model)
    path.write_bytes(path.read_bytes()[:-100])
    assert "cut short" in failure(job).message


def test_channels_that_do_not_fit_are_said(job: SegmentJob, tmp_path: Path) -> None:
    pixels = scratch.write(tmp_path / "two.npy", np.zeros((1, 2, 1, 40, 40), np.uint8))
    failed = failure(job.model_copy(update={"image": VolumeRef(pixels=pixels)}))
    assert failed.user_error
    assert "2" in failed.message


def test_a_device_that_is_not_here_is_said(job: SegmentJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    failed = failure(job.model_copy(update={"settings": SegmentSettings(device="cuda")}))
    assert "choose cpu" in failed.message


def test_a_result_folder_that_cannot_be_written_is_said(job: SegmentJob, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed = failure(job.model_copy(update={"out": ArrayRef(path=str(tmp_path / "file" / "out.npy"))}))
    assert failed.user_error


@pytest.mark.parametrize(
    ("error", "words", "is_users"),
    [
        (UserError("Do this."), "Do this.", True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "smaller tile", True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "smaller tile", True),
        (MemoryError(), "smaller tile", True),
        (RuntimeError("could not create a primitive"), "smaller tile", True),
        (RuntimeError("std::future_error: Broken promise"), "smaller tile", True),
        (OSError(28, "No space left on device"), "disk is full", True),
        (OSError(5, "Input/output error"), "connect the drive again or choose another folder", True),
        (PermissionError(13, "Permission denied", "/out/labels.npy"), "Cannot write /out/labels.npy", True),
        (OSError(30, "Read-only file system"), "allow writing there", True),
        (OSError(12, "Cannot allocate memory"), "smaller tile", True),
        (ZeroDivisionError("division by zero"), "report", False),
    ],
)
def test_each_trouble_is_one_sentence(job: SegmentJob, error: Exception, words: str, is_users: bool) -> None:
    failed = plans.failure_of(error, job)
    assert words in failed.message
    assert failed.user_error is is_users
    assert ("ZeroDivisionError" in failed.details) is not is_users


@pytest.mark.parametrize(
    ("error", "advice"),
    [(PermissionError(13, "Permission denied"), "allow reading it"), (OSError(5, "I/O error"), "connect the drive")],
)
def test_a_file_that_the_disk_does_not_give_is_named(job: SegmentJob, error: OSError, advice: str) -> None:
    error.filename = job.image.pixels.path
    failed = plans.failure_of(error, job)
    assert failed.message.startswith(f"{job.image.pixels.path} cannot be read")
    assert advice in failed.message
    assert failed.user_error


def test_auto_takes_the_best_device() -> None:
    found = device.available()
    assert found[-1].name == "cpu"
    assert device.pick("auto") == found[0]
    assert "thread" in found[-1].words
    assert plans.Engine().devices()[0] == (found[0].name, found[0].words)
