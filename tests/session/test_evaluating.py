"""Judging a model on the open image: what is judged by, how long it holds, and that nothing of the project changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from safetensors.numpy import save_file

from napari_apprentice.architecture import preset
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.mistakes import KINDS, Mistakes
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.evaluate import compare
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session import FRESH, Session, SessionOptions
from napari_apprentice.settings import ClassName

SHAPE = (1, 1, 20, 40)
ONE, TWO = (0, 0, 3, 3), (0, 0, 3, 23)


def image(seed: int = 0) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, (1, 1, 1, 20, 40)).astype(np.uint16)
    return Volume(pixels, name=f"cells {seed}")


def truth() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, 2:10, 2:10], labels[0, 0, 2:10, 22:30] = 1, 2
    return labels


def only(value: int) -> np.ndarray:
    return np.where(truth() == value, truth(), 0).astype(np.uint32)


def model_file(path: Path, **fields) -> str:
    net = preset("unet", in_channels=2, width=4)
    header = ModelHeader(id=path.stem, name=path.stem, net=net, **fields)
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


@pytest.fixture
def ready(session, tmp_path):
    """Two objects are labelled, nothing is confirmed; ``told`` counts how often `found` became another."""
    session.told = []
    session.evaluated.connect(lambda: session.told.append(len(session.verbs.evaluate.found)))
    session.add_image(image(), truth())
    session.choose_model(model_file(tmp_path / "a.safetensors"))
    return session


def answer(session: Session, proposal: np.ndarray, classes: dict[int, str] | None = None) -> None:
    """What the engine does once the network has proposed."""
    started = session.runners.started[-1]
    scratch.write(started.job.proposal, proposal)
    started.events.append(Finished(result=compare(started.job, classes or {})))
    session.pump()


def test_all_labels_are_the_annotation_when_it_is_said(ready):
    ready.evaluate(all_labels=True)
    assert ready.busy("evaluate")
    job = ready.runners.started[-1].job
    assert job.confirmed is None
    answer(ready, only(1))
    found = ready.evaluation
    assert found.score.precision == (0.5, 0.5, 0.5)
    assert found.score.mistakes == Mistakes(missed=1)
    assert [(one.kind, one.point, one.voxels) for one in found.wrong] == [("missed", (0, 0, 6, 26), 64)]
    assert found.marks.shape == SHAPE
    assert set(np.unique(found.marks[truth() == 2])) == {0, KINDS.index("missed") + 1}
    assert not found.marks[truth() != 2].any()
    assert found.notes == ()
    assert ready.told == [1]
    assert not Path(job.labels.path).parent.exists()


def test_only_what_is_confirmed_counts_and_nothing_of_the_project_changes(ready):
    ready.edits.approve_object(ONE)
    entry = ready.current
    labels, confirmed, steps = entry.labels.copy(), entry.confirmed.copy(), len(entry.history.done)
    ready.evaluate()
    answer(ready, only(1))
    assert ready.evaluation.score.precision == (1, 1, 1)
    assert ready.evaluation.score.annotated == 1
    assert ready.evaluation.wrong == ()
    assert any("No background" in note for note in ready.evaluation.notes)
    assert (entry.labels == labels).all()
    assert (entry.confirmed == confirmed).all()
    assert len(entry.history.done) == steps


def test_what_was_kept_of_an_edited_object_counts_as_unknown(ready):
    ready.paint(np.flatnonzero(truth() == 1)[:8], 1)
    assert ready.current.confirmed.max() == 3
    ready.evaluate()
    with pytest.raises(UserError, match="No object is confirmed as a whole"):
        answer(ready, only(1))


def test_models_stand_side_by_side_until_the_annotation_changes(ready, tmp_path):
    ready.edits.approve_region((slice(None),) * 4)
    ready.evaluate()
    answer(ready, only(1))
    other = model_file(tmp_path / "b.safetensors")
    in_use = ready.model.key
    ready.evaluate(other)
    answer(ready, truth())
    ready.evaluate()
    answer(ready, only(2))  # again: in its place
    found = ready.verbs.evaluate.found
    assert [(one.score.name, one.score.precision[0]) for one in found] == [("a", 0.5), ("b", 1.0)]
    assert ready.evaluation is found[0]
    assert ready.model.key == in_use
    ready.paint_background(np.flatnonzero(truth() == 2))
    assert (ready.verbs.evaluate.found, ready.evaluation) == ((), None)
    assert ready.told == [1, 2, 2, 0]


@pytest.mark.parametrize("again", [False, True])
def test_undo_and_redo_of_the_annotation_make_scores_untrue_as_well(ready, again):
    ready.edits.approve_region((slice(None),) * 4)
    ready.paint_background(np.flatnonzero(truth() == 2))
    if again:
        ready.undo()
    ready.evaluate()
    answer(ready, truth())
    (ready.redo if again else ready.undo)()
    assert ready.evaluation is None


def test_repainting_what_was_confirmed_changes_the_annotation(ready):
    ready.edits.approve_region((slice(None),) * 4)
    ready.evaluate()
    answer(ready, truth())
    ready.paint(np.flatnonzero(truth() == 2), 7)
    assert ready.evaluation is None


def test_other_masks_do_not_matter_where_nothing_is_confirmed(ready):
    ready.edits.approve_object(ONE)
    ready.evaluate()
    answer(ready, truth())
    ready.edits.replace_labels(only(1))
    assert ready.evaluation is not None
    ready.evaluate(all_labels=True)
    answer(ready, truth())
    assert len(ready.verbs.evaluate.found) == 1  # judged by something else: not side by side
    ready.edits.replace_labels(truth())
    assert ready.evaluation is None


def test_approving_changes_no_labels_so_scores_by_all_labels_stay(ready):
    ready.evaluate(all_labels=True)
    answer(ready, truth())
    ready.edits.approve_object(ONE)
    assert ready.evaluation is not None


def test_an_answer_that_comes_after_an_edit_is_dropped_with_a_sentence(ready):
    ready.edits.approve_object(ONE)
    ready.evaluate()
    ready.edits.approve_object(TWO)
    answer(ready, truth())
    assert ready.evaluation is None
    assert ready.sentences[-1] == "The annotation changed meanwhile: evaluate the model again."


def test_another_image_has_scores_of_its_own(ready):
    ready.evaluate(all_labels=True)
    answer(ready, truth())
    ready.add_image(image(1))
    assert ready.evaluation is None


def test_what_is_missing_is_said(session, ready):
    verb = ready.verbs.evaluate
    assert verb.why_not().startswith("Nothing of this image is annotated")
    assert verb.why_not(all_labels=True) == ""
    assert "knows nothing yet" in verb.why_not(FRESH, all_labels=True)
    assert "There is no model nowhere" in verb.why_not("nowhere", all_labels=True)
    with pytest.raises(UserError, match="Nothing of this image is annotated"):
        ready.evaluate()
    ready.evaluate(all_labels=True)
    assert "being evaluated" in verb.why_not(all_labels=True)
    ready.cancel("evaluate")
    ready.pump()
    assert verb.why_not(all_labels=True) == ""
    assert ready.evaluation is None
    assert not list(ready.project.scratch.glob("evaluate-*"))
    ready.add_image(image(1))
    assert "no labels that could be the annotation" in verb.why_not(all_labels=True)


def test_without_an_image_it_says_so(session):
    assert "There is no image" in session.verbs.evaluate.why_not()


def taught(session: Session, name: str, parent: str, images: tuple[str, ...] | None) -> str:
    lineage = session.project.lineage
    lineage.folder.mkdir(exist_ok=True)
    model_file(lineage.file(name))
    lineage.add(Version(id=name, parent=parent, created=now(), images=images))
    return name


@pytest.mark.parametrize(
    ("images", "parents", "warned"),
    [(("this",), ("other",), True), (("other",), ("this",), True), (("other",), ("other",), False), (None, (), True)],
)
def test_a_version_that_learned_from_the_image_is_said_to(ready, images, parents, warned):
    """Itself or through the version it was taught from; of old versions it was not noted."""

    def ids(names):
        return None if names is None else tuple(ready.current.id if one == "this" else one for one in names)

    ready.edits.approve_region((slice(None),) * 4)
    taught(ready, "v1", "nuclei-2d", ids(parents))
    ready.evaluate(taught(ready, "v2", "v1", ids(images)))
    answer(ready, truth())
    assert ready.evaluation.score.name == "version 2"
    assert ("It learned from these corrections: expect less elsewhere." in ready.evaluation.notes) == warned


def test_classes_have_a_dice_each_and_marks_where_another_was_found(session, tmp_path):
    classes = (ClassName(value=1, name="gland", color="#ff0000"), ClassName(value=2, name="fat", color="#00ff00"))
    session.choose_kind("classes", classes)
    session.add_image(image(), truth())
    session.choose_model(model_file(tmp_path / "c.safetensors", kind="classes", classes=classes))
    session.evaluate(all_labels=True)
    found = truth()
    found[0, 0, 2:10, 22:26] = 1
    answer(session, found, {1: "gland", 2: "fat"})
    assert session.evaluation.score.dice == {"gland": pytest.approx(0.8), "fat": pytest.approx(2 / 3)}
    assert session.evaluation.score.precision is session.evaluation.score.mistakes is None
    assert session.evaluation.wrong == ()
    assert (session.evaluation.marks > 0).sum() == 32
    assert session.evaluation.marks.max() == len(KINDS) + 1


def test_of_a_large_image_the_open_part_is_judged_and_another_part_has_scores_of_its_own(session, tmp_path):
    tifffile.imwrite(tmp_path / "slide.tif", np.random.default_rng(0).integers(0, 250, (2600, 4200)).astype(np.uint8))
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(read_image(tmp_path / "slide.tif"))
    session.open_region((0, 0, 1300, 4199))
    assert entry.inner[3].start > 0
    session.choose_model(model_file(tmp_path / "a.safetensors"))
    square = np.zeros(entry.labels.shape, bool)
    square[0, 0, 50:60, 70:80] = True
    session.paint(np.flatnonzero(square), entry.next_id())
    session.evaluate()
    assert "is being segmented" in session.regions.why_not_open()
    pixels = scratch.read(session.runners.started[-1].job.image.pixels)
    proposal = np.zeros((1, 1, *pixels.shape[3:]), np.uint32)
    proposal[entry.inner][square] = 1
    answer(session, proposal)
    assert session.evaluation.score.precision == (1, 1, 1)
    assert session.evaluation.marks.shape == entry.labels.shape
    session.open_region((0, 0, 1300, 0))
    assert session.evaluation is None
