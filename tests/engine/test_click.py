from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data import samples
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import click
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.plans import Engine
from napari_apprentice.engine.predict import Prediction
from napari_apprentice.engine.view import view_of
from napari_apprentice.events import Finished
from napari_apprentice.jobs import ArrayRef, ClickJob, ClickResult, Point, SegmentJob, VolumeRef
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import ClassName

BUNDLED = bundled_files().get("nuclei-2d")
needs_model = pytest.mark.skipif(BUNDLED is None, reason="there is no bundled model yet")


def ask(engine: Engine, image: VolumeRef, model: str, point: Point) -> ClickResult:
    *_, last = engine.run(ClickJob(id="c", image=image, model=model, point=point, generation=3), lambda: False)
    assert isinstance(last, Finished), last
    assert isinstance(last.result, ClickResult)
    assert last.result.generation == 3
    return last.result


def mask_of(result: ClickResult, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    if result.mask:
        mask[result.mask.slices] = result.mask.unpacked()
    return mask


def nuclei(folder: Path, edge: int) -> tuple[VolumeRef, np.ndarray]:
    volume, truth = samples.load("nuclei_2d")
    pixels = np.asarray(volume.pixels)[..., :edge, :edge]
    ref = scratch.write(folder / f"{edge}.npy", pixels)
    return VolumeRef(pixels=ref, spacing=volume.spacing, unit=volume.unit), truth[..., :edge, :edge]


def centres(truth: np.ndarray) -> dict[int, Point]:
    found = {}
    for label in np.unique(truth)[1:]:
        where = np.argwhere(truth == label)
        middle = where[((where - where.mean(axis=0)) ** 2).sum(axis=1).argmin()]
        if len(where) > 100:
            found[int(label)] = tuple(int(i) for i in middle)
    return found


@needs_model
@pytest.mark.parametrize("segmented", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_click_proposes_the_cell(
    tmp_path: Path, segmented: bool, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BUNDLED is not None
    model, engine = str(BUNDLED[1]), Engine()
    image, truth = nuclei(tmp_path, 300)
    if not whole:
        monkeypatch.setitem(click._WHOLE, 2, 0)
        monkeypatch.setattr(click, "_WINDOW", 96)
    if segmented:
        out = ArrayRef(path=str(tmp_path / "out.npy"))
        list(engine.run(SegmentJob(id="s", image=image, model=model, out=out), lambda: False))
    overlaps = []
    for label, point in list(centres(truth).items())[:12]:
        mask = mask_of(ask(engine, image, model, point), truth.shape)
        overlaps.append((mask & (truth == label)).sum() / (mask | (truth == label)).sum())
    assert np.median(overlaps) > 0.7
    assert np.mean(np.array(overlaps) > 0.5) > 0.8
    assert len(engine.warm.predictions) == int(segmented or whole)


@needs_model
def test_a_warm_click_is_quick(tmp_path: Path) -> None:
    assert BUNDLED is not None
    model, engine = str(BUNDLED[1]), Engine()
    image, truth = nuclei(tmp_path, 512)
    points = list(centres(truth).values())
    ask(engine, image, model, points[0])
    seconds = []
    for point in points[:8]:
        before = time.perf_counter()
        ask(engine, image, model, point)
        seconds.append(time.perf_counter() - before)
    assert np.median(seconds) < 0.3


@needs_model
def test_a_click_on_nothing_still_proposes_something_of_sensible_size(tmp_path: Path) -> None:
    assert BUNDLED is not None
    y, x = np.mgrid[:200, :200]
    picture = 100 + 1.5 * (np.hypot(y - 80, x - 60) <= 12)  # far too dim beside the next one
    picture[150:170, 150:170] = 4000
    picture = picture + np.random.default_rng(0).normal(0, 0.3, picture.shape)
    image = VolumeRef(pixels=scratch.write(tmp_path / "dim.npy", picture[None, None, None].astype(np.float32)))
    mask = mask_of(ask(Engine(), image, str(BUNDLED[1]), (0, 0, 82, 62)), (1, 1, 200, 200))
    assert mask[0, 0, 82, 62]
    assert 50 < mask.sum() < 1000


def test_a_region_of_a_class_goes_as_far_as_that_is_predicted(tmp_path: Path) -> None:
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=3)
    built = build(net)
    built.head.weight.data.zero_()
    built.head.bias.data[:] = built.head.bias.data.new_tensor([0.0, 0.0, 2.0])  # the same class everywhere
    classes = (ClassName(value=1, name="a"), ClassName(value=2, name="b"))
    header = ModelHeader(id="c", name="c", kind="classes", classes=classes, net=net)
    save(tmp_path / "c.safetensors", header, built)
    pixels = scratch.write(tmp_path / "image.npy", np.random.default_rng(0).random((2, 1, 3, 50, 60), np.float32))
    result = ask(Engine(), VolumeRef(pixels=pixels), str(tmp_path / "c.safetensors"), (1, 2, 20, 30))
    assert mask_of(result, (2, 3, 50, 60))[1].all()


def test_a_region_of_the_only_class_is_proposed(tmp_path: Path) -> None:
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=1)
    built = build(net)
    built.head.weight.data.zero_()
    built.head.bias.data[:] = 2.0
    header = ModelHeader(id="c", name="c", kind="classes", classes=(ClassName(value=1, name="a"),), net=net)
    save(tmp_path / "c.safetensors", header, built)
    pixels = scratch.write(tmp_path / "image.npy", np.random.default_rng(0).random((1, 1, 1, 50, 60), np.float32))
    result = ask(Engine(), VolumeRef(pixels=pixels), str(tmp_path / "c.safetensors"), (0, 0, 20, 30))
    assert mask_of(result, (1, 1, 50, 60)).all()


@pytest.mark.parametrize("interpolates", [True, False])
@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0, 1.6])
def test_a_view_of_a_prediction_lies_where_the_image_is(scale: float, interpolates: bool) -> None:
    shape = (2, 60, 80)
    y, x = np.mgrid[: round(60 * scale), : round(80 * scale)]
    places = np.stack([(y + 0.5) / scale - 0.5, (x + 0.5) / scale - 0.5])  # each value says where in the image it is
    prediction = Prediction(np.repeat(places[:, None], 2, axis=1).astype(np.float32), shape)
    box = (slice(0, 2), slice(11, 41), slice(22, 80))
    view = view_of(prediction, box, interpolates=interpolates)
    z, row, column = view.place((1, 20, 50))
    assert abs(view.values[0, z, row, column] - 20) <= 0.5 / min(scale, 1)
    assert abs(view.values[1, z, row, column] - 50) <= 0.5 / min(scale, 1)
    mask = view.at_image(view.values[1] < 49.9)
    assert mask.shape == (2, 30, 58)
    assert abs(int(mask[0, 3].sum()) - 28) <= 1
