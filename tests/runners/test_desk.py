from __future__ import annotations

import time

import pytest

from napari_apprentice.jobs import ArrayRef, SegmentJob, VolumeRef
from napari_apprentice.runners.cluster.desk import Desk


def test_a_job_that_nobody_asks_about_any_more_is_ended() -> None:
    desk = Desk(lease_s=1.0)
    try:
        image = VolumeRef(pixels=ArrayRef(path="pixels.npy"))
        job = SegmentJob(id="1", image=image, model="m.safetensors", out=ArrayRef(path="out")).model_dump(mode="json")
        asked_about, forgotten = desk.start(job), desk.start(job)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            desk.poll(asked_about)
            time.sleep(0.1)
        desk.poll(asked_about)
        with pytest.raises(KeyError):
            desk.poll(forgotten)
    finally:
        desk.close()
