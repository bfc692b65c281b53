"""The network that ships learns from a few objects: what is written and told, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.models import read_header
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.checkpoint import load
from napari_apprentice.engine.teach_clicks import run
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Finished, Progress
from napari_apprentice.jobs import TeachClicksJob, TrainingImageRef, VolumeRef
from napari_apprentice.session.catalog import ASKED, bundled_files
from napari_apprentice.settings import TeachClicksSettings

BUNDLED = bundled_files()[ASKED][1]


@dataclass
class Cells:
    """A job on an image of bright squares, all confirmed."""

    folder: Path

    def job(self, many: int = 6, parent: Path = BUNDLED, **settings) -> TeachClicksJob:
        labels = np.zeros((1, 1, 240, 240), np.uint32)
        for i in range(many * many):
            y, x = (40 * k + 12 for k in divmod(i, many))
            labels[0, 0, y : y + 14, x : x + 14] = i + 1
        pixels = np.random.default_rng(0).normal(100, 5, (1, 1, 1, 240, 240)) + 100 * (labels[:, None] > 0)
        return TeachClicksJob(
            id="t",
            training_data=(
                TrainingImageRef(
                    image=VolumeRef(pixels=scratch.write(self.folder / "p.npy", pixels.astype(np.uint16))),
                    labels=scratch.write(self.folder / "l.npy", labels),
                    confirmed=scratch.write(self.folder / "c.npy", 2 * (labels > 0).astype(np.uint8)),
                    key="squares",
                ),
            ),
            parent=str(parent),
            settings=TeachClicksSettings(**{"max_steps": 2, "device": "cpu", "threads": 1, **settings}),
            out=str(self.folder / "v1.safetensors"),
        )


@pytest.fixture
def cells(tmp_path):
    return Cells(tmp_path)


def test_it_writes_a_network_that_is_asked_and_tells_clicks_before_and_after(cells):
    events = list(run(cells.job(), lambda: False))
    last = events[-1]
    assert isinstance(last, Finished)
    result = last.result
    assert (result.steps, result.objects + result.judged) == (2, 36)
    assert result.judged >= 8
    assert 1 <= result.clicks_before < 2, "bright squares are known"
    assert result.better is False, "two steps make nothing better for sure"
    assert f"on {result.judged} set aside" in result.why_waits
    header = read_header(cells.folder / "v1.safetensors")
    assert (header.kind, header.parent, header.id) == ("prompts", ASKED, "click-v1")
    assert header.trained_on[-1] == "objects that were kept"
    _, old = load(BUNDLED)
    _, new = load(cells.folder / "v1.safetensors")
    assert any((a != b).any() for a, b in zip(old.parameters(), new.parameters(), strict=True))
    assert any(isinstance(event, Progress) and event.what.startswith("Learning") for event in events)


def test_the_same_job_comes_to_the_same_network(cells):
    made = []
    for _ in range(2):
        list(run(cells.job(many=2, max_steps=1), lambda: False))
        made.append(load(cells.folder / "v1.safetensors")[1])
    for a, b in zip(*(net.parameters() for net in made), strict=True):
        assert (a == b).all()


def test_a_cancel_writes_nothing(cells):
    said = []

    def cancelled() -> bool:
        said.append(1)
        return len(said) > 3

    with pytest.raises(Cancelled):
        list(run(cells.job(many=2), cancelled))
    assert not (cells.folder / "v1.safetensors").exists()


def test_a_cancel_is_heard_while_kept_objects_are_read(cells):
    job, asked = cells.job(), []
    many = job.model_copy(update={"training_data": job.training_data * 5})

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 3  # the second of five images

    with pytest.raises(Cancelled):
        list(run(many, cancelled))
    assert len(asked) == 4


def test_a_model_for_all_objects_cannot_be_asked(cells):
    with pytest.raises(UserError, match="not a model that is asked for single objects"):
        list(run(cells.job(parent=bundled_files()["nuclei-2d"][1]), lambda: False))


def test_judging_ends_at_its_share_of_the_time_and_few_are_not_judged(cells):
    *_, last = run(cells.job(max_seconds=1), lambda: False)
    assert 0 <= last.result.judged < 8
    assert last.result.better is None
    assert last.result.why_no_score
