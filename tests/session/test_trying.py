"""*Try all on what I see*: models on a part of the image, in order, and one of them taken with its masks."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.tried import box_around, field_in
from napari_apprentice.settings import ClassName

TISSUE = (ClassName(value=1, name="tissue"), ClassName(value=2, name="glass"))


def image(shape=(1, 1, 1, 300, 280)) -> Volume:
    pixels = np.random.default_rng(0).integers(0, 50, shape).astype(np.uint16)
    pixels[..., 20:40, 20:40] += 800
    return Volume(pixels, name="cells")


def squares(shape, *places) -> np.ndarray:
    """Objects of 6 x 6 in all slices, by their corners."""
    labels = np.zeros(shape, np.uint32)
    for number, (y, x) in enumerate(places, start=1):
        labels[..., y : y + 6, x : x + 6] = number
    return labels


def doubts_at(values) -> str:
    points = np.array([[0, 0, 12, 12 + 20 * i] for i in range(len(values))])
    boxes = np.stack([points, points + 3], axis=-1)
    return Doubts(points, boxes, np.array(values, float), np.zeros(len(values), bool)).to_text()


def answer(session, *places, sure=0.5, doubts="") -> str:
    """The model under way found these; its key."""
    running = session.runners.started[-1]
    field = session.verbs.try_models.field
    labels = squares([part.stop - part.start for part in field.region], *places)
    ref = scratch.write(running.job.out.path, labels)
    told = {"objects": len(places), "seconds": 1.0, "sure": sure, "doubts": doubts}
    running.events.append(Finished(result=SegmentResult(job=running.job.id, labels=ref, **told)))
    key = session.verbs.try_models.running.key
    session.pump()
    return key


@pytest.fixture
def opened(session):
    session.choose_image(session.add_image(image()))
    return session


def test_models_are_tried_one_after_the_other_and_the_surest_comes_first(opened):
    told = []
    opened.tried.connect(lambda: told.append([one.choice.key for one in opened.trials]))
    before = opened.model.key
    opened.try_models()
    assert answer(opened, (10, 10), sure=0.3) == "nuclei-2d"  # the likely best is tried first
    assert opened.busy("try")
    assert answer(opened, (10, 10), (30, 30), sure=0.8) == "cells-2d"
    assert not opened.busy("try")
    assert told[-2:] == [["nuclei-2d"], ["cells-2d", "nuclei-2d"]]
    assert opened.trials[0].objects == 2
    assert opened.model.key == before
    assert not opened.current.labels.any()
    assert not list(opened.project.scratch.glob("try-*"))


def test_a_model_is_taken_with_its_masks_as_one_step_that_can_be_undone(opened):
    opened.paint(np.arange(280 * 12 + 12, 280 * 12 + 16), 7)  # confirmed: it stays
    opened.try_models()
    answer(opened, (10, 10), (30, 30), doubts=doubts_at([0.9]))
    answer(opened)
    before, steps = opened.current.labels.copy(), len(opened.current.history.done)
    opened.take_trial("nuclei-2d")
    assert opened.model.key == "nuclei-2d"
    assert len(opened.current.history.done) == steps + 1
    labels = opened.current.labels[0, 0]
    assert (labels[12, 12:16] == 7).all()
    after = opened.current.labels.copy()
    opened.undo()
    assert (opened.current.labels == before).all()
    opened.redo()
    assert (opened.current.labels == after).all()


def test_of_a_part_of_the_image_the_rest_stays_as_it_is(opened):
    rest = squares((1, 1, 300, 280), (290, 270))
    opened.edits.replace_labels(rest)
    opened.try_models(box=(slice(0, 1), slice(0, 1), slice(0, 256), slice(0, 256)))
    region = opened.verbs.try_models.field.region
    assert [part.stop - part.start for part in region] == [1, 1, 256, 256]
    assert opened.runners.started[-1].job.image.fitted_on is not None  # intensities mean what they do in all of it
    answer(opened, (10, 10), (30, 30), doubts=doubts_at([0.9, 0.1]))
    answer(opened)
    opened.take_trial("nuclei-2d")
    labels = opened.current.labels[0, 0]
    assert labels[290, 270] == 1
    assert sorted(np.unique(labels)) == [0, 1, 2, 3]
    _, values = opened.review.doubts()
    assert len(values) == 1  # of those two places one lies in an object
    opened.undo()
    assert (opened.current.labels == rest).all()


def test_without_masks_only_the_model_is_another(opened):
    opened.try_models()
    answer(opened)
    answer(opened, (10, 10))
    opened.take_trial("cells-2d", masks=False)
    assert opened.model.key == "cells-2d"
    assert not opened.current.labels.any()


def test_what_is_confirmed_in_the_field_judges(opened):
    truth = squares((1, 1, 300, 280), (10, 10), (10, 40), (40, 10), (40, 40))
    opened.edits.replace_labels(truth)
    opened.edits.approve_region((slice(None),) * 4)
    opened.try_models()
    answer(opened, (10, 10), sure=0.9)
    answer(opened, (10, 10), (10, 40), (40, 10), (40, 40), sure=0.6)
    first, second = opened.trials
    assert (first.choice.key, first.score, first.judged) == ("cells-2d", 1.0, 4)
    assert (second.score, second.judged, second.knows) == (0.25, 4, False)
    assert first.rank == pytest.approx((5 * 0.6 + 4 * 1.0) / 9)


def test_one_that_fails_is_named_and_cancel_keeps_what_was_done(opened):
    opened.try_models(["nuclei-2d", "cells-2d"])
    opened.runners.started[-1].events.append(Failed(message="The memory is not enough."))
    opened.pump()
    assert opened.verbs.try_models.failed == {"nuclei-2d": "The memory is not enough."}
    answer(opened, (10, 10))
    opened.try_models()
    answer(opened, (10, 10))
    opened.cancel("try")
    opened.pump()
    assert not opened.busy("try")
    assert [one.choice.key for one in opened.trials] == ["nuclei-2d"]


def test_another_image_or_meaning_ends_it(opened):
    opened.try_models()
    answer(opened, (10, 10))
    opened.choose_kind("classes", TISSUE)
    opened.pump()
    assert not opened.busy("try")
    assert opened.trials == []
    with pytest.raises(UserError, match="was not tried"):
        opened.take_trial("nuclei-2d")


def test_what_is_missing_is_said(session):
    assert session.verbs.try_models.why_not().startswith("There is no image")
    session.choose_image(session.add_image(image((1, 2, 1, 64, 64))))
    with pytest.raises(UserError, match="takes one channel"):
        session.try_models()
    session.choose_image(session.add_image(image((1, 1, 1, 96, 96))))
    with pytest.raises(UserError, match="is a 3D model"):
        session.try_models(["nuclei-3d"])


def test_in_a_volume_every_model_sees_the_same_block(session):
    session.choose_image(session.add_image(image((2, 1, 30, 140, 150))))
    session.try_models(box=(slice(1, 2), slice(20, 21), slice(0, 140), slice(0, 150)))
    field = session.verbs.try_models.field
    assert field.words == "150 x 140 pixels, slices 13 to 28 of 30, frame 2"
    assert field.shown == 8
    job = session.runners.started[-1].job
    assert scratch.read(job.image.pixels).shape == (1, 1, 16, 140, 150)
    keys = [answer(session, (10, 10), (30, 30)) for _ in range(4)]
    assert keys == ["nuclei-3d", "cells-3d", "nuclei-2d", "cells-2d"]
    session.take_trial("nuclei-3d")
    labels = session.current.labels
    assert not labels[0].any()
    assert [bool(plane.any()) for plane in labels[1]] == [12 <= z < 28 for z in range(30)]


def test_of_a_large_image_a_part_of_what_is_open_is_tried(session):
    session.options = SessionOptions(largest_whole=1 << 20)
    session.choose_image(session.add_image(image((1, 1, 1, 3000, 2600))))
    session.open_region((0, 0, 2500, 2000))
    entry = session.current
    assert isinstance(entry, LargeProjectImage)
    first = entry.region[2].start
    assert first > 0
    session.try_models(["nuclei-2d"], (slice(0, 1), slice(0, 1), slice(100, 500), slice(100, 500)))
    job = session.runners.started[-1].job
    seen = scratch.read(job.image.pixels)[0, 0, 0]
    there = entry.volume.pixels[0, 0, 0, first + 100 : first + 500, entry.region[3].start + 100 :][:, :400]
    assert (seen == there).all()
    answer(session, (10, 10), doubts=doubts_at([0.9]))
    session.take_trial("nuclei-2d")
    assert np.argwhere(entry.labels[0, 0])[0].tolist() == [110, 110]
    assert entry.doubts.doubts.points[0].tolist() == [0, 0, first + 112, entry.region[3].start + 112]
    session.undo()
    assert not entry.labels.any()


@pytest.mark.parametrize(
    ("box", "shape", "region", "shown"),
    [
        (None, (1, 1, 2000, 300), ((0, 1), (0, 1), (616, 1384), (0, 300)), 0),
        (((0, 1), (0, 1), (0, 10), (0, 10)), (1, 1, 2000, 2000), ((0, 1), (0, 1), (0, 256), (0, 256)), 0),
        (((0, 1), (2, 3), (0, 512), (0, 512)), (1, 40, 512, 512), ((0, 1), (0, 16), (128, 384), (128, 384)), 2),
        (((0, 1), (39, 40), (0, 90), (0, 90)), (1, 40, 90, 90), ((0, 1), (24, 40), (0, 90), (0, 90)), 15),
    ],
)
def test_a_field_is_bounded_and_lies_in_the_image(box, shape, region, shown):
    found, at = field_in(None if box is None else [slice(*edges) for edges in box], shape)
    assert tuple((part.start, part.stop) for part in found) == region
    assert at == shown


def test_a_box_around_a_voxel_stays_in_the_image():
    box = box_around((0, 5, 10, 1990), (1, 40, 400, 2000))
    assert [(part.start, part.stop) for part in box] == [(0, 1), (5, 6), (0, 256), (1744, 2000)]


def test_where_the_disk_is_full_nothing_is_begun(runners, small_disk, monkeypatch):
    monkeypatch.setenv("APPRENTICE_HOME", str(small_disk.path))
    with Session(runners=runners) as session:
        session.choose_image(session.add_image(image()))
        small_disk.fill()
        with pytest.raises(UserError):
            session.try_models()
        assert (session.verbs.try_models.field, session.verbs.try_models.count) == (None, 0)
        small_disk.make_room()
        session.try_models()
        assert session.busy("try")
