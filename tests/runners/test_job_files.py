from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_apprentice.data.storage import scratch
from napari_apprentice.jobs import ArrayRef, SegmentJob, TeachJob, TrainingImageRef, VolumeRef
from napari_apprentice.runners.cluster.job_files import OUT, pack_job


def image(folder: Path, name: str) -> VolumeRef:
    pixels, sample = (scratch.write(folder / f"{name}-{part}.npy", np.zeros((1, 1, 1, 2, 3))) for part in ("a", "b"))
    return VolumeRef(pixels=pixels, fitted_on=sample, name=name)


def test_everything_that_a_job_names_travels_and_nothing_keeps_a_path_of_here(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"weights")
    segment = SegmentJob(id="1", image=image(tmp_path, "one"), model=str(model), out=ArrayRef(path=str(tmp_path / "o")))
    labels = scratch.write(tmp_path / "labels.npy", np.zeros((1, 1, 2, 3), np.uint32))
    ref = TrainingImageRef(image=image(tmp_path, "two"), labels=labels, confirmed=labels)
    teach = TeachJob(id="2", kind="instances", training_data=(ref,), parent=str(model), out=str(tmp_path / "v1"))
    for job, count in ((segment, 3), (teach, 4)):
        sent, files = pack_job(job)
        assert len(files) == count
        assert all(path.exists() for path in files.values())
        assert str(tmp_path) not in sent.model_dump_json()
        assert OUT in sent.model_dump_json()
