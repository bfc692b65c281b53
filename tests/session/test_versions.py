"""A version that waits: compared, used, put away, gone back from; masks come and go with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import SegmentResult, TeachResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage

OLD = np.zeros((1, 1, 20, 30), np.uint32)
OLD[0, 0, 4:8, 4:8], OLD[0, 0, 4:8, 14:18], OLD[0, 0, 12:16, 4:8] = 1, 2, 3
NEW = OLD.copy()
NEW[0, 0, 4:8, 14:18] = 0  # gone
NEW[0, 0, 12:19, 20:27] = 4  # new, and the largest change


def image(shape=(1, 1, 1, 20, 30), **more) -> Volume:
    return Volume(np.random.default_rng(0).integers(0, 1000, shape).astype(np.uint16), name="cells", **more)


def model_file(path: Path) -> str:
    """A model file as far as the session looks into it."""
    header = ModelHeader(id=path.stem, name=path.stem, net=NetSettings())
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


def rows(first: int, count: int = 1) -> np.ndarray:
    return np.arange(30 * first, 30 * (first + count))


def play(session: Session, *events: Event) -> None:
    session.runners.started[-1].events.extend(events)
    session.pump()


def proposed(session: Session, labels: np.ndarray) -> Finished:
    job = session.runners.started[-1].job
    ref = scratch.write(job.out.path, labels)
    return Finished(result=SegmentResult(job=job.id, labels=ref, objects=1, seconds=1.0))


def taught(session: Session, **fields) -> Finished:
    job = session.runners.started[-1].job
    model_file(Path(job.out))
    return Finished(result=TeachResult(**{"job": job.id, "model": job.out, **fields}))


@pytest.fixture
def waiting(session, tmp_path):
    """A session whose masks are of the first model, and a version that waits."""
    session.add_image(image())
    session.choose_model(model_file(tmp_path / "first.safetensors"))
    session.segment()
    play(session, proposed(session, OLD))
    session.paint(rows(0), 9)
    session.teach()
    play(session, taught(session, why_no_score="only 3 objects are set aside."))
    assert session.waiting.id == "v1"
    return session


def compared(session: Session) -> None:
    session.compare()
    assert session.busy("compare")
    play(session, proposed(session, NEW))
    assert session.comparison is not None


def test_a_comparison_says_where_it_differs_and_changes_nothing(waiting):
    before, undo = waiting.current.labels.copy(), len(waiting.current.history.done)
    model = waiting.model.key
    compared(waiting)
    found = waiting.comparison
    assert [(one.kind, one.point[2:]) for one in found.differences.places] == [("new", (15, 23)), ("gone", (5, 15))]
    assert found.words == "2 places would change."
    assert (found.after[0, 0, 0] == 9).all()  # what is confirmed stays
    np.testing.assert_array_equal(waiting.current.labels, before)
    assert (len(waiting.current.history.done), waiting.model.key) == (undo, model)


def test_the_new_version_is_used_with_its_masks_and_both_come_back(waiting):
    before, model = waiting.current.labels.copy(), waiting.model.key
    compared(waiting)
    after = waiting.comparison.after.copy()
    waiting.use()
    assert (waiting.model.key, waiting.waiting, waiting.comparison) == ("v1", None, None)
    assert not waiting.busy()  # they were compared: nothing is computed again
    np.testing.assert_array_equal(waiting.current.labels, after)
    waiting.undo()
    np.testing.assert_array_equal(waiting.current.labels, before)
    waiting.redo()
    np.testing.assert_array_equal(waiting.current.labels, after)
    waiting.go_back()
    np.testing.assert_array_equal(waiting.current.labels, before)
    assert waiting.model.key == model
    assert waiting.waiting is None  # it was decided


@pytest.mark.parametrize("largest_whole", [None, 100], ids=["whole", "by region"])
def test_volumes_and_very_large_images_are_compared_and_come_back(session, tmp_path, largest_whole):
    session.options = SessionOptions(largest_whole=largest_whole)
    entry = session.add_image(image((1, 1, 4, 20, 30), spacing=(5.0, 1.0, 1.0)))
    assert isinstance(entry, LargeProjectImage) is (largest_whole is not None)
    session.choose_model(model_file(tmp_path / "first.safetensors"))
    session.segment()
    play(session, proposed(session, np.repeat(OLD, 4, axis=1)))
    session.paint(rows(0), 9)
    session.teach()
    play(session, taught(session, why_no_score="only 3 objects are set aside."))
    before = entry.labels.copy()
    session.compare()
    play(session, proposed(session, np.repeat(NEW, 4, axis=1)))
    assert [(one.kind, one.voxels) for one in session.comparison.differences.places] == [("new", 196), ("gone", 64)]
    session.use()
    after = entry.labels.copy()
    assert not (after == before).all()
    session.undo()
    np.testing.assert_array_equal(entry.labels, before)
    session.redo()
    np.testing.assert_array_equal(entry.labels, after)
    session.go_back()
    np.testing.assert_array_equal(entry.labels, before)
    if largest_whole is not None:
        assert "very large images" in session.confirmed_so_far.words


def test_what_waits_still_waits_when_the_project_is_opened_again(waiting, runners):
    path = waiting.project.path
    waiting.close_project()
    with Session.open(path, runners) as again:
        assert again.waiting.id == "v1"
        assert again.waiting.why == "only 3 objects are set aside."
        again.keep_old()
        again.close_project()
    with Session.open(path, runners) as again:
        assert again.waiting is None
        assert again.project.lineage.get("v1") is not None


def test_masks_that_were_edited_since_are_proposed_again_when_one_goes_back(waiting):
    compared(waiting)
    waiting.use()
    waiting.paint(rows(1), 7)
    waiting.go_back()
    assert waiting.busy("segment")
    play(waiting, proposed(waiting, OLD))
    assert (waiting.current.labels[0, 0, 1] == 7).all()
    assert (waiting.current.labels[0, 0, 4:8, 14:18] > 0).all()


def test_a_version_used_without_a_comparison_segments_and_goes_back(waiting):
    before = waiting.current.labels.copy()
    waiting.use("v1")
    play(waiting, proposed(waiting, NEW))
    assert not (waiting.current.labels == before).all()
    waiting.go_back()
    np.testing.assert_array_equal(waiting.current.labels, before)


def test_masks_of_a_version_that_was_better_go_back_with_it(waiting):
    waiting.keep_old()
    waiting.teach()
    play(waiting, taught(waiting, score_before=0.5, score_after=0.7, better=True))
    before = waiting.current.labels.copy()
    play(waiting, proposed(waiting, NEW))
    assert waiting.model.key == "v2"
    waiting.go_back()
    np.testing.assert_array_equal(waiting.current.labels, before)


def test_the_old_one_is_kept_until_asked_again_and_after_reopening(waiting):
    compared(waiting)
    waiting.keep_old()
    assert (waiting.waiting, waiting.comparison) == (None, None)
    assert waiting.project.lineage.get("v1").is_put_away
    with pytest.raises(UserError, match="No new version waits"):
        waiting.use()
    with pytest.raises(UserError, match="No new version waits"):
        waiting.compare()
    waiting.use("v1")
    assert waiting.model.key == "v1"


def test_an_edit_ends_a_comparison(waiting):
    compared(waiting)
    heard = []
    waiting.compared.connect(lambda: heard.append(waiting.comparison))
    waiting.paint(rows(1), 7)
    assert heard == [None]


def test_a_comparison_of_an_image_that_changed_meanwhile_is_of_the_masks_there_are(waiting):
    waiting.compare()
    waiting.paint(rows(1), 7)
    play(waiting, proposed(waiting, NEW))
    assert (waiting.comparison.after[0, 0, 1] == 7).all()


def test_a_cancelled_comparison_leaves_everything(waiting):
    waiting.compare()
    waiting.cancel("compare")
    waiting.pump()
    assert not waiting.busy()
    assert waiting.comparison is None
    assert waiting.waiting.id == "v1"


@pytest.mark.parametrize("decide", [Session.use, Session.keep_old])
def test_a_comparison_under_way_ends_with_the_decision(waiting, decide):
    waiting.options = SessionOptions(resegment_after_teach=False)
    waiting.compare()
    decide(waiting)
    waiting.pump()
    assert not waiting.busy("compare")
    assert waiting.comparison is None


def test_how_much_is_confirmed_is_said_before_teaching(session):
    assert session.confirmed_so_far.words == ""
    entry = session.add_image(image(shape=(1, 1, 1, 200, 200)))
    for number in range(20):
        labels = np.zeros(entry.labels.shape, bool)
        y, x = divmod(number, 4)
        labels[0, 0, 38 * y + 5 : 38 * y + 15, 45 * x + 5 : 45 * x + 15] = True
        session.paint(np.flatnonzero(labels), number + 1)
    session.choose_model("nuclei-2d")
    words = session.confirmed_so_far.words
    assert words.startswith("20 objects confirmed: enough to judge a new version where the model does badly; where")
    session.undo()
    assert session.confirmed_so_far.words.startswith("19 objects confirmed; confirm about 1 more, not all in one place")
    session.choose_model("fresh")
    words = session.confirmed_so_far.words
    assert words.startswith("19 objects confirmed; confirm about ")
    assert words.endswith(" more, all over the image, to have a new version judged.")
