"""The map of objects: alike ones near each other, unusual ones named, objects looked at first where needed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from tests.session.test_object_classes import spots

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import WasCancelled
from napari_apprentice.jobs import ArrayRef, MapJob, TsneJob
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session

HAS_TSNE = importlib.util.find_spec("sklearn") is not None


@pytest.fixture
def session():
    with Session.temporary(InlineRunners()) as session:
        yield session


def mapped(session: Session, method="pca"):
    session.map_objects(method)
    session.run_until_idle()
    assert session.object_map is not None
    return session.object_map


def test_objects_that_look_alike_lie_near_each_other_and_the_odd_one_out_is_named(session):
    volume, labels = spots()
    pixels = volume.pixels.copy()
    pixels[..., 4:20, 4:20] = 300.0 * (np.indices((16, 16)).sum(0) % 2)  # a chequered one with a chequered ground
    session.add_image(Volume(pixels, volume.spacing, volume.unit, name="spots"), labels)
    told = []
    session.mapped.connect(lambda: told.append(1))
    found = mapped(session)
    assert told == [1]
    assert found.keys.tolist() == list(range(1, 17))
    bright = found.keys % 2 == 0
    bright_at, dim_at = found.points[bright], found.points[~bright & (found.keys != 1)]
    apart = np.linalg.norm(bright_at.mean(axis=0) - dim_at.mean(axis=0))
    assert apart > 2 * max(bright_at.std(), dim_at.std())
    assert found.outliers[0] == 1
    table = session.objects.now()
    assert table.columns["unusual"].argmax() == 0


def test_an_edited_object_is_looked_at_again_and_another_image_has_no_map(session):
    session.add_image(*spots())
    mapped(session)
    session.edits.delete_object((0, 0, 10, 10))
    assert mapped(session).keys.tolist() == list(range(2, 17))
    volume, labels = spots()
    session.add_image(Volume(volume.pixels + 1, volume.spacing, volume.unit, name="more"), labels)
    assert session.object_map is None
    assert "unusual" not in session.objects.now().columns


def test_a_map_on_its_way_is_given_up_for_another_image(session):
    session.add_image(*spots())
    session.describe_objects()
    session.run_until_idle()
    ended = []
    session.job_ended.connect(lambda verb, event: ended.append((verb, type(event))))
    session.map_objects("pca")
    volume, labels = spots()
    session.add_image(Volume(volume.pixels + 1, volume.spacing, volume.unit, name="more"), labels)
    session.run_until_idle()
    assert ended == [("map", WasCancelled)]
    assert session.object_map is None


def test_few_objects_are_one_sentence(session):
    volume, labels = spots()
    session.add_image(volume, np.where(labels > 2, 0, labels))
    with pytest.raises(UserError, match="A map needs 4 objects"):
        mapped(session)
    session.edits.replace_labels(np.zeros_like(labels))
    with pytest.raises(UserError, match="There are no objects yet"):
        mapped(session)


def test_tsne_separates_them_or_says_what_is_missing(session):
    session.add_image(*spots())
    if not HAS_TSNE:
        with pytest.raises(UserError, match=r"napari-apprentice\[map\]"):
            mapped(session, "tsne")
        return
    found = mapped(session, "tsne")
    away = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    np.fill_diagonal(away, np.inf)
    assert (found.keys[away.argmin(axis=1)] % 2 == found.keys % 2).mean() > 0.8


@pytest.mark.parametrize(
    "method", ["pca", pytest.param("tsne", marks=pytest.mark.skipif(not HAS_TSNE, reason="no scikit-learn"))]
)
def test_many_objects_are_placed_among_landmarks(tmp_path, monkeypatch, method):
    from napari_apprentice.data.storage import scratch
    from napari_apprentice.engine import mapping
    from napari_apprentice.events import Finished

    monkeypatch.setattr(mapping, "LANDMARKS", 60)
    random = np.random.default_rng(0)
    kinds = np.repeat([0, 1], 150)
    values = random.normal(0, 0.1, (300, 20)) + kinds[:, None]
    job = (TsneJob if method == "tsne" else MapJob)(
        id="map",
        values=scratch.write(tmp_path / "values.npy", values.astype(np.float32)),
        out=ArrayRef(path=str(tmp_path / "out.npy")),
    )
    last = list(mapping.run(job, lambda: False))[-1]
    assert isinstance(last, Finished)
    placed = np.load(tmp_path / "out.npy")
    middles = [placed[kinds == one, :2].mean(axis=0) for one in (0, 1)]
    nearest = np.linalg.norm(placed[:, None, :2] - np.array(middles)[None], axis=2).argmin(axis=1)
    assert (nearest == kinds).mean() > 0.98
    assert np.median(placed[:, 2]) == pytest.approx(1)
