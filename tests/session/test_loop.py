"""The loop, whole, with the real engine in this process: segment, correct, teach, segment again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data import samples
from napari_apprentice.data.models import read_header
from napari_apprentice.events import Finished, TileDone
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import FRESH, Session
from napari_apprentice.settings import TeachSettings

FEW_STEPS = TeachSettings(max_steps=6, max_seconds=20, batch_size=2, patch=64, threads=1)


@pytest.fixture(scope="module")
def runners():
    runners = InlineRunners()
    yield runners
    runners.close()


@pytest.fixture
def loop(runners):
    with Session.temporary(runners) as session:
        session.teach_settings = FEW_STEPS
        session.events = []
        session.job_event.connect(lambda kind, event: session.events.append(event))
        session.job_ended.connect(lambda kind, event: session.events.append(event))
        yield session


def cropped(name: str, *where: slice):
    """A part of a sample, with its truth."""
    volume, truth = samples.load(name)
    return replace(volume, pixels=volume.pixels[(slice(None), slice(None), *where)]), truth[(slice(None), *where)]


def correct(session: Session, truth: np.ndarray, count: int) -> None:
    """Paint ``count`` true objects over whatever is there."""
    ids = [int(i) for i in np.unique(truth) if i][:count]
    for number in ids:
        session.paint(np.flatnonzero(truth == number), session.current.next_id())


def test_instances_from_the_bundled_model(loop):
    image, truth = cropped("nuclei_2d", slice(None), slice(0, 160), slice(0, 160))
    entry = loop.add_image(image)
    loop.choose_model("nuclei-2d")
    loop.segment()
    loop.run_until_idle()
    assert entry.labels.max() > 3
    assert any(isinstance(event, TileDone) for event in loop.events)
    correct(loop, truth, 12)
    kept = entry.confirmed == 2
    before = entry.labels[kept].copy()
    loop.teach()
    loop.run_until_idle()
    version = loop.project.lineage.get("v1")
    assert version is not None, loop.events
    header = read_header(loop.project.lineage.file("v1"))
    assert header.parent is not None
    loop.models.adopt("v1")
    loop.segment()
    loop.run_until_idle()
    assert isinstance(loop.events[-1], Finished)
    np.testing.assert_array_equal(entry.labels[kept], before)
    loop.models.go_back()
    assert loop.model.key == "nuclei-2d"


def test_objects_by_affinities_from_a_fresh_network(loop):
    image, truth = cropped("nuclei_2d", slice(None), slice(0, 160), slice(0, 160))
    entry = loop.add_image(image)
    loop.choose_model(FRESH)
    loop.fresh_settings = FreshSettings(representation="affinities", width=8)
    correct(loop, truth, 12)
    loop.teach_settings = FEW_STEPS.model_copy(update={"max_steps": 30, "batch_size": 8})
    assert "--representation affinities" in loop.command_line("teach")
    loop.teach()
    loop.run_until_idle()
    header = read_header(loop.project.lineage.file("v1"))
    assert (header.representation, header.net.out_channels) == ("affinities", 9)
    loop.models.adopt("v1")
    loop.segment()
    loop.run_until_idle()
    assert isinstance(loop.events[-1], Finished)
    assert entry.labels.max() > 3
    loop.fresh_settings = FreshSettings()  # is of the next fresh start, and not of what is taught further
    loop.teach()
    loop.run_until_idle()
    assert read_header(loop.project.lineage.file("v2")).representation == "affinities"


def test_classes_from_a_fresh_network(loop):
    image, truth = cropped("tissue_2d", slice(None), slice(0, 128), slice(0, 128))
    entry = loop.add_image(image, kind="classes")
    loop.choose_kind("classes", samples.describe_sample("tissue_2d").classes)
    loop.choose_model(FRESH)
    for value in np.unique(truth):
        where = np.flatnonzero(truth == value)[:800]
        loop.paint(where, int(value)) if value else loop.paint_background(where)
    kept = entry.confirmed > 0
    before = entry.labels[kept].copy()
    loop.teach()
    loop.run_until_idle()
    assert loop.project.lineage.get("v1") is not None, loop.events
    loop.models.adopt("v1")
    loop.segment()
    loop.run_until_idle()
    assert isinstance(loop.events[-1], Finished)
    assert set(np.unique(entry.labels)) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(entry.labels[kept], before)


def test_a_volume_from_a_fresh_3d_network(loop):
    image, truth = cropped("nuclei_3d", slice(0, 8), slice(0, 96), slice(0, 96))
    entry = loop.add_image(image)
    loop.choose_model(FRESH)
    one_slice = np.zeros_like(truth)
    one_slice[:, 4] = truth[:, 4]
    correct(loop, one_slice, 10)
    loop.teach()
    loop.run_until_idle()
    assert loop.project.lineage.get("v1") is not None, loop.events
    assert read_header(loop.project.lineage.file("v1")).net.dims == 3
    loop.models.adopt("v1")
    loop.segment()
    loop.run_until_idle()
    assert isinstance(loop.events[-1], Finished)
    assert entry.labels.shape == truth.shape


def test_a_click_proposes_an_object_that_can_be_kept(loop):
    image, truth = cropped("nuclei_2d", slice(None), slice(0, 160), slice(0, 160))
    entry = loop.add_image(image)
    loop.choose_model("nuclei-2d")
    sizes = np.bincount(truth.ravel())
    point = tuple(int(i) for i in np.mean(np.nonzero(truth == 1 + np.argmax(sizes[1:])), axis=1).round())
    loop.click(point)
    loop.run_until_idle()
    assert loop.verbs.click.proposal is not None
    loop.verbs.click.keep()
    assert entry.labels[point] > 0
    assert entry.confirmed[point] == 2
