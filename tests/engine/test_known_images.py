"""What is taught from a model that knows the images already: nuclei of the sample, and nuclei-2d."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import expand_labels

from napari_apprentice.data import samples
from napari_apprentice.data.image.zoom import typical_diameter
from napari_apprentice.data.labels import scores
from napari_apprentice.data.models import read_header
from napari_apprentice.engine import checkpoint, plans
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.first_look import look_at
from napari_apprentice.engine.training_data import read_corrections
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Finished
from napari_apprentice.jobs import ArrayRef, SegmentJob
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import TeachSettings

NUCLEI, CELLS = (str(bundled_files()[name][1]) for name in ("nuclei-2d", "cells-2d"))
EDGE = 256


@pytest.fixture(scope="module")
def nuclei() -> tuple[np.ndarray, np.ndarray]:
    """Pixels and labels (1, Y, X)."""
    volume, truth = samples.load("nuclei_2d")
    labels = np.unique(truth[0, :, :EDGE, :EDGE], return_inverse=True)[1].reshape(1, EDGE, EDGE).astype(np.uint32)
    return np.asarray(volume.pixels)[0, 0, :, :EDGE, :EDGE].astype(np.float32), labels


def smallest(labels: np.ndarray, count: int) -> np.ndarray:
    """Confirmed (Z, Y, X): the smallest whole objects, as those are that a model misses."""
    inner = np.setdiff1d(labels, np.concatenate([labels[0, [0, -1]].ravel(), labels[0, :, [0, -1]].ravel()]))
    sizes = np.bincount(labels.ravel())[inner]
    return np.where(np.isin(labels, inner[np.argsort(sizes)][:count]), 2, 0).astype(np.uint8)


def taught(task, steps):
    settings = TeachSettings(max_steps=steps, max_seconds=100, threads=1)
    events = list(plans.run(task.model_copy(update={"settings": settings}), lambda: False))
    assert isinstance(events[-1], Finished), events[-1]
    return events[-1].result.model


def found_by(model, task, folder) -> np.ndarray:
    out = ArrayRef(path=str(folder / "found.npy"))
    job = SegmentJob(id="segment-1", image=task.training_data[0].image, model=str(model), out=out)
    assert isinstance(list(plans.run(job, lambda: False))[-1], Finished)
    return np.load(out.path)[0]


@pytest.mark.parametrize(("model", "knows"), [(NUCLEI, True), (CELLS, False)])
def test_a_first_look_tells_images_that_a_model_knows(tmp_path, nuclei, job, model, knows):
    pixels, labels = nuclei
    task = job(tmp_path, pixels, labels, smallest(labels, 4), parent=model, net=None)
    seen = look_at(Warm().network(model, pick("cpu")), read_corrections(task), lambda: False)
    assert seen.knows is knows
    if knows:
        assert seen.diameter == pytest.approx(typical_diameter(labels), rel=0.25)


def test_a_few_small_ones_do_not_tell_how_large_objects_are(tmp_path, nuclei, job):
    pixels, labels = nuclei
    model = taught(job(tmp_path, pixels, labels, smallest(labels, 4), parent=NUCLEI, net=None), 1)
    old, new = read_header(NUCLEI), read_header(model)
    assert (new.measures, new.object_diameter, new.decode) == (True, old.object_diameter, old.decode)


def test_all_that_was_learned_is_kept_where_the_user_means_something_else(tmp_path, nuclei, job):
    pixels, labels = nuclei
    cells = expand_labels(labels[0], 9)[None].astype(np.uint32)
    task = job(tmp_path, pixels, cells, np.where(cells > 0, 2, 0).astype(np.uint8), parent=NUCLEI, net=None)
    model = taught(task, 40)
    before, after = (
        scores.matches(cells, found_by(one, task, tmp_path))[0].average_precision for one in (NUCLEI, model)
    )
    assert before < 0.4
    assert after > before + 0.3
    same = taught(job(tmp_path / "same", pixels, labels, smallest(labels, 6), parent=NUCLEI, net=None), 40)
    assert moved(same) < 0.7 * moved(model)  # half of it, where half meets the corrections


def moved(model) -> float:
    """How far the weights of convolutions are from those of nuclei-2d."""
    old, new = (checkpoint.load(one)[1].state_dict() for one in (NUCLEI, model))
    squares = [float(((new[name] - values) ** 2).sum()) for name, values in old.items() if values.ndim > 1]
    return float(np.sqrt(sum(squares)))
