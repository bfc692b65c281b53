"""A whole evaluation in the engine: the network proposes, and what it proposes is compared and thrown away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data import samples
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.plans import Engine, run
from napari_apprentice.events import Failed, Finished, Progress, TileDone, WasCancelled
from napari_apprentice.jobs import ArrayRef, EvaluateJob, VolumeRef
from napari_apprentice.session.catalog import bundled_files

needs_model = pytest.mark.skipif(not bundled_files(), reason="no bundled model")
EDGE = 160


@pytest.fixture
def job(tmp_path: Path) -> EvaluateJob:
    """The sample of nuclei, of which the middle is annotated as a whole."""
    volume, truth = samples.load("nuclei_2d")
    inner = ((0, 1), (0, 1), (20, 20 + EDGE), (30, 30 + EDGE))
    labels = truth[tuple(slice(*edges) for edges in inner)]
    return EvaluateJob(
        id="evaluate-1",
        image=VolumeRef(pixels=scratch.write(tmp_path / "pixels.npy", volume.pixels), name="nuclei"),
        labels=scratch.write(tmp_path / "labels.npy", labels.astype(np.uint32)),
        inner=inner,
        model=str(bundled_files()["nuclei-2d"][1]),
        proposal=str(tmp_path / "proposal.npy"),
        out=ArrayRef(path=str(tmp_path / "marks.npy")),
    )


@needs_model
def test_the_sample_is_segmented_and_judged_where_it_is_annotated(job: EvaluateJob) -> None:
    events = list(Engine().run(job, lambda: False))
    assert isinstance(events[-1], Finished)
    result = events[-1].result
    labels = scratch.read(job.labels)
    assert result.annotated == len(np.unique(labels)) - 1
    assert result.precision is not None
    assert 0.6 < result.precision[0] <= 1
    assert result.dice["foreground"] is not None
    assert result.dice["foreground"] > 0.8
    assert result.background
    assert scratch.read(result.marks).shape == (1, 1, EDGE, EDGE)
    assert not any(isinstance(event, TileDone) for event in events)
    assert any(isinstance(event, Progress) for event in events)


@needs_model
def test_a_cancel_is_heard(job: EvaluateJob) -> None:
    assert list(run(job, lambda: True))[-1] == WasCancelled()


@needs_model
def test_nothing_known_is_a_sentence(job: EvaluateJob, tmp_path: Path) -> None:
    nothing = scratch.write(tmp_path / "confirmed.npy", np.zeros((1, 1, EDGE, EDGE), np.uint8))
    last = list(run(job.model_copy(update={"confirmed": nothing}), lambda: False))[-1]
    assert isinstance(last, Failed)
    assert last.user_error
    assert last.message.startswith("No object is confirmed as a whole")
