from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import read_header
from napari_apprentice.engine import checkpoint, plans, teach
from napari_apprentice.engine.augment import AUGMENTATIONS
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.parent import AFTER, BEFORE
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished, Note, Progress, Started, Validated, WasCancelled
from napari_apprentice.settings import ClassName, TeachSettings

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))
TINY_3D = TINY.model_copy(update={"dims": 3})
FEW = TeachSettings(max_steps=30, max_seconds=60, batch_size=4, patch=48, learning_rate=5e-3, threads=1)

NEVER = lambda: False  # noqa: E731


def taught(task):
    """The events of a job that goes well, and its result."""
    events = list(plans.run(task, NEVER))
    assert isinstance(events[-1], Finished), events[-1]
    return events, events[-1].result


def weights(path) -> dict[str, torch.Tensor]:
    return checkpoint.load(path)[1].state_dict()


def test_learns_disks_and_says_how_well_on_those_it_never_saw(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    events, result = taught(job(tmp_path, pixels, labels, corrected(labels)))
    assert isinstance(events[0], Started)
    curve = [event for event in events if isinstance(event, Validated)]
    assert curve[0].step == 0  # once before the first step
    assert len(curve) > 3
    assert result.score_before < 0.2
    assert result.score_after > 0.7
    assert result.better is True
    assert 0 < result.gain_low < result.score_after
    assert (result.why_no_score, result.why_waits) == ("", "")
    header = read_header(result.model)
    assert header.trained_on == ("disks",)
    assert header.parent is None
    assert header.zoom * 18 == pytest.approx(24, rel=0.1)
    assert header.object_diameter == pytest.approx(24, rel=0.1)
    assert header.scores["set-aside corrections"] == pytest.approx(result.score_after, abs=1e-3)


def test_learns_where_a_job_before_it_ran_out_of_memory_and_left_gradients_off(tmp_path, corrected, disks, job):
    pixels, labels = disks(130)
    torch.set_grad_enabled(False)
    torch.set_autocast_enabled("cpu", True)
    taught(job(tmp_path, pixels, labels, corrected(labels), settings=FEW.model_copy(update={"max_steps": 3})))
    assert torch.is_grad_enabled()
    assert not torch.is_autocast_enabled("cpu")


def test_what_is_not_confirmed_teaches_nothing(tmp_path, corrected, disks, job):
    pixels, labels = disks(130)
    confirmed = corrected(labels, 12)
    other = np.where(confirmed == 0, 7, labels)  # a proposal all over the rest
    other[:, :30, -30:][confirmed[:, :30, -30:] == 0] = 400
    settings = FEW.model_copy(update={"max_steps": 5})
    taught(job(tmp_path / "one", pixels, np.where(confirmed > 0, labels, 0), confirmed, settings=settings))
    taught(job(tmp_path / "two", pixels, np.where(confirmed > 0, labels, other + 1000), confirmed, settings=settings))
    one, two = weights(tmp_path / "one" / "v1.safetensors"), weights(tmp_path / "two" / "v1.safetensors")
    for name, values in one.items():
        torch.testing.assert_close(values, two[name], rtol=0, atol=0)


def test_is_the_same_for_the_same_seed_and_another_for_another(tmp_path, corrected, disks, job):
    pixels, labels = disks(130)
    settings = FEW.model_copy(update={"max_steps": 3})
    found = []
    for i, seed in enumerate((1, 1, 2)):
        task = job(
            tmp_path / str(i), pixels, labels, corrected(labels), settings=settings.model_copy(update={"seed": seed})
        )
        _, result = taught(task)
        found.append(weights(result.model)["head.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_too_few_objects_are_said_and_give_no_score(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    events, result = taught(
        job(tmp_path, pixels, labels, corrected(labels, 9), settings=FEW.model_copy(update={"max_steps": 3}))
    )
    assert result.score_before is None
    assert result.score_after is None
    assert result.better is None
    assert "too few" in result.why_no_score
    assert any(isinstance(event, Note) and event.text == result.why_no_score for event in events)
    assert all(event.score is None for event in events if isinstance(event, Validated))


@pytest.mark.parametrize("when", [2, 12, 40])
def test_a_cancel_ends_it_and_leaves_no_file(tmp_path, when, corrected, disks, job):
    pixels, labels = disks(130)
    seen = []
    for event in plans.run(job(tmp_path, pixels, labels, corrected(labels)), lambda: len(seen) >= when):
        seen.append(event)
    assert isinstance(seen[-1], WasCancelled)
    assert len(seen) <= when + 2  # at the next beat
    assert [path.name for path in tmp_path.iterdir() if "safetensors" in path.name] == []


def test_keeps_to_its_seconds_and_says_how_many_are_left(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    settings = FEW.model_copy(update={"max_steps": 100_000, "max_seconds": 6.0})
    events, result = taught(job(tmp_path, pixels, labels, corrected(labels), settings=settings))
    assert result.seconds < 6.5
    left = [event.left_s for event in events if isinstance(event, Progress)]
    assert left[0] > left[-1]
    assert len(left) > 5 * result.seconds  # at least five reports a second


def test_a_parent_is_taught_further_and_remembered(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    _, first = taught(job(tmp_path / "one", pixels, labels, corrected(labels)))
    task = job(tmp_path / "two", *disks(seed=5), corrected(disks(seed=5)[1]), parent=first.model, net=None)
    task = task.model_copy(update={"settings": FEW.model_copy(update={"max_steps": 4, "learning_rate": 1e-4})})
    _, second = taught(task)
    header = read_header(second.model)
    assert header.parent == "v1"
    assert second.score_before == pytest.approx(first.score_after, abs=0.3)
    assert second.score_after > 0.6


def test_a_version_is_taught_on_from_where_it_stopped_and_judged_against_the_first(tmp_path, corrected, disks, job):
    scene = *disks(288), corrected(disks(288)[1])  # of so many a part is set aside for good
    hardly = FEW.model_copy(update={"max_steps": 3, "learning_rate": 1e-5})
    _, parent = taught(job(tmp_path / "parent", *scene, settings=hardly))
    _, half = taught(job(tmp_path / "half", *scene, parent=parent.model, net=None))
    task = job(tmp_path / "on", *scene, parent=parent.model, net=None, settings=hardly)
    _, anew = taught(task)
    _, on = taught(task.model_copy(update={"goes_on_from": half.model, "out": str(tmp_path / "on" / "v2.safetensors")}))
    assert on.score_before == anew.score_before < 0.3  # that of the parent
    assert anew.score_after < 0.3  # three small steps from there
    assert on.score_after > 0.6  # and three from what 30 large ones had learned
    assert read_header(on.model).parent == "v1"


def test_of_few_corrections_all_judge_what_a_model_learns_that_did_badly(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    hardly = FEW.model_copy(update={"max_steps": 2, "learning_rate": 1e-5})
    _, parent = taught(job(tmp_path / "parent", pixels, labels, corrected(labels), settings=hardly))
    few = np.where(np.isin(labels, np.unique(labels)[1::2]), 2, np.where(corrected(labels) == 1, 1, 0))
    longer = FEW.model_copy(update={"max_steps": 80, "max_seconds": 600})
    task = job(tmp_path / "two", pixels, labels, few.astype(np.uint8), parent=parent.model, net=None, settings=longer)
    events, result = taught(task)
    curve = [event for event in events if isinstance(event, Validated)]
    assert result.steps == 80  # of both halves together, and of what came of them
    assert all((event.score is not None) is (event.step <= 32) for event in curve)  # then all of it teaches
    assert result.score_before < 0.3 < result.score_after
    assert result.better
    assert read_header(result.model).learned_from_all
    again = {"goes_on_from": result.model, "out": str(tmp_path / "two" / "v2.safetensors"), "settings": hardly}
    _, on = taught(task.model_copy(update=again))
    assert on.better is None
    assert "learned from all corrections" in on.why_no_score
    child = job(
        tmp_path / "three", pixels, labels, few.astype(np.uint8), parent=result.model, net=None, settings=hardly
    )
    assert read_header(taught(child)[1].model).learned_from_all  # as its parent did, of the same images


@pytest.mark.parametrize(("image", "counts"), [("disks", True), ("others", False)])
def test_how_well_a_model_did_counts_on_the_images_that_it_was_taught_on(
    tmp_path, corrected, disks, job, image, counts
):
    pixels, labels = disks(130)
    one_step = FEW.model_copy(update={"max_steps": 1})
    _, first = taught(job(tmp_path / "one", pixels, labels, corrected(labels), settings=one_step))
    header, net = checkpoint.load(first.model)
    told = []
    for score in (0.1, 0.9):
        parent = tmp_path / f"{score}.safetensors"
        checkpoint.save(parent, header.model_copy(update={"scores": {AFTER: score}}), net)
        task = job(tmp_path / str(score), pixels, labels, corrected(labels, 2), parent=str(parent), net=None)
        (ref,) = task.training_data
        ref = ref.model_copy(update={"image": ref.image.model_copy(update={"name": image})})
        _, result = taught(task.model_copy(update={"training_data": (ref,), "settings": one_step}))
        told.append(read_header(result.model).scores[BEFORE])
    assert told[1] - told[0] == pytest.approx(0.4 if counts else 0.0, abs=1e-3)  # it counts as much as what it expects


def test_another_network_is_not_taught_on(tmp_path, corrected, disks, job):
    scene = *disks(130), corrected(disks(130)[1])
    hardly = FEW.model_copy(update={"max_steps": 1})
    _, parent = taught(job(tmp_path / "parent", *scene, settings=hardly))
    wider = TINY.model_copy(update={"widths": (8, 24)})
    _, other = taught(job(tmp_path / "other", *scene, net=wider, settings=hardly))
    task = job(tmp_path / "on", *scene, parent=parent.model, net=None, goes_on_from=other.model)
    assert "is another network than the one that is taught now" in list(plans.run(task, NEVER))[-1].message


def test_the_names_of_the_channels_travel_in_the_model(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    task = job(tmp_path / "one", pixels, labels, corrected(labels))
    ref = task.training_data[0]
    named = ref.model_copy(update={"image": ref.image.model_copy(update={"channels": ("dapi",)})})
    few = FEW.model_copy(update={"max_steps": 2})
    _, result = taught(task.model_copy(update={"training_data": (named,), "settings": few}))
    assert read_header(result.model).channels == ("dapi",)
    further = job(tmp_path / "two", pixels, labels, corrected(labels), parent=result.model, net=None, settings=few)
    _, second = taught(further)  # an image without names does not make them forgotten
    assert read_header(second.model).channels == ("dapi",)


def test_statistics_of_batch_norm_can_stay_as_they_were(tmp_path, corrected, disks, job):
    pixels, labels = disks(130)
    _, first = taught(
        job(tmp_path / "one", pixels, labels, corrected(labels), settings=FEW.model_copy(update={"max_steps": 3}))
    )
    task = job(tmp_path / "two", pixels, labels, corrected(labels), parent=first.model, net=None)
    list(teach.run(task, NEVER, teach.TeachingRecipe(freeze_norm=True)))
    old, new = weights(first.model), weights(tmp_path / "two" / "v1.safetensors")
    assert all(torch.equal(old[name], new[name]) for name in old if "running" in name)
    assert not torch.equal(old["head.weight"], new["head.weight"])


def test_a_volume_is_learned_from_three_slices(tmp_path, corrected, disks, job):
    pixels, labels = disks(112, depth=9)
    confirmed = corrected(labels, planes=slice(3, 6))
    settings = FEW.model_copy(update={"max_steps": 40, "batch_size": 2})
    _, result = taught(job(tmp_path, pixels, labels, confirmed, net=TINY_3D, settings=settings))
    assert read_header(result.model).net.dims == 3
    assert result.steps == 40
    assert result.patches == 40 * 2
    assert result.score_after is None or result.score_after > 0.4


def test_classes_are_learned_from_strokes(tmp_path, job):
    rng = np.random.default_rng(0)
    labels = np.zeros((1, 128, 128), np.uint32)
    labels[:, :, 40:80], labels[:, :, 80:] = 1, 2
    pixels = np.array([20.0, 90.0, 160.0])[labels] + rng.normal(0, 5, labels.shape)
    confirmed = np.zeros(labels.shape, np.uint8)
    confirmed[:, ::3] = np.where(labels[:, ::3] > 0, 2, 1)
    classes = (ClassName(value=1, name="stroma"), ClassName(value=2, name="tumour"))
    net = TINY.model_copy(update={"out_channels": 3})
    task = job(tmp_path, pixels, labels, confirmed, kind="classes", classes=classes, net=net)
    _, result = taught(task)
    assert result.score_after > 0.8
    assert result.better
    assert read_header(result.model).classes == classes


def test_nothing_confirmed_is_a_sentence(tmp_path, disks, job):
    pixels, labels = disks(64)
    with pytest.raises(UserError, match="Nothing is confirmed yet"):
        list(teach.run(job(tmp_path, pixels, labels, np.zeros(labels.shape, np.uint8)), NEVER))


def test_a_parent_for_something_else_is_refused(tmp_path, corrected, disks, job):
    pixels, labels = disks(130)
    few = FEW.model_copy(update={"max_steps": 1})
    _, first = taught(job(tmp_path / "one", pixels, labels, corrected(labels), settings=few))
    classes = (ClassName(value=1, name="cell"),)
    again = job(
        tmp_path / "two", pixels, labels, corrected(labels), parent=first.model, kind="classes", classes=classes
    )
    last = list(plans.run(again, NEVER))[-1]
    assert isinstance(last, Failed)
    assert "these labels are classes" in last.message


@pytest.mark.parametrize(("rate", "stops"), [(1e-6, True), (0.1, False)])
def test_stops_when_nothing_gets_better_and_keeps_the_best(tmp_path, corrected, disks, job, rate, stops):
    """A rate too small changes nothing; one far too large spoils a good parent first, and then learns again."""
    pixels, labels = disks(288)  # enough of them to choose by some and to judge by others
    _, first = taught(job(tmp_path / "one", pixels, labels, corrected(labels)))
    how = {"max_steps": 200, "learning_rate": rate, "patience": 2, "augmentation": "none"}
    how = FEW.model_copy(update=how | {"max_seconds": 600})  # on a busy machine, too, a tenth of the steps apart
    task = job(tmp_path / "two", pixels, labels, corrected(labels), parent=first.model, net=None, settings=how)
    events, second = taught(task)
    curve = [event for event in events if isinstance(event, Validated)][1:]
    assert (second.steps < 120) is stops
    assert second.score_after == pytest.approx(max(one.score for one in curve), abs=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "focal+dice", "distance_loss": "l1"},
        {"loss": "dice", "distance_loss": "l2"},
        {"optimizer": "sgd", "learning_rate": None},
        {"optimizer": "adam", "schedule": "plateau"},
        {"augmentation": "strong"},
        {"augmentation": "none", "loss": "focal"},
    ],
    ids=str,
)
def test_disks_are_learned_with_other_choices_too(tmp_path, corrected, disks, job, changes):
    pixels, labels = disks(160)
    settings = FEW.model_copy(update={"max_steps": 40} | changes)
    _, result = taught(job(tmp_path, pixels, labels, corrected(labels), settings=settings))
    assert result.score_after is None or result.score_after > 0.3


def test_what_is_not_given_suits_start_and_optimiser():
    recipe = teach.TeachingRecipe()
    assert recipe.augmentation_for("auto", fresh=True) == AUGMENTATIONS["light"]
    assert recipe.augmentation_for("auto", fresh=False) == AUGMENTATIONS["strong"]
    assert recipe.augmentation_for("none", fresh=True) == AUGMENTATIONS["none"]
    assert recipe.rate_for("adamw", fresh=True) > recipe.rate_for("adamw", fresh=False)
    assert recipe.rate_for("sgd", fresh=True) > recipe.rate_for("adam", fresh=True)


def test_a_model_that_does_not_know_the_images_looks_at_the_size_of_corrections_and_measures_no_more(
    tmp_path, corrected, disks, job
):
    pixels, labels = disks()
    _, first = taught(job(tmp_path / "one", pixels, labels, corrected(labels)))
    header = read_header(first.model)
    net = build(header.net)
    measuring = tmp_path / "measuring.safetensors"
    checkpoint.save(measuring, header.model_copy(update={"measures": True, "object_diameter": 36.0, "zoom": 1.0}), net)
    task = job(tmp_path / "two", pixels, labels, corrected(labels), parent=str(measuring), net=None)
    _, second = taught(task)
    header = read_header(second.model)
    assert not header.measures
    assert header.zoom == pytest.approx(2.0, rel=0.1)  # disks of 18 pixels
    assert header.object_diameter == pytest.approx(36.0)
