from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import typical_diameter
from napari_apprentice.data.labels import scores
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import decoding, device, segment
from napari_apprentice.engine.checkpoint import load, save
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.predict import Prediction
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Event, Finished, Progress, Started, TileDone
from napari_apprentice.jobs import ArrayRef, SegmentJob, SegmentResult, VolumeRef
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import ClassName, DecodeSettings, SegmentSettings

BUNDLED = bundled_files().get("nuclei-2d")
needs_model = pytest.mark.skipif(BUNDLED is None, reason="there is no bundled model yet")


def job_for(folder: Path, volume: Volume, model: str, **settings: object) -> SegmentJob:
    pixels = scratch.write(folder / "image.npy", np.asarray(volume.pixels))
    image = VolumeRef(pixels=pixels, spacing=volume.spacing, unit=volume.unit)
    out = ArrayRef(path=str(folder / "out.npy"))
    return SegmentJob(id="s", image=image, model=model, settings=SegmentSettings(**settings), out=out)


def run(job: SegmentJob, warm: Warm | None = None) -> tuple[list[Event], SegmentResult, np.ndarray]:
    events = list(segment.run(job, lambda: False, warm))
    assert isinstance(events[-1], Finished)
    result = events[-1].result
    assert isinstance(result, SegmentResult)
    return events, result, np.array(scratch.read(result.labels))


def nuclei(edge: int = 320) -> tuple[Volume, np.ndarray]:
    volume, truth = samples.load("nuclei_2d")
    pixels = np.asarray(volume.pixels)[..., :edge, :edge]
    return Volume(pixels, volume.spacing, volume.unit), truth[..., :edge, :edge]


@pytest.fixture
def bundled() -> str:
    assert BUNDLED is not None
    return str(BUNDLED[1])


@pytest.fixture
def classes_model(tmp_path: Path) -> str:
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=3)
    classes = (ClassName(value=1, name="a"), ClassName(value=2, name="b"))
    save(
        tmp_path / "c.safetensors", ModelHeader(id="c", name="c", kind="classes", classes=classes, net=net), build(net)
    )
    return str(tmp_path / "c.safetensors")


@needs_model
def test_nuclei_are_found(tmp_path: Path, bundled: str) -> None:
    volume, truth = nuclei()
    events, result, labels = run(job_for(tmp_path, volume, bundled))
    assert labels.shape == truth.shape
    assert labels.dtype == np.uint32
    assert result.objects == len(np.unique(labels)) - 1
    assert scores.matches(truth, labels, (0.5,))[0].average_precision > 0.8
    assert isinstance(events[0], Started)
    assert result.device == events[0].device


@needs_model
def test_masks_appear_tile_by_tile(tmp_path: Path, bundled: str) -> None:
    volume, _ = nuclei()
    job = job_for(tmp_path, volume, bundled, tile=128)
    shown = np.zeros((1, 1, 320, 320), bool)
    progress = []
    for event in segment.run(job, lambda: False):
        if isinstance(event, TileDone):
            region = tuple(slice(*part) for part in event.region)
            assert not shown[region].any()
            shown[region] = True
            provisional = scratch.read(job.out)
            assert not provisional[~shown].any()
        if isinstance(event, Progress):
            progress.append(event.done / event.total)
    assert shown.all()
    assert progress == sorted(progress)
    assert progress[-1] == 1


@needs_model
def test_tiles_do_not_show_in_the_labels(tmp_path: Path, bundled: str) -> None:
    volume, _ = nuclei()
    _, _, one = run(job_for(tmp_path, volume, bundled, tile=512))
    _, _, many = run(job_for(tmp_path, volume, bundled, tile=128))
    assert scores.matches(one, many, (0.8,))[0].average_precision > 0.97


@needs_model
def test_ids_are_unique_over_frames(tmp_path: Path, bundled: str) -> None:
    volume, _ = nuclei(160)
    twice = Volume(np.concatenate([volume.pixels, volume.pixels[..., ::-1]]), volume.spacing, volume.unit)
    _, result, labels = run(job_for(tmp_path, twice, bundled))
    ids = [set(np.unique(frame)) - {0} for frame in labels]
    assert ids[0]
    assert ids[1]
    assert not ids[0] & ids[1]
    assert result.objects == len(ids[0] | ids[1])


@needs_model
@pytest.mark.parametrize("size", [0.6, 1.8])
def test_objects_of_another_size_are_found_by_their_diameter(tmp_path: Path, bundled: str, size: float) -> None:
    from skimage.transform import resize

    volume, truth = nuclei()
    shape = (1, 1, 1, round(320 * size), round(320 * size))
    pixels = resize(volume.pixels.astype(np.float32), shape, order=1, anti_aliasing=True)
    changed = resize(truth, shape[1:], order=0, preserve_range=True, anti_aliasing=False).astype(np.uint32)
    header = Warm().network(bundled, device.pick("cpu")).header
    assert header.object_diameter is not None
    diameter = header.object_diameter * size / header.zoom
    _, _, labels = run(job_for(tmp_path, Volume(pixels), bundled, diameter=diameter))
    assert labels.shape == shape[1:]
    assert scores.matches(changed, labels, (0.5,))[0].average_precision > 0.75


@needs_model
def test_the_prediction_is_kept_and_a_changed_image_is_not_mistaken(tmp_path: Path, bundled: str) -> None:
    volume, _ = nuclei(160)
    warm = Warm()
    job = job_for(tmp_path, volume, bundled)
    run(job, warm)
    assert len(warm.predictions) == 1
    time.sleep(0.02)
    job_for(tmp_path, Volume(volume.pixels[..., ::-1]), bundled)  # written to the same file
    run(job, warm)
    assert len(warm.predictions) == 2


def test_a_cancel_is_heard(tmp_path: Path, classes_model: str) -> None:
    job = job_for(tmp_path, Volume(np.random.default_rng(0).random((1, 1, 1, 300, 300))), classes_model, tile=64)
    events: deque[Event] = deque()
    with pytest.raises(Cancelled):
        events.extend(segment.run(job, lambda: len(events) > 3))
    assert 3 < len(events) < 8


def test_classes_have_their_values(tmp_path: Path, classes_model: str) -> None:
    volume = Volume(np.random.default_rng(0).random((2, 1, 3, 50, 60)))
    _, result, labels = run(job_for(tmp_path, volume, classes_model))
    assert labels.shape == (2, 3, 50, 60)
    assert set(np.unique(labels)) <= {0, 1, 2}
    assert result.objects == len(set(np.unique(labels)) - {0})


def sphere_stack() -> tuple[np.ndarray, np.ndarray]:
    """What a 2D model would say, slice by slice, of two balls above each other and one beside them; and the truth."""
    z, y, x = np.mgrid[:40, :40, :70]
    truth = np.zeros(z.shape, np.uint32)
    distance = np.zeros(z.shape, np.float32)
    for label, (cz, cy, cx, r) in enumerate([(10, 20, 20, 9), (29, 20, 22, 9), (20, 20, 50, 10)], start=1):
        ball = (z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= r**2
        truth[ball] = label
        section = np.sqrt(np.maximum(0, r**2 - (z - cz) ** 2))
        inside = section - np.sqrt((y - cy) ** 2 + (x - cx) ** 2)
        distance[ball] = np.maximum(0, inside[ball]) + 0.5
    return np.stack([(truth > 0).astype(np.float32), np.log1p(distance)]), truth


def test_sections_of_a_2d_model_become_whole_objects() -> None:
    values, truth = sphere_stack()
    header = ModelHeader(id="a", name="a", net=NetSettings(), decode=DecodeSettings(prominence=0.3))
    labels = decoding.labels_of(Prediction(values, truth.shape), header)
    assert labels.max() == 3
    assert scores.matches(truth[None], labels[None], (0.9,))[0].average_precision == 1


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_labels_come_at_the_resolution_of_the_image(zoom: float) -> None:
    values, truth = sphere_stack()
    shape = (40, round(40 / zoom), round(70 / zoom))
    header = ModelHeader(id="a", name="a", net=NetSettings(), decode=DecodeSettings(prominence=0.3))
    labels = decoding.labels_of(Prediction(values, shape), header)
    assert labels.shape == shape
    assert labels.max() == 3
    rows, columns = ((np.arange(n) + 0.5) * zoom for n in shape[1:])
    sampled = truth[:, rows.astype(int)[:, None], columns.astype(int)]
    assert scores.matches(sampled[None], labels[None], (0.7,))[0].average_precision == 1


@needs_model
def test_a_model_that_measures_looks_first_and_says_how_wide_objects_are(bundled: str, tmp_path: Path) -> None:
    header, net = load(bundled)
    model = tmp_path / "measures.safetensors"
    save(model, header.model_copy(update={"measures": True, "object_diameter": 24.0}), net)
    volume, truth = nuclei()
    twice = Volume(np.repeat(np.repeat(np.asarray(volume.pixels), 2, axis=-1), 2, axis=-2))
    _, result, labels = run(job_for(tmp_path, twice, str(model)))
    true_labels = np.repeat(np.repeat(truth, 2, axis=-1), 2, axis=-2)
    assert scores.average_precision(true_labels[0], labels[0], 0.5) > 0.6
    assert result.diameter == pytest.approx(typical_diameter(true_labels[0, 0]), rel=0.25)


@needs_model
def test_objects_keep_their_ids_through_time_when_they_are_linked(bundled: str, tmp_path: Path) -> None:
    volume, _ = nuclei(160)
    pixels = np.asarray(volume.pixels)
    series = Volume(np.concatenate([pixels, np.roll(pixels, 2, axis=-1)]), volume.spacing, volume.unit)
    _, alone, apart = run(job_for(tmp_path, series, bundled))
    (tmp_path / "linked").mkdir()
    _, result, linked = run(job_for(tmp_path / "linked", series, bundled, link=True))
    assert not np.intersect1d(apart[0], apart[1]).any()
    both = np.setdiff1d(np.intersect1d(linked[0], linked[1]), [0])
    assert len(both) >= 0.8 * len(np.unique(linked[0])[1:])
    assert result.objects == len(np.setdiff1d(np.unique(linked), [0])) < alone.objects
