from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.holdout import blocks_set_aside
from napari_apprentice.data.representations import USUAL, representation
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.engine import plans
from napari_apprentice.engine.clock import Clock
from napari_apprentice.engine.material import read_material
from napari_apprentice.engine.places import places
from napari_apprentice.engine.replay import with_parent, with_stand_in
from napari_apprentice.engine.teaching_recipe import RECIPE
from napari_apprentice.engine.training_data import frames_of, read_corrections
from napari_apprentice.engine.windows import windows_of
from napari_apprentice.settings import NormalizeSettings

RNG = np.random.default_rng(0)


def windows(task, zoom: float):
    found = read_corrections(task)
    return [
        window
        for frame in frames_of(found, [zoom] * len(found.refs))
        for window in windows_of(frame, representation(USUAL[task.kind]), NormalizeSettings(), RNG)
    ]


def test_voxels_not_confirmed_have_weight_0_but_the_rim(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    confirmed = corrected(labels, 20)
    (window,) = windows(job(tmp_path, pixels, labels, confirmed), 1.0)
    weight = window.source.weight.numpy()
    around = (confirmed == 0) & (weight[1] > 0)  # the rim of whole objects
    assert around.any()
    np.testing.assert_array_equal(weight[0][confirmed == 0], np.where(around, 0.5, 0)[confirmed == 0])
    assert (window.source.target.numpy()[:, around] == 0).all()
    stood_in = with_stand_in(window, LogDistance()).source.weight[0].numpy()
    assert (stood_in[around] == 0.5).all()
    assert (stood_in[(confirmed == 0) & ~around] <= 0).all()
    assert ((weight[0] > 0) & (labels > 0)).any()


def test_what_is_set_aside_never_teaches(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    confirmed = corrected(labels)
    (window,) = windows(job(tmp_path, pixels, labels, confirmed), 1.0)
    background = blocks_set_aside("disks", *labels.shape[1:])
    for one in (
        window,
        with_stand_in(window, LogDistance()),
        with_parent(window, np.zeros((2, *labels.shape), np.float32), LogDistance(), 1),
    ):
        assert (one.source.weight.numpy()[:, :, background] == 0).all()
    assert (window.validation[:, background] > 0).any()
    judged = set(np.unique(labels[window.validation == 2])) - {0}
    taught = set(np.unique(labels[window.source.weight[1].numpy() > 0])) - {0}
    assert judged
    assert not judged & taught


def test_a_parent_is_known_by_what_it_never_learned_from(tmp_path, corrected, disks, job):
    """Its own corrections, of which it knows the answers, would flatter it; what is set aside it never learned."""
    pixels, labels = disks(288)  # of so many a part is set aside for good
    first = job(tmp_path / "one", pixels, labels, corrected(labels))
    few = first.settings.model_copy(update={"max_steps": 1})
    result = list(plans.run(first.model_copy(update={"settings": few}), lambda: False))[-1].result
    counted = []
    for name in ("disks", "another image"):
        task = job(tmp_path / "two", pixels, labels, corrected(labels), parent=result.model, net=None)
        (ref,) = task.training_data
        ref = ref.model_copy(update={"image": ref.image.model_copy(update={"name": name}), "key": "the same"})
        task = task.model_copy(update={"training_data": (ref,)})
        steps = read_material(task, RECIPE, Clock(task.settings, lambda: False), np.random.default_rng(0))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                counted.append(end.value)
                break
    learned, new = counted
    (known,), (unknown,) = learned.lessons, new.lessons
    assert learned.new_to_parent == (*known.judging, *learned.choosing)
    assert len(new.new_to_parent) == len(unknown.own) + len(unknown.judging) + len(new.choosing)


def test_unknown_never_becomes_known_when_an_image_shrinks(tmp_path, job):
    labels = np.zeros((1, 96, 96), np.uint32)
    confirmed = np.zeros(labels.shape, np.uint8)
    confirmed[:, 10:40, 10:80] = 1
    confirmed[:, 25, 45] = 0  # one voxel nobody knows
    labels[:, 50:80, 50:80] = 3
    confirmed[:, 50:80, 50:80] = 2
    confirmed[:, 70, 70] = 0  # so this object is not whole
    (window,) = windows(job(tmp_path, labels.astype(np.float32), labels, confirmed), 1 / 3)
    assert window.confirmed.shape == (1, 32, 32)
    assert window.confirmed[0, 8, 15] == 0
    assert window.confirmed[0, 9, 15] == 0 or window.confirmed[0, 8, 14] == 1
    assert (window.confirmed[0, 13:] != 1).all()
    assert (window.judging[1].numpy()[window.labels == 3] == 0).all()
    assert (window.source.weight[1].numpy()[window.labels == 3] == 0).all()


def test_a_whole_object_stays_whole_when_an_image_shrinks(tmp_path, disks, job):
    pixels, labels = disks()
    confirmed = np.where(labels == 8, 2, 0).astype(np.uint8)
    (window,) = windows(job(tmp_path, pixels, labels, confirmed), 0.5)
    assert (window.confirmed[window.labels == 8] == 2).all()
    assert window.source.target[1].max() > np.log1p(2)


def test_a_large_image_costs_only_what_was_corrected(tmp_path, job):
    labels = np.zeros((1, 64, 4000), np.uint32)
    confirmed = np.zeros(labels.shape, np.uint8)
    labels[:, 20:40, 3500:3520] = 1
    confirmed[labels > 0] = 2
    (window,) = windows(job(tmp_path, labels.astype(np.float32), labels, confirmed), 1.0)
    assert window.labels.shape[2] < 1200
    assert (window.labels == 1).sum() == 400


def test_places_are_shared_out_evenly_among_objects():
    labels = np.zeros((1, 60, 60), np.uint32)
    labels[:, :30, :30], labels[:, 40:43, 40:43] = 1, 2
    confirmed = np.where(labels > 0, 2, 0).astype(np.uint8)
    confirmed[:, 45:, :] = 1  # a huge stroke
    found = places(labels, confirmed, "instances", RNG).astype(int)
    at = labels[tuple(found.T)]
    assert (at == 1).sum() == (at == 2).sum()
    assert 0 < (at == 0).sum() <= (at == 1).sum()


def test_the_parent_s_view_fills_only_what_nobody_confirmed(tmp_path, corrected, disks, job):
    pixels, labels = disks()
    confirmed = corrected(labels, 20)
    (window,) = windows(job(tmp_path, pixels, labels, confirmed), 1.0)
    said = np.stack([np.ones(labels.shape), np.full(labels.shape, 1.5)]).astype(np.float32)
    said[:, :, 100:] = 0.5  # not sure there
    filled = with_parent(window, said, LogDistance(), 1.0).source
    known = confirmed > 0
    assert (filled.target[0].numpy()[known] == window.source.target[0].numpy()[known]).all()
    new = (filled.weight[0] > 0) & (window.source.weight[0] == 0)
    assert new.any()
    assert not new[:, 100:].any()
    assert (filled.target[0][new] == 1).all()
    assert (filled.weight[0][new] < 1).all()
