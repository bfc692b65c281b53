"""*Live*: classes that follow the brush, and leave no trace until they are applied."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.samples import samples_in
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import LiveJob, LiveResult
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import ClassName

CLASSES = (ClassName(value=1, name="bright", color="#ff0000"), ClassName(value=4, name="other", color="#00ff00"))
WHOLE = (slice(0, 1), slice(0, 1), slice(0, 60), slice(0, 80))


def halves(shape=(1, 1, 1, 60, 80), spacing=(1.0, 1.0, 1.0)) -> Volume:
    pixels = np.random.default_rng(0).normal(300, 20, shape)
    pixels[..., 40:] += 200
    return Volume(pixels.astype(np.uint16), name="halves", spacing=spacing)


def indices(entry, t, z, rows, columns) -> np.ndarray:
    return np.arange(entry.labels.size).reshape(entry.labels.shape)[t, z, rows, columns]


@pytest.fixture
def taught():
    """A session whose engine really runs, with an image of two halves; ``shown`` is what it proposed."""
    with Session(runners=InlineRunners()) as session:
        session.choose_kind("classes", CLASSES)
        session.add_image(halves())
        session.shown = []
        session.live_proposed.connect(session.shown.append)
        yield session


def paint_two(session) -> None:
    entry = session.current
    session.paint(indices(entry, 0, 0, slice(5, 9), slice(60, 70)), 1)
    session.paint_background(indices(entry, 0, 0, slice(5, 9), slice(10, 20)))


def test_two_strokes_are_enough_and_undo_takes_the_stroke_back_with_what_followed_from_it(taught):
    taught.live.on()
    taught.run_until_idle()
    assert taught.shown[-1].known == ()
    paint_two(taught)
    taught.run_until_idle()
    found = taught.shown[-1]
    assert found.known == (0, 1)
    confirmed = taught.current.confirmed[0, 0] > 0
    assert not found.labels[confirmed].any()
    right = np.broadcast_to(np.arange(80) >= 40, (60, 80))
    assert ((found.labels == 1) == right)[~confirmed].mean() > 0.95
    assert (len(taught.current.history.done), taught.current.labels.sum()) == (2, 40)  # the strokes alone
    taught.undo()
    taught.run_until_idle()
    assert taught.shown[-1].known == ()
    assert not taught.shown[-1].labels.any()
    taught.redo()
    taught.run_until_idle()
    assert np.array_equal(taught.shown[-1].labels, found.labels)
    taught.live.off()
    assert taught.shown[-1] is None
    assert taught.live.proposal is None


def test_what_live_learned_is_applied_to_all_as_one_step_that_leaves_what_is_confirmed(taught):
    taught.live.on()
    entry = taught.current
    taught.paint(indices(entry, 0, 0, slice(50, 52), slice(30, 34)), 4)
    paint_two(taught)
    taught.run_until_idle()
    before, confirmed = entry.labels.copy(), entry.confirmed.copy()
    taught.live.apply()
    taught.run_until_idle()
    assert (entry.labels[0, 0, :, 45:] == 1).mean() > 0.9
    assert np.array_equal(entry.confirmed, confirmed)
    assert np.array_equal(entry.labels[confirmed > 0], before[confirmed > 0])
    assert len(entry.history.done) == 4
    after = entry.labels.copy()
    taught.undo()
    assert np.array_equal(entry.labels, before)
    taught.redo()
    assert np.array_equal(entry.labels, after)


def test_a_slice_of_an_anisotropic_volume_is_looked_at_and_all_of_it_applied():
    with Session(runners=InlineRunners()) as session:
        session.choose_kind("classes", CLASSES)
        session.add_image(halves((1, 1, 3, 60, 80), spacing=(4.0, 1.0, 1.0)))
        session.live.on((slice(0, 1), slice(1, 2), slice(0, 60), slice(0, 80)))
        entry = session.current
        session.paint(indices(entry, 0, 1, slice(5, 9), slice(60, 70)), 1)
        session.paint_background(indices(entry, 0, 1, slice(5, 9), slice(10, 20)))
        session.run_until_idle()
        assert session.live.proposal.region[1] == slice(1, 2)
        session.live.apply()
        session.run_until_idle()
        assert ((entry.labels[0] == 1) == (np.arange(80) >= 40)).mean() > 0.9


def test_the_open_part_of_a_large_image_is_followed_where_it_lies():
    options = SessionOptions(in_window=True, largest_whole=1000)
    with Session(runners=InlineRunners(), options=options) as session:
        session.choose_kind("classes", CLASSES)
        session.add_image(halves((1, 1, 1, 1200, 80)))
        entry = session.current
        session.live.on((slice(0, 1), slice(0, 1), slice(300, 360), slice(0, 80)))
        rows = slice(330, 334)
        session.paint(indices(entry, 0, 0, rows, slice(60, 70)), 1)
        session.paint_background(indices(entry, 0, 0, rows, slice(10, 20)))
        session.run_until_idle()
        found = session.live.proposal
        assert found.labels.shape == (1024, 80)
        assert found.used == 80
        open_ = entry.confirmed[found.region][0, 0] == 0
        assert ((found.labels == 1) == (np.arange(80) >= 40))[open_].mean() > 0.95


def disks(count: int = 12) -> tuple[Volume, np.ndarray]:
    """Bright disks of 20 pixels in four rows, ids from 1: an image and its labels (Y, X)."""
    y, x = np.mgrid[:160, : 40 * count // 4]
    row, column = y // 40, x // 40
    truth = np.where((y % 40 - 20) ** 2 + (x % 40 - 20) ** 2 <= 100, 1 + row * (count // 4) + column, 0)
    pixels = np.random.default_rng(0).normal(300, 20, truth.shape) + 200 * (truth > 0)
    return Volume(pixels.astype(np.uint16)[None, None, None], name="disks"), truth


def test_objects_follow_the_first_few_that_are_painted_and_all_can_be_had():
    volume, truth = disks()
    with Session(runners=InlineRunners()) as session:
        session.add_image(volume, kind="instances")
        session.live.on()
        session.run_until_idle()
        assert session.live.proposal.known == ()
        for value in (1, 6, 11):
            session.paint(np.flatnonzero(truth == value), value)
        session.paint_background(np.flatnonzero((truth == 0) & (np.arange(160)[:, None] % 40 < 4)))
        session.run_until_idle()
        found = session.live.proposal
        confirmed = session.current.confirmed[0, 0] > 0
        assert found.known == (0, 1)
        assert not found.labels[confirmed].any()
        others = [value for value in range(1, 13) if value not in (1, 6, 11)]
        for value in others:
            ids, sizes = np.unique(found.labels[truth == value], return_counts=True)
            assert ids[np.argmax(sizes)] > 0
        assert len(np.unique(found.labels[found.labels > 0])) == len(others)
        steps, labels = len(session.current.history.done), session.current.labels.copy()
        session.live.apply()
        session.run_until_idle()
        assert len(session.current.history.done) == steps + 1
        assert np.array_equal(session.current.labels[0, 0][confirmed], labels[0, 0][confirmed])
        assert len(np.unique(session.current.labels)) == 13
        session.undo()
        assert np.array_equal(session.current.labels, labels)


def answer(started, known=(0, 1)) -> None:
    job = started.job
    shape = [stop - start for start, stop in job.box[2:]]
    ref = scratch.write(job.out.path, np.ones(shape, np.uint8))
    told = {"known": known, "used": 2, "looked_s": 0.0, "seconds": 0.1}
    started.events.append(
        Finished(result=LiveResult(job=job.id, generation=job.generation, labels=ref, box=job.box, **told))
    )


@pytest.fixture
def played(session):
    """A session whose jobs the test plays, with Live on."""
    session.choose_kind("classes", CLASSES)
    session.add_image(halves())
    session.shown = []
    session.live_proposed.connect(session.shown.append)
    session.live.on()
    return session


def jobs(session) -> list[LiveJob]:
    return [one.job for one in session.runners.started]


def test_one_question_is_under_way_and_the_newest_edit_wins(played):
    for row in range(4):
        played.paint(indices(played.current, 0, 0, row, slice(0, 5)), 1)
    assert len(jobs(played)) == 1
    answer(played.runners.started[0])
    played.pump()
    assert len(jobs(played)) == 2
    assert len(jobs(played)[1].samples.unpacked()[0]) == 20
    answer(played.runners.started[1])
    played.pump()
    assert len(jobs(played)) == 2
    assert len(played.shown) == 2


def test_an_answer_from_before_an_undo_is_not_shown(played):
    answer(played.runners.started[0])
    played.pump()
    played.paint(indices(played.current, 0, 0, 3, slice(0, 5)), 1)
    played.undo()
    answer(played.runners.started[1])
    played.pump()
    assert len(played.shown) == 1
    answer(played.runners.started[2])
    played.pump()
    assert len(played.shown) == 2


def test_another_model_image_or_kind_makes_what_is_on_its_way_stale(played):
    played.paint(indices(played.current, 0, 0, 3, slice(0, 5)), 1)
    played.choose_model("cells-2d")
    answer(played.runners.started[0])
    played.pump()
    assert played.shown == []
    assert jobs(played)[1].model.endswith("cells-2d.safetensors")
    played.add_image(Volume(halves().pixels[..., :30].copy(), name="other"))
    answer(played.runners.started[1])
    played.pump()
    assert played.shown == []
    assert jobs(played)[2].box == ((0, 1), (0, 1), (0, 60), (0, 30))
    assert played.live.is_on


def test_where_masks_are_objects_now_live_goes_on_with_these(played):
    assert jobs(played)[0].corrections is None
    answer(played.runners.started[0])
    played.pump()
    played.choose_kind("instances")
    assert scratch.read(jobs(played)[-1].corrections.labels).shape == (1, 1, 60, 80)


def test_a_view_inside_the_one_looked_at_asks_nothing_new(played):
    answer(played.runners.started[0])
    played.pump()
    played.live.look((slice(0, 1), slice(0, 1), slice(10, 20), slice(0, 80)))
    assert len(jobs(played)) == 1
    with pytest.raises(UserError, match="outside the image"):
        played.live.look((slice(0, 1), slice(0, 1), slice(90, 95), slice(0, 80)))


def test_the_view_that_is_looked_at_is_read_once_and_one_seen_again_comes_first():
    with Session(runners=InlineRunners()) as session:
        session.choose_kind("classes", CLASSES)
        session.add_image(halves((1, 1, 2, 60, 80)))
        first, second = ((slice(0, 1), slice(z, z + 1), slice(0, 60), slice(0, 80)) for z in (0, 1))
        for one in (first, second, first):
            session.live.look(one) if session.live.is_on else session.live.on(one)
        assert session.live.views == (first, second)
        paint_two(session)
        session.run_until_idle()
        assert session.live.proposal.used == 80


def test_what_is_missing_is_said(session):
    assert "no image" in session.live.why_not()
    session.add_image(halves())
    with pytest.raises(UserError, match="Switch Live on"):
        session.live.apply()


def test_samples_are_shared_evenly_between_classes_and_stay_the_same():
    labels, confirmed = np.zeros((1, 1, 40, 40), np.uint32), np.zeros((1, 1, 40, 40), np.uint8)
    labels[..., :20, :] = 3
    confirmed[..., :20, :] = 2
    confirmed[..., 30, :5] = 1
    confirmed[..., 31, :] = 3  # kept: nobody looked at it
    region = (slice(0, 1), slice(0, 1), slice(0, 40), slice(0, 40))
    places, values = samples_in(labels, confirmed, [region, region], most=100)
    assert (values == 0).sum() == 5
    assert (values == 3).sum() == 95
    assert len(np.unique(places, axis=0)) == 100
    assert np.array_equal(samples_in(labels, confirmed, [region], most=100)[0], places)
