"""What says where objects are is chosen by name: every step of the loop works with it, and knows none by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import find_boundaries

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data import samples
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.geometry.basins import flood
from napari_apprentice.data.labels import instances
from napari_apprentice.data.labels.corrections import BACKGROUND, whole_sections
from napari_apprentice.data.labels.scores import average_precision
from napari_apprentice.data.models import ModelHeader, read_header
from napari_apprentice.data.representations import REPRESENTATIONS, Channel, InstanceRepresentation, representation
from napari_apprentice.data.representations.instances import encode_foreground
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.plans import Engine
from napari_apprentice.engine.predict import Prediction, predict
from napari_apprentice.events import Event, Failed, Finished, TileDone
from napari_apprentice.jobs import (
    ArrayRef,
    ClickJob,
    ClickResult,
    Job,
    SegmentJob,
    SegmentLargeJob,
    TeachJob,
    TeachResult,
    VolumeRef,
)
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import DecodeSettings, SegmentSettings, TeachSettings

STEPS = TeachSettings(max_steps=60, max_seconds=90, batch_size=4, patch=48, learning_rate=5e-3, threads=1)
FEW = STEPS.model_copy(update={"max_steps": 4})


@dataclass(frozen=True)
class Bands(InstanceRepresentation):
    """Foreground, and the band of voxels at the boundaries of objects: without it they fall apart."""

    name = "boundary-band"
    channels = Channel("foreground"), Channel("boundary")
    choices = {"foreground": (0.3, 0.5, 0.7)}
    encoded_again = True

    def encode(self, labels, confirmed, spacing=(1.0, 1.0, 1.0), whole=None):
        target, weight = encode_foreground(labels, confirmed, 2)
        here = whole_sections(labels, confirmed)
        target[1] = np.stack([find_boundaries(plane, mode="inner") for plane in labels])
        weight[1] = (confirmed == BACKGROUND) | (here if whole is None else here & whole)
        return target, weight

    def separate(self, values, inside, settings, spacing=(1.0, 1.0, 1.0)):
        marks, _ = ndimage.label(inside & (np.asarray(values[1], np.float32) < 0.5))
        return flood(np.asarray(values[0], np.float32), marks.astype(np.int32), inside)


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REPRESENTATIONS, Bands.name, lambda dims, outputs: Bands())


def done(engine: Engine, job: Job) -> tuple[list[Event], Finished]:
    *events, last = engine.run(job, lambda: False)
    assert isinstance(last, Finished), last
    return events, last


def segmented(engine: Engine, image: VolumeRef, model: str, out: Path, **settings: object) -> np.ndarray:
    job = SegmentJob(
        id="s", image=image, model=model, settings=SegmentSettings(**settings), out=ArrayRef(path=str(out))
    )
    events, _ = done(engine, job)
    assert any(isinstance(event, TileDone) for event in events)
    return np.array(scratch.read(job.out))


def clicked(engine: Engine, image: VolumeRef, model: str, point: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    _, last = done(engine, ClickJob(id="c", image=image, model=model, point=point, generation=1))
    assert isinstance(last.result, ClickResult)
    mask = np.zeros(shape, bool)
    mask[last.result.mask.slices] = last.result.mask.unpacked()
    return mask


def taught(engine: Engine, job: TeachJob) -> str:
    _, last = done(engine, job)
    assert isinstance(last.result, TeachResult)
    return last.result.model


def net_for(name: str, dims: int = 2) -> NetSettings:
    outputs = len(representation(name, dims).channels)
    return NetSettings(dims=dims, in_channels=2, out_channels=outputs, widths=(8, 16), pools=((1, 2, 2),))


@pytest.mark.parametrize("name", ["affinities", Bands.name])
def test_it_is_taught_saved_read_segments_and_answers_a_click(tmp_path, disks, corrected, job, name):
    pixels, labels = disks()
    task = job(
        tmp_path / "one", pixels, labels, corrected(labels, 30), settings=STEPS, net=net_for(name), representation=name
    )
    engine, image = Engine(), task.training_data[0].image
    model = taught(engine, task)
    assert read_header(model).representation == name
    found = segmented(engine, image, model, tmp_path / "found.npy", tile=96)
    assert average_precision(labels[None], found) > 0.8
    for number in (labels.max(), labels.max() // 2):  # one that was not corrected, one that was
        point = tuple(int(i) for i in np.argwhere(labels == number).mean(axis=0).round())
        mask = clicked(engine, image, model, (0, *point), (1, *labels.shape))[0]
        assert (mask & (labels == number)).sum() / (mask | (labels == number)).sum() > 0.7
    # what was taught further says it in the same way
    further = job(tmp_path / "two", pixels, labels, corrected(labels), settings=FEW, parent=model, net=None)
    assert read_header(taught(engine, further)).representation == name
    # and a large image is the same in pieces
    np.save(tmp_path / "large.npy", pixels[0])
    settings = SegmentSettings(tile=96)
    large = SegmentLargeJob(
        id="l",
        image=str(tmp_path / "large.npy"),
        model=model,
        settings=settings,
        memory_mb=50.0,
        out=str(tmp_path / "large.zarr"),
    )
    done(engine, large)
    assert average_precision(found, read_labels(tmp_path / "large.zarr"), 0.8) > 0.95


def test_a_volume_is_learned_by_affinities_of_all_dimensions(tmp_path, disks, corrected, job):
    pixels, labels = disks(64, 10)
    few = STEPS.model_copy(update={"max_steps": 30, "batch_size": 2, "patch": 32})
    task = job(
        tmp_path,
        pixels,
        labels,
        corrected(labels),
        settings=few,
        net=net_for("affinities", 3),
        representation="affinities",
    )
    engine = Engine()
    model = taught(engine, task)
    found = segmented(engine, task.training_data[0].image, model, tmp_path / "found.npy")
    assert average_precision(labels[None], found) > 0.7


def test_affinities_of_slices_make_whole_objects_of_a_volume() -> None:
    z, y, x = np.mgrid[:9, :40, :60]
    labels = np.zeros(z.shape, np.uint32)
    for number, middle in enumerate((16, 37), 1):  # they touch
        labels[((z - 4) * 2.5) ** 2 + (y - 20) ** 2 + (x - middle) ** 2 <= 11**2] = number
    kind = representation("affinities", 2)
    sections = [kind.encode(part[None], np.where(part > 0, 2, 1)[None].astype(np.uint8))[0] for part in labels]
    found = kind.decode(np.concatenate(sections, axis=1), DecodeSettings())
    assert average_precision(labels, found, 0.95) == 1


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_affinities_are_decoded_in_the_grid_they_were_learned_in(zoom: float) -> None:
    y, x = np.mgrid[:48, :72]
    seen = np.zeros((1, 48, 72), np.uint32)
    seen[0][(y - 24) ** 2 + (x - 20) ** 2 <= 13**2] = 1
    seen[0][((y - 24) ** 2 + (x - 46) ** 2 <= 13**2) & (seen[0] == 0)] = 2
    values, _ = representation("affinities").encode(seen, np.where(seen > 0, 2, 1).astype(np.uint8))
    shape = (1, round(48 / zoom), round(72 / zoom))
    header = ModelHeader(id="a", name="a", representation="affinities", net=net_for("affinities"))
    labels = labels_of(Prediction(values.astype(np.float16), shape), header)
    assert labels.shape == shape
    rows, columns = (((np.arange(n) + 0.5) * zoom).astype(int) for n in shape[1:])
    assert average_precision(seen[:, rows[:, None], columns], labels, 0.95) == 1


@pytest.mark.parametrize("name", ["affinities", Bands.name])
def test_a_parent_goes_on_under_another_representation(tmp_path, disks, corrected, job, name):
    pixels, labels = disks()
    engine = Engine()
    parent = taught(engine, job(tmp_path / "one", pixels, labels, corrected(labels, 30), settings=FEW))
    task = job(
        tmp_path / "two", pixels, labels, corrected(labels), settings=FEW, parent=parent, net=None, representation=name
    )
    model = taught(engine, task)
    header = read_header(model)
    assert (header.representation, header.net.out_channels) == (name, len(representation(name).channels))
    assert header.parent == "v1"
    one, two = checkpoint.load(parent)[1].state_dict(), checkpoint.load(model)[1].state_dict()
    body = [key for key in one if not key.startswith("head.") and one[key].dtype.is_floating_point]
    assert max(float((one[key] - two[key]).abs().mean()) for key in body if key.endswith("0.weight")) < 0.05


def test_a_representation_that_is_not_known_is_said_in_a_sentence(tmp_path, disks, corrected, job, monkeypatch):
    pixels, labels = disks(130)
    task = job(
        tmp_path,
        pixels,
        labels,
        corrected(labels, 20),
        settings=FEW,
        net=net_for(Bands.name),
        representation=Bands.name,
    )
    model = taught(Engine(), task)
    monkeypatch.delitem(REPRESENTATIONS, Bands.name)
    wanted = SegmentJob(
        id="s", image=task.training_data[0].image, model=model, out=ArrayRef(path=str(tmp_path / "no.npy"))
    )
    *_, last = Engine().run(wanted, lambda: False)
    assert isinstance(last, Failed)
    assert last.user_error
    assert "boundary-band" in last.message


@pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
def test_files_from_before_it_was_written_down_give_the_same_labels() -> None:
    """Log-distance, straight from its functions, as when nothing else was known."""
    header, net = checkpoint.load(bundled_files()["nuclei-2d"][1])
    assert header.representation == "log-distance"
    pixels = np.asarray(samples.load("nuclei_2d")[0].pixels)[0, ..., :160, :160]
    prediction = predict(Network(header, ready(net, pick("cpu")), pick("cpu")), pixels)
    assert prediction.values.shape == (2, 1, 160, 160)
    expected = instances.decode(prediction.values, header.decode)
    assert expected.max() > 5
    np.testing.assert_array_equal(labels_of(prediction, header), expected)
