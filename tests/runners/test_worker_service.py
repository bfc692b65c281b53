from __future__ import annotations

import time

import pytest

from napari_apprentice.jobs import ArrayRef, SegmentJob, VolumeRef
from napari_apprentice.runners.cluster.worker_service import WorkerService


def test_a_job_that_nobody_asks_about_any_more_is_ended() -> None:
    service = WorkerService(lease_s=1.0)
    try:
        image = VolumeRef(pixels=ArrayRef(path="pixels.npy"))
        job = SegmentJob(id="1", image=image, model="m.safetensors", out=ArrayRef(path="out")).model_dump(mode="json")
        asked_about, forgotten = service.start(job), service.start(job)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            service.poll(asked_about)
            time.sleep(0.1)
        service.poll(asked_about)
        with pytest.raises(KeyError):
            service.poll(forgotten)
    finally:
        service.close()
