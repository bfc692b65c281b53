from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from napari_apprentice.architecture import FreshSettings, NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished, Note, Progress, Started, TileDone, WasCancelled
from napari_apprentice.jobs import SegmentResult, TeachResult
from napari_apprentice.session import FRESH, Session, SessionOptions
from napari_apprentice.settings import ClassName, SegmentSettings


def image(seed: int = 0, shape=(1, 1, 1, 20, 30), **more) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)
    return Volume(pixels, **{"name": f"cells {seed}", **more})


def model_file(path: Path, **fields) -> str:
    """A model file as far as the session looks into it."""
    header = ModelHeader(**{"id": path.stem, "name": path.stem, "net": NetSettings(), **fields})
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


@pytest.fixture
def ready(session, tmp_path):
    """A session with an image and a model."""
    session.add_image(image())
    session.choose_model(model_file(tmp_path / "first.safetensors"))
    return session


def rows(n: int) -> np.ndarray:
    return np.arange(30 * n)


def play(session: Session, *events) -> None:
    session.runners.started[-1].events.extend(events)
    session.pump()


def proposed(session: Session, labels: np.ndarray) -> Finished:
    """What the engine does: labels in the job's file, and the event."""
    job = session.runners.started[-1].job
    return Finished(
        result=SegmentResult(job=job.id, labels=scratch.write(job.out.path, labels), objects=1, seconds=1.0)
    )


def taught(session: Session, **fields) -> Finished:
    job = session.runners.started[-1].job
    model_file(Path(job.out))
    return Finished(result=TeachResult(**{"job": job.id, "model": job.out, **fields}))


BETTER = {"score_before": 0.5, "score_after": 0.7, "better": True}
SQUARE = np.zeros((1, 1, 20, 30), np.uint32)
SQUARE[0, 0, 4:8, 4:8] = 1


# segment


def test_the_device_is_known_in_words(session):
    assert session.compute.device_words == "CUDA: a card"
    session.segment_settings = SegmentSettings(device="cpu")
    assert session.compute.device_words == "CPU, 2 threads"


def test_a_fresh_network_asks_for_areas_where_masks_are_classes(session):
    session.add_image(image())
    session.choose_kind("classes", (ClassName(value=1, name="a", color="#ffffff"),))
    session.choose_model(FRESH)
    assert "paint a few areas of each class and press Teach" in session.why_not_segment()


def test_each_verb_says_what_is_missing(session):
    assert "no image" in session.why_not_segment()
    assert "no image" in session.why_not_teach()
    assert "no image" in session.verbs.click.why_not()
    session.add_image(image())
    session.choose_model(FRESH)
    assert session.why_not_segment() == "A fresh network knows nothing yet: correct a few objects and press Teach."
    assert "nothing to learn from" in session.why_not_teach()
    with pytest.raises(UserError, match="nothing to learn from"):
        session.teach()
    session.paint(rows(1), 1)
    assert session.why_not_teach() == ""


def test_segment_names_pixels_that_another_process_can_map(ready):
    ready.segment()
    job = ready.runners.started[-1].job
    np.testing.assert_array_equal(np.load(job.image.pixels.path, mmap_mode="r"), image().pixels)
    assert ready.busy("segment")
    assert "under way" in ready.why_not_segment()


def test_a_proposal_is_one_undo_step_and_leaves_confirmed_voxels_alone(ready):
    ready.paint(rows(2), 9)
    ready.segment()
    play(ready, Started(device="CPU"), Progress(done=1, total=2), proposed(ready, np.ones((1, 1, 20, 30), np.uint32)))
    assert ready.compute.device_words == "CPU"
    assert not ready.busy()
    labels = ready.current.labels
    assert (labels[0, 0, :2] == 9).all()
    assert (labels[0, 0, 2:] > 0).all()
    ready.undo()
    assert not labels[0, 0, 2:].any()
    assert (labels[0, 0, :2] == 9).all()


def test_the_scratch_file_of_a_job_goes_with_it(ready):
    ready.segment()
    out = Path(ready.runners.started[-1].job.out.path)
    play(ready, proposed(ready, SQUARE))
    assert not out.exists()


def test_tiles_can_be_seen_before_the_job_ends(ready):
    assert ready.queue.provisional("segment") is None
    ready.segment()
    assert ready.queue.provisional("segment") is None
    scratch.write(ready.runners.started[-1].job.out.path, SQUARE)
    play(ready, TileDone(region=((0, 1), (0, 1), (0, 8), (0, 8))))
    np.testing.assert_array_equal(ready.queue.provisional("segment"), SQUARE)


def test_a_proposal_of_another_model_is_dropped(ready, tmp_path):
    ready.segment()
    ready.choose_model(model_file(tmp_path / "second.safetensors"))
    play(ready, proposed(ready, SQUARE))
    assert not ready.current.labels.any()
    assert "Another model" in ready.sentences[-1]


def test_a_proposal_goes_to_its_own_image(ready):
    first = ready.current
    ready.segment()
    second = ready.add_image(image(1))
    play(ready, proposed(ready, SQUARE))
    assert first.labels.any()
    assert not second.labels.any()


def test_a_proposal_for_an_image_that_was_read_differently_is_dropped(ready):
    ready.segment()
    ready.images.reinterpret(ready.current, image(2))
    play(ready, proposed(ready, SQUARE))
    assert not ready.current.labels.any()
    assert "segment again" in ready.sentences[-1]


def test_a_failure_is_one_sentence_and_the_session_goes_on(ready):
    ready.segment()
    play(ready, Failed(message="Out of memory: choose a smaller tile."))
    assert ready.sentences == ["Out of memory: choose a smaller tile."]
    assert ready.why_not_segment() == ""


def test_cancel_ends_the_job(ready):
    ended = []
    ready.job_ended.connect(lambda kind, event: ended.append((kind, event)))
    ready.segment()
    ready.cancel("segment")
    ready.pump()
    assert ended == [("segment", WasCancelled())]
    assert not ready.busy()


def test_a_model_that_does_not_fit_says_why(session, tmp_path):
    session.add_image(image())
    session.choose_model(model_file(tmp_path / "deep.safetensors", net=NetSettings(dims=3)))
    assert "3D model" in session.why_not_segment()
    session.choose_model(model_file(tmp_path / "colour.safetensors", image_channels=3))
    assert "takes 3 channels" in session.why_not_segment()
    session.paint(rows(1), 1)
    classes = (ClassName(value=1, name="tissue"),)
    session.choose_model(model_file(tmp_path / "classes.safetensors", kind="classes", classes=classes))
    assert "proposes classes" in session.why_not_segment()
    assert "proposes classes" in session.why_not_teach()


def test_a_2d_model_may_propose_a_volume_slice_by_slice(session, tmp_path):
    session.add_image(image(0, (1, 1, 4, 20, 30)))
    session.choose_model(model_file(tmp_path / "flat.safetensors"))
    assert session.why_not_segment() == ""


def test_a_missing_or_foreign_model_is_one_sentence(ready, tmp_path):
    with pytest.raises(UserError, match="There is no model"):
        ready.choose_model("nothing")
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"what is this")
    with pytest.raises(UserError, match="not a model file"):
        ready.choose_model(str(foreign))
    Path(ready.model.key).unlink()
    assert "missing" in ready.why_not_segment()


# teach


def test_a_better_version_is_adopted_and_segments_again(ready):
    parent = ready.model.key
    ready.paint(rows(2), 1)
    ready.teach()
    job = ready.runners.started[-1].job
    assert job.parent == parent
    assert len(job.training_data) == 1
    play(ready, taught(ready, **BETTER))
    assert ready.model.key == "v1"
    assert ready.waiting is None
    assert ready.model.title == "version 1 (score 0.50 before, 0.70 after)"
    assert [choice.key for choice in ready.models.all() if choice.key.startswith("v")] == ["v1"]
    assert ready.busy("segment")
    assert not Path(job.training_data[0].labels.path).exists()
    ready.models.go_back()
    assert ready.model.key == parent
    assert "not taught here" in ready.models.why_not_go_back()


def test_painting_on_does_not_change_what_the_job_learns_from(ready):
    ready.paint(rows(2), 1)
    ready.teach()
    ready.paint(rows(5), 7)
    ref = ready.runners.started[-1].job.training_data[0]
    assert scratch.read(ref.labels).max() == 1
    assert scratch.read(ref.confirmed).sum() == 2 * 60


def test_a_worse_version_is_kept_and_adopted_only_when_asked(ready):
    before = ready.model.key
    ready.paint(rows(2), 1)
    ready.teach()
    play(ready, taught(ready, score_before=0.7, score_after=0.5, better=False))
    assert ready.model.key == before
    assert not ready.busy()
    assert "Version 1 waits" in ready.sentences[-1]
    assert "not clearly better (0.70 before, 0.50 after)" in ready.sentences[-1]
    ready.models.adopt("v1")
    assert ready.model.key == "v1"


def test_a_version_that_could_not_be_judged_waits_and_that_is_said(ready):
    before = ready.model.key
    ready.paint(rows(2), 1)
    ready.teach()
    play(ready, Note(text="learning"), taught(ready, why_no_score="only 3 objects are set aside."))
    assert ready.model.key == before
    assert not ready.busy()
    assert ready.waiting.id == "v1"
    assert ready.sentences[-1] == "Version 1 waits, and first stays in use. only 3 objects are set aside."
    assert "learning" in ready.sentences


def test_the_first_version_of_a_fresh_network_is_used_unjudged_where_no_masks_are_there(session):
    session.add_image(image())
    session.choose_model(FRESH)
    session.paint(rows(2), 1)
    session.teach()
    play(session, taught(session, why_no_score="only 3 objects are set aside."))
    assert session.model.key == "v1"
    assert session.waiting is None
    assert session.busy("segment")
    assert session.sentences[-1] == "Version 1 (not judged) is in use now: a fresh network proposed nothing before."


@pytest.fixture
def beside_masks(ready):
    """A fresh network was taught, beside masks that another model proposed, and its version was not judged."""
    ready.segment()
    play(ready, proposed(ready, SQUARE))
    ready.choose_model(FRESH)
    ready.paint(rows(2), 2)
    ready.teach()
    play(ready, taught(ready, why_no_score="only 3 objects are set aside."))
    return ready


def test_it_waits_where_it_would_replace_masks(beside_masks):
    assert beside_masks.model.key == FRESH
    assert beside_masks.waiting.id == "v1"
    assert beside_masks.current.holds(1)


def test_a_version_that_waits_is_taught_on(ready):
    parent = ready.model.key
    ready.paint(rows(2), 1)
    with pytest.raises(UserError, match="No new version waits"):
        ready.teach(on=True)
    ready.teach()
    play(ready, taught(ready, why_no_score="only 3 objects are set aside."))
    ready.teach(on=True)
    job = ready.runners.started[-1].job
    assert (job.parent, job.goes_on_from) == (parent, str(ready.project.lineage.file("v1")))
    assert job.out.endswith("v2.safetensors")
    play(ready, taught(ready, why_no_score="only 3 objects are set aside."))
    assert ready.waiting.id == "v2"
    assert ready.model.key == parent
    ready.project.lineage.file("v2").unlink()
    with pytest.raises(UserError, match="is gone: press Teach"):
        ready.teach(on=True)


def test_of_a_fresh_network_the_version_that_waits_is_itself_what_is_taught(beside_masks):
    ready = beside_masks
    ready.teach(on=True)
    job = ready.runners.started[-1].job
    assert (job.parent, job.goes_on_from, job.net) == (str(ready.project.lineage.file("v1")), None, None)
    play(ready, taught(ready, score_before=0.3, score_after=0.6, better=True))
    assert (ready.model.key, ready.waiting.id) == (FRESH, "v2"), "no version was compared with the masks there are"
    assert "Version 2 waits" in ready.sentences[-1]
    assert not ready.busy()


def test_a_version_of_another_parent_is_kept_but_not_adopted(ready, tmp_path):
    ready.paint(rows(2), 1)
    ready.teach()
    other = model_file(tmp_path / "second.safetensors")
    ready.choose_model(other)
    play(ready, taught(ready, **BETTER))
    assert ready.model.key == other
    assert ready.project.lineage.get("v1") is not None


def test_a_cancelled_teach_leaves_no_half_model(ready):
    ready.paint(rows(2), 1)
    ready.teach()
    out = Path(ready.runners.started[-1].job.out)
    model_file(out)
    ready.cancel("teach")
    ready.pump()
    assert not out.exists()
    assert ready.project.lineage.versions == ()


def test_a_fresh_network_has_the_image_s_dimensionality_and_channels(session):
    session.add_image(image(0, (1, 2, 4, 20, 30), spacing=(5.0, 1.0, 1.0)))
    session.choose_model(FRESH)
    session.paint(rows(1), 1)
    session.teach()
    job = session.runners.started[-1].job
    assert job.parent is None
    assert (job.net.dims, job.net.in_channels, job.net.out_channels) == (3, 4, 2)


@pytest.mark.parametrize(("depth", "outputs"), [(1, 9), (4, 12)])
def test_a_fresh_network_answers_as_much_as_what_tells_objects_apart_needs(session, monkeypatch, depth, outputs):
    session.add_image(image(0, (1, 1, depth, 20, 30)))
    session.choose_model(FRESH)
    session.fresh_settings = FreshSettings(representation="affinities")
    session.paint(rows(1), 1)
    session.teach()
    job = session.runners.started[-1].job
    assert (job.representation, job.net.out_channels) == ("affinities", outputs)
    session.cancel("teach")
    monkeypatch.setattr("napari_apprentice.data.representations.affinities.mutex_watershed", None)
    assert "bioimage-cpp" in session.models.why_not_fits(session.current.volume)


def test_the_corrections_of_all_images_teach(ready):
    ready.paint(rows(2), 1)
    ready.add_image(image(1))
    ready.add_image(image(2))
    ready.paint(rows(1), 1)
    ready.teach()
    names = [ref.image.name for ref in ready.runners.started[-1].job.training_data]
    assert names == ["cells 0", "cells 2"]


def test_images_are_read_only_when_they_are_needed(ready):
    ready.paint(rows(2), 1)
    ready.add_image(image(1))
    path = ready.project.path
    ready.close()
    with Session.open(path) as again:
        assert again.current.name == "cells 1"
        first = again.entries[0]
        assert first._volume is None
        assert first.voxels_taught == 60
        assert "nothing to learn" not in again.why_not_teach()
        again.choose_image(first)
        assert first.labels.any()


def test_an_image_with_background_only_teaches_too(ready):
    ready.paint_background(rows(2))
    ready.add_image(image(1))
    ready.paint(rows(1), 1)
    ready.teach()
    assert len(ready.runners.started[-1].job.training_data) == 2


def test_the_lineage_survives_the_session(ready):
    ready.options = SessionOptions(resegment_after_teach=False)
    ready.paint(rows(2), 1)
    ready.teach()
    play(ready, taught(ready, **BETTER))
    path = ready.project.path
    ready.close()
    with Session.open(path) as again:
        assert again.model.key == "v1"
        assert again.project.lineage.get("v1").score_after == 0.7


# channels


def test_rgb_becomes_luminance_for_a_model_of_one_channel(ready):
    pixels = np.random.default_rng(0).integers(0, 255, (1, 3, 1, 20, 30)).astype(np.uint8)
    ready.add_image(Volume(pixels, name="colour", metadata={"rgb": True}))
    assert ready.why_not_segment() == ""
    ready.segment()
    assert np.load(ready.runners.started[-1].job.image.pixels.path).shape == (1, 1, 1, 20, 30)
    ready.choose_model(FRESH)
    ready.paint(rows(2), 1)
    ready.teach()
    job = ready.runners.started[-1].job
    assert np.load(job.training_data[0].image.pixels.path).shape == (1, 3, 1, 20, 30)
    assert job.net.in_channels == 6
