"""*Keep as a version*: what Live learned is used, segments as it did, is gone back from, and is taught further."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import ClassName, TeachSettings

CLASSES = (ClassName(value=1, name="bright", color="#ff0000"), ClassName(value=4, name="other", color="#00ff00"))


def halves(shape=(1, 1, 1, 60, 80), spacing=(1.0, 1.0, 1.0), seed=0) -> Volume:
    pixels = np.random.default_rng(seed).normal(300, 20, shape)
    pixels[..., 40:] += 200
    return Volume(pixels.astype(np.uint16), name=f"halves {seed}", spacing=spacing)


def disks() -> tuple[Volume, np.ndarray]:
    """Twelve bright disks of 20 pixels: an image and its labels (Y, X)."""
    y, x = np.mgrid[:160, :120]
    truth = np.where((y % 40 - 20) ** 2 + (x % 40 - 20) ** 2 <= 100, 1 + y // 40 * 3 + x // 40, 0)
    pixels = np.random.default_rng(0).normal(300, 20, truth.shape) + 200 * (truth > 0)
    return Volume(pixels.astype(np.uint16)[None, None, None], name="disks"), truth


def paint_two(session, z: int = 0) -> None:
    at = np.arange(session.current.labels.size).reshape(session.current.labels.shape)[0, z]
    session.paint(at[5:9, 60:70].ravel(), 1)
    session.paint_background(at[5:9, 10:20].ravel())


@pytest.fixture
def taught():
    with Session(runners=InlineRunners()) as session:
        session.options = SessionOptions(resegment_after_teach=False)
        session.said = []
        session.message.connect(session.said.append)
        yield session


def test_it_waits_is_used_shows_what_live_showed_and_is_gone_back_from(taught):
    taught.choose_kind("classes", CLASSES)
    taught.add_image(halves())
    before = taught.model.key
    with pytest.raises(UserError, match="nothing to learn from in halves 0"):
        taught.live.keep()
    taught.live.on()
    paint_two(taught)
    taught.run_until_idle()
    shown = taught.live.proposal.labels
    taught.live.keep()
    taught.run_until_idle()
    assert taught.model.key == before  # never taken unasked
    waiting = taught.waiting
    assert (waiting.id, waiting.parent, waiting.title) == ("v1", before, "version 1 (learned live)")
    assert "compare it, and use it" in taught.said[-1]
    taught.live.off()
    taught.use()
    taught.segment()
    taught.run_until_idle()
    entry = taught.current
    free = entry.confirmed[0, 0] == 0
    assert (entry.labels[0, 0] == shown)[free].mean() > 0.999
    taught.add_image(halves(seed=1))
    taught.segment()
    taught.run_until_idle()
    assert ((taught.current.labels[0, 0] == 1) == (np.arange(80) >= 40)).mean() > 0.95
    taught.live.on()  # with a version in use that Live learned: its network is looked with
    paint_two(taught)
    taught.run_until_idle()
    assert taught.live.proposal.known == (0, 1)
    taught.go_back()
    assert taught.model.key == before


def test_objects_are_kept_clicked_and_compared(taught):
    volume, truth = disks()
    taught.add_image(volume, kind="instances")
    for value in (1, 6, 11):
        taught.paint(np.flatnonzero(truth == value), value)
    taught.paint_background(np.flatnonzero((truth == 0) & (np.arange(160)[:, None] % 40 < 4)))
    taught.live.keep()
    taught.run_until_idle()
    taught.compare()
    taught.run_until_idle()
    assert taught.comparison.differences.count == 9
    taught.use()
    assert len(np.unique(taught.current.labels)) == 13
    taught.undo()
    assert len(np.unique(taught.current.labels)) == 4


def test_a_slice_of_an_anisotropic_volume_makes_a_version_for_all_of_it(taught):
    taught.choose_kind("classes", CLASSES)
    taught.add_image(halves((1, 1, 3, 60, 80), spacing=(4.0, 1.0, 1.0)))
    paint_two(taught, z=1)
    taught.live.keep()
    taught.run_until_idle()
    taught.use()
    taught.segment()
    taught.run_until_idle()
    assert ((taught.current.labels[0] == 1) == (np.arange(80) >= 40)).mean() > 0.9


@pytest.mark.parametrize("kind", ["classes", "instances"])
def test_teach_begins_with_what_live_says_and_never_takes_its_place_unasked(taught, kind):
    if kind == "classes":
        taught.choose_kind("classes", CLASSES)
        taught.add_image(halves())
        paint_two(taught)
    else:
        volume, truth = disks()
        taught.add_image(volume, kind="instances")
        for value in range(1, 11):
            taught.paint(np.flatnonzero(truth == value), value)
    taught.live.keep()
    taught.run_until_idle()
    taught.use()
    taught.teach_settings = TeachSettings(max_steps=1, learning_rate=1e-7, max_seconds=60, batch_size=2, threads=1)
    taught.teach()
    taught.run_until_idle()
    assert taught.model.key == "v1"
    assert taught.waiting.id == "v2"
    header = taught.models.find("v2").header
    assert (header.kind, header.live, header.format) == (kind, None, 1)
    taught.use()
    taught.segment()
    taught.run_until_idle()
    right = np.arange(80) >= 40 if kind == "classes" else truth > 0
    least = 0.75 if kind == "classes" else 0.95  # the last map of the network hardly tells brightness
    assert ((taught.current.labels[0, 0] > 0) == right).mean() > least


def test_beside_a_model_that_is_being_taught_it_is_a_version_of_its_own(session):
    session.choose_kind("classes", CLASSES)
    session.add_image(halves())
    paint_two(session)
    session.live.keep()
    session.teach()
    session.live.off()
    kept, taught = (running.job.out for running in session.runners.started)
    assert kept != taught
