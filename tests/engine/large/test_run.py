"""Images in pieces: whole objects, the same for every size of block, and going on after a stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import zarr

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data import samples
from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.large import run as large
from napari_apprentice.engine.large import work as work_files
from napari_apprentice.engine.large.work import work_folder
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Note, Progress
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult, StoreRef
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import ClassName, SegmentSettings

BUNDLED = bundled_files()
pytestmark = pytest.mark.skipif("nuclei-2d" not in BUNDLED, reason="there is no bundled model yet")


def _image(folder: Path, times: int = 1) -> Path:
    """The sample's nuclei, four of them side by side and mirrored, as a zarr of small chunks."""
    pixels = np.asarray(samples.load("nuclei_2d")[0].pixels)[0, 0, 0]
    wide = np.concatenate([pixels, pixels[:, ::-1]], axis=1)
    whole = np.concatenate([wide, wide[::-1]], axis=0)[:460, :430]
    series = np.stack([np.roll(whole, 30 * t, axis=0) for t in range(times)])
    folder.mkdir(exist_ok=True)
    path = folder / "big.zarr"
    names = ("t", "y", "x")
    array = zarr.create_array(path, shape=series.shape, chunks=(1, 128, 128), dtype=series.dtype, dimension_names=names)
    array[:] = series
    return path


def _job(image: Path, out: Path, memory_mb: float, diameter: float | None = None) -> SegmentLargeJob:
    settings = SegmentSettings(tile=160, diameter=diameter)
    model = str(BUNDLED["nuclei-2d"][1])
    return SegmentLargeJob(id="l", image=str(image), model=model, settings=settings, memory_mb=memory_mb, out=str(out))


def _run(job: SegmentLargeJob) -> tuple[list[Event], SegmentLargeResult]:
    events = list(large.run(job, lambda: False))
    assert isinstance(events[-1], Finished)
    assert isinstance(events[-1].result, SegmentLargeResult)
    return events, events[-1].result


@pytest.mark.parametrize("diameter", [None, 40.0, pytest.param(14.0, marks=pytest.mark.slow)])
def test_objects_are_whole_and_the_same_for_every_size_of_block(tmp_path: Path, diameter: float | None) -> None:
    image = _image(tmp_path)
    _, few = _run(_job(image, tmp_path / "one.zarr", 1e6, diameter))
    _, many = _run(_job(image, tmp_path / "many.zarr", 1.0, diameter))
    one, other = read_labels(tmp_path / "one.zarr"), read_labels(tmp_path / "many.zarr")
    assert one.shape == (1, 1, 460, 430)
    same = scores.matches(one[0], other[0], (0.99,))[0]
    assert same.true_positives >= 0.99 * max(few.objects, many.objects) > 20
    assert sorted(np.unique(other)) == list(range(many.objects + 1))


def test_what_was_done_before_a_stop_is_not_done_again(tmp_path: Path) -> None:
    job = _job(_image(tmp_path), tmp_path / "out.zarr", 1.0)
    polled = []

    def cancelled() -> bool:
        polled.append(True)
        return len(polled) > 12

    with pytest.raises(Cancelled):
        list(large.run(job, cancelled))
    work = work_folder(tmp_path / "out.zarr")
    assert np.fromfile(work / "0" / "predict.done", np.uint8).sum() == 12
    before = {path: path.stat().st_mtime_ns for path in (work / "0" / "prediction").rglob("c/*/*/*/*")}
    events, _ = _run(job)
    assert any(isinstance(event, Note) and "Going on" in event.text for event in events)
    assert len(before) == 12
    assert not work.exists()
    _run(_job(tmp_path / "big.zarr", tmp_path / "again.zarr", 1.0))
    np.testing.assert_array_equal(read_labels(tmp_path / "out.zarr"), read_labels(tmp_path / "again.zarr"))


def test_the_same_labels_are_not_made_twice_at_once(tmp_path: Path) -> None:
    job = _job(_image(tmp_path), tmp_path / "out.zarr", 1.0)
    first = large.run(job, lambda: False)
    while not isinstance(next(first), Progress):
        pass
    with pytest.raises(UserError, match=r"out\.zarr is being made by another process: wait until it is done"):
        list(large.run(job, lambda: False))
    *_, last = first
    assert isinstance(last, Finished)
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.zarr"]


def test_a_stop_while_the_rest_is_removed_does_not_harm_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(_image(tmp_path), tmp_path / "out.zarr", 1e6)
    remove = work_files.remove_all

    def stopped(path: Path) -> None:
        if (tmp_path / "out.zarr").exists():
            raise KeyboardInterrupt
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(work_files, "remove_all", stopped)
        with pytest.raises(KeyboardInterrupt):
            list(large.run(job, lambda: False))
    before = read_labels(tmp_path / "out.zarr")
    assert before.any()
    _run(job)
    np.testing.assert_array_equal(read_labels(tmp_path / "out.zarr"), before)
    assert not work_folder(tmp_path / "out.zarr").exists()


def test_frames_have_ids_of_their_own_and_labels_a_pyramid(tmp_path: Path) -> None:
    _, result = _run(_job(_image(tmp_path, times=2), tmp_path / "out.ome.zarr", 1e6))
    labels = read_labels(tmp_path / "out.ome.zarr")
    first, second = (set(np.unique(frame)) - {0} for frame in labels)
    assert not first & second
    assert len(first) + len(second) == result.objects
    levels = zarr.open_group(tmp_path / "out.ome.zarr", mode="r")
    assert sorted(levels.array_keys()) == ["0", "1"]
    np.testing.assert_array_equal(levels["1"][1, 0], labels[1, 0, ::2, ::2])
    assert read_image(tmp_path / "out.ome.zarr").pixels.shape == (2, 1, 1, 460, 430)


def test_classes_are_the_same_for_every_size_of_block(tmp_path: Path) -> None:
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=3)
    named = (ClassName(value=1, name="a"), ClassName(value=2, name="b"))
    torch.manual_seed(0)
    header = ModelHeader(id="t", name="t", kind="classes", net=net, classes=named, zoom=0.5)
    save(tmp_path / "t.safetensors", header, build(net))
    found = []
    for memory in (1e6, 1.0):
        job = _job(_image(tmp_path / str(memory)), tmp_path / f"{memory}.zarr", memory)
        _, result = _run(job.model_copy(update={"model": str(tmp_path / "t.safetensors")}))
        found.append(read_labels(tmp_path / f"{memory}.zarr"))
        assert result.objects == len(np.setdiff1d(found[-1], [0]))
    assert (found[0] == found[1]).mean() > 0.999


def test_objects_are_linked_from_frame_to_frame_whatever_the_blocks_and_after_a_stop(tmp_path: Path) -> None:
    image = _image(tmp_path)
    series = zarr.open_array(image, mode="r+")
    frame = np.asarray(series[0])
    moved = np.roll(frame, 2, axis=1)
    array = zarr.create_array(
        tmp_path / "film.zarr", shape=(3, *frame.shape), chunks=(1, 128, 128), dtype=frame.dtype, dimension_names="tyx"
    )
    array[:] = np.stack([frame, frame, moved])
    job = _job(tmp_path / "film.zarr", tmp_path / "out.zarr", 1.0)
    job = job.model_copy(update={"settings": job.settings.model_copy(update={"link": True})})
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 90  # in the second frame

    with pytest.raises(Cancelled):
        list(large.run(job, cancelled))
    assert (work_folder(Path(job.out)) / "1").exists()
    assert not (work_folder(Path(job.out)) / "2").exists()
    _, result = _run(job)
    labels = read_labels(tmp_path / "out.zarr")
    np.testing.assert_array_equal(labels[1], labels[0])
    followed = np.setdiff1d(np.intersect1d(labels[0], labels[2]), [0])
    assert len(followed) > 0.8 * int(labels[0].max()) > 20
    assert sorted(np.unique(labels)) == list(range(result.objects + 1))


def test_what_is_doubtful_is_known_for_every_size_of_block(tmp_path: Path) -> None:
    """Each place once, in voxels of the image, nearly as it is in one piece: medians are those of a block."""
    image = _image(tmp_path)
    found = {}
    for memory in (60.0, 1000.0):
        folder = tmp_path / f"{memory:.0f}"
        folder.mkdir()
        store = StoreRef(
            labels="",
            confirmed="",
            merged=str(folder / "merged"),
            overview=str(folder / "overview"),
            steps=(1, 1, 1, 1),
        )
        job = _job(image, folder / "out.ome.zarr", memory).model_copy(update={"store": store})
        _, result = _run(job)
        found[memory] = Doubts.from_text(result.doubts)
        objects = found[memory].only(~found[memory].missed)
        labels = read_labels(folder / "out.ome.zarr")
        ids = labels[tuple(objects.points.T)]
        assert sorted(ids.tolist()) == np.unique(labels[labels > 0]).tolist()
    small, whole = (
        {tuple(point): value for point, value in zip(one.points.tolist(), one.values.tolist(), strict=True)}
        for one in found.values()
    )
    both = small.keys() & whole.keys()
    assert len(both) > 0.9 * len(whole)
    assert np.median([abs(small[at] - whole[at]) for at in both]) < 0.05
