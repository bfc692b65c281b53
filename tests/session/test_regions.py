"""Images too large to be labelled whole: one region is open at a time, and nothing is lost on the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from safetensors.numpy import save_file

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import merging
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished, TileDone
from napari_apprentice.jobs import SegmentLargeResult, SegmentResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage

SHAPE = (1, 1, 2600, 4200)
LEFT, RIGHT = (0, 0, 1300, 0), (0, 0, 1300, 4199)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 250, SHAPE[2:]).astype(np.uint8))
    return path


def opened(session: Session, image: Path) -> LargeProjectImage:
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(read_image(image))
    assert isinstance(entry, LargeProjectImage)
    session.open_region(LEFT)
    return entry


def flat(entry: LargeProjectImage, y: slice, x: slice) -> np.ndarray:
    """Flat indices of a box in the open region, given in voxels of the image."""
    _, _, top, left = (part.start for part in entry.region)
    rows, columns = np.arange(y.start - top, y.stop - top), np.arange(x.start - left, x.stop - left)
    return (rows[:, None] * entry.labels.shape[3] + columns).ravel()


def paint_both(session: Session, entry: LargeProjectImage) -> None:
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), entry.next_id())
    session.open_region(RIGHT)
    session.paint(flat(entry, slice(1200, 1220), slice(4000, 4010)), entry.next_id())


def whole(entry: LargeProjectImage) -> np.ndarray:
    entry.keep_snapshot()
    labels = np.zeros(SHAPE, np.uint32)
    for part in entry.folder.store.labelled_chunks():
        labels[part] = entry.folder.store.read(part)[0]
    return labels


def painted() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, 1000:1010, 100:110], labels[0, 0, 1200:1220, 4000:4010] = 1, 2
    return labels


def test_what_was_painted_in_one_region_is_there_when_it_is_opened_again(session, image) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    assert not (entry.labels == 1).any()
    session.open_region(LEFT)
    assert np.flatnonzero(entry.labels == 1).tolist() == flat(entry, slice(1000, 1010), slice(100, 110)).tolist()
    assert np.array_equal(whole(entry), painted())
    assert entry.voxels_taught == 100 + 200
    assert entry.next_id() == 3


def test_undo_and_redo_go_to_the_region_where_it_was_done(session, image) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    moves = []
    session.region_changed.connect(lambda one: moves.append(one.region[3].start))
    session.undo()
    assert moves == []
    session.undo()
    assert moves == [0]
    assert not whole(entry).any()
    session.redo()
    session.redo()
    assert moves == [0, 2560]
    assert np.array_equal(whole(entry), painted())
    session.undo()
    session.undo()
    assert not entry.is_labelled
    assert not entry.is_confirmed
    assert entry.voxels_taught == 0


def test_after_a_crash_every_stroke_in_every_region_is_there_and_those_of_the_last_can_be_undone(
    session, image, tmp_path
) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    copy = tmp_path / "copy"
    shutil.copytree(session.project.path, copy, ignore=shutil.ignore_patterns("lock"))
    with Session.open(copy) as again:
        found = again.current
        assert isinstance(found, LargeProjectImage)
        assert found.region == entry.region
        assert found.voxels_taught == 300
        again.undo()
        labels = painted()
        labels[labels == 2] = 0
        assert np.array_equal(whole(found), labels)
        again.redo()
        assert np.array_equal(whole(found), painted())


def test_a_crash_while_a_region_is_written_loses_nothing(session, image, tmp_path) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    copy = tmp_path / "copy"
    shutil.copytree(session.project.path, copy, ignore=shutil.ignore_patterns("lock"))
    folder = copy / "entries" / entry.id
    # as if the process was killed between the two arrays: labels are in the store, the journal is still there
    entry.keep_snapshot()
    shutil.rmtree(folder / "store" / "labels-0")
    shutil.copytree(entry.folder.store.path / "labels-0", folder / "store" / "labels-0")
    with Session.open(copy) as again:
        assert np.array_equal(whole(again.current), painted())
        assert again.current.voxels_taught == 300
        again.undo()
        assert not (whole(again.current) == 2).any()


def test_a_disk_that_refuses_leaves_the_old_region_open(session, image) -> None:
    entry = opened(session, image)
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), 1)
    region = entry.region
    store = entry.folder.store.path
    shutil.rmtree(store)
    store.write_text("a file where a folder should be")
    entry.folder.store._arrays.clear()
    with pytest.raises(UserError, match="cannot be saved"):
        session.open_region(RIGHT)
    assert entry.region == region
    assert (entry.labels == 1).sum() == 100


def test_a_proposal_for_a_region_is_named_as_the_objects_that_it_meets(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    edge = entry.region[3].stop
    session.choose_model(model_file(tmp_path / "m.safetensors"))

    def propose(boxes: list[tuple[slice, slice]]) -> None:
        session.segment()
        job = runners.started[-1].job
        looked_at = scratch.read(job.image.pixels)
        labels = np.zeros((1, 1, *looked_at.shape[3:]), np.uint32)
        _, _, top, left = (a.start - b.start for a, b in zip(entry.region, entry.inner, strict=True))
        assert np.array_equal(
            looked_at[0, 0], entry.volume.pixels[0, 0, :, top:, left:][:, : looked_at.shape[3], : looked_at.shape[4]]
        )
        for number, (y, x) in enumerate(boxes, 1):
            labels[0, 0, y.start - top : y.stop - top, max(0, x.start - left) : x.stop - left] = number
        out = scratch.write(job.out.path, labels)
        runners.started[-1].events.append(
            Finished(result=SegmentResult(job=job.id, labels=out, objects=len(boxes), seconds=0.1))
        )
        session.run_until_idle()

    propose([(slice(900, 920), slice(edge - 10, edge + 10)), (slice(700, 710), slice(5, 15))])
    assert sorted(np.unique(entry.labels)) == [0, 1, 2]
    session.open_region((0, 0, 1300, edge + 1024))
    assert entry.region[3].start == edge
    propose([(slice(900, 920), slice(edge - 10, edge + 10)), (slice(700, 710), slice(edge + 50, edge + 60))])
    labels = whole(entry)
    assert labels[0, 0, 910, edge - 1] == labels[0, 0, 910, edge] == 1
    assert labels[0, 0, 705, 10] == 2
    assert labels[0, 0, 705, edge + 55] == 3


def test_an_edited_object_stays_whole_when_the_region_and_then_all_of_the_image_is_segmented(
    session, image, tmp_path, runners
) -> None:
    entry = opened(session, image)
    edge, top, width = entry.region[3].stop, entry.region[2].start, entry.labels.shape[3]
    session.choose_model(model_file(tmp_path / "m.safetensors"))

    def propose(y: slice, x: slice) -> None:
        session.segment()
        job = runners.started[-1].job
        labels = np.zeros((1, 1, *scratch.read(job.image.pixels).shape[3:]), np.uint32)
        labels[entry.inner][0, 0, y, x] = 1
        out = scratch.write(job.out.path, labels)
        runners.started[-1].events.append(Finished(result=SegmentResult(job=job.id, labels=out, objects=1, seconds=1)))
        session.run_until_idle()

    propose(slice(900 - top, 920 - top), slice(width - 40, width))
    before = entry.labels.copy()
    cut = flat(entry, slice(900, 920), slice(edge - 20, edge - 18))
    session.paint(cut, 0)
    parted = entry.labels.copy()
    assert (parted == 1).sum() == 20 * 38
    propose(slice(898 - top, 922 - top), slice(width - 42, width - 5))  # mostly on what there is
    assert np.array_equal(entry.labels, parted)
    session.undo()
    assert np.array_equal(entry.labels, before), "one step: the proposal changed nothing"
    session.redo()
    session.segment_all()
    job = runners.started[-1].job
    proposal = np.zeros(SHAPE, np.uint32)
    proposal[0, 0, 900:920, edge - 40 : edge] = 1
    list(merging.merge(proposal, job.store, "instances"))
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=1, seconds=1.0)
    runners.started[-1].events.append(Finished(result=result))
    session.pump()
    assert np.array_equal(entry.labels, parted)


def test_tiles_are_told_where_they_lie_in_the_region(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    session.open_region(RIGHT)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment()
    told = []
    session.job_event.connect(lambda kind, event: told.append(event.region))
    margin = entry.inner[3].start
    assert margin == 96
    tile = ((0, 1), (0, 1), (0, 512), (0, 512))
    runners.started[-1].events.append(TileDone(region=tile))
    runners.started[-1].events.append(TileDone(region=((0, 1), (0, 1), (0, 512), (0, 50))))
    session.pump()
    assert told == [((0, 1), (0, 1), (0, 512 - entry.inner[2].start), (0, 512 - margin))]


def test_teaching_reads_only_the_cells_around_corrections(session, image, runners) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    session.choose_model("fresh")
    session.teach()
    training_data = runners.started[-1].job.training_data
    assert len(training_data) == 2
    for ref, value, count in zip(training_data, (1, 2), (100, 200), strict=True):
        labels, confirmed = scratch.read(ref.labels), scratch.read(ref.confirmed)
        assert (labels == value).sum() == (confirmed == 2).sum() == count
        assert scratch.read(ref.image.pixels).shape == (1, 1, *labels.shape[1:])
        assert labels.size < 1.3e6
        assert ref.image.fitted_on == training_data[0].image.fitted_on
    keys = {ref.key for ref in training_data}
    session.cancel()
    session.pump()
    session.paint(flat(entry, slice(1300, 1310), slice(3000, 3010)), 9)
    session.teach()
    assert keys < {ref.key for ref in runners.started[-1].job.training_data}


@pytest.mark.parametrize("name", ["labels.zarr", "labels.ome.tif"])
def test_labels_of_all_regions_are_exported(session, image, tmp_path, name) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    session.export_labels(tmp_path / name)
    assert np.array_equal(np.asarray(read_image(tmp_path / name).pixels)[:, 0], painted())
    assert [path.name for path in tmp_path.glob("*labels*")] == [name]


def test_formats_that_hold_labels_whole_are_refused(session, image, tmp_path) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    with pytest.raises(UserError, match=r"choose OME-TIFF \(\.tif\) or OME-Zarr"):
        session.export_labels(tmp_path / "labels.nrrd")
    assert not (tmp_path / "labels.nrrd").exists()


def test_the_overview_shows_labels_of_regions_that_were_left(session, image) -> None:
    entry = opened(session, image)
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), 1)
    session.open_region(RIGHT)
    steps = entry.folder.store.steps
    assert np.array_equal(
        np.asarray(entry.folder.store.overview), painted()[tuple(slice(None, None, s) for s in steps)] == 1
    )


def test_all_of_the_image_is_segmented_and_corrections_made_meanwhile_stay(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), entry.next_id())
    before = whole(entry)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_all()
    job = runners.started[-1].job
    proposal = np.zeros(SHAPE, np.uint32)
    proposal[0, 0, 1000:1020, 4000:4020], proposal[0, 0, 1995:2005, 1000:1010] = 1, 2
    list(merging.merge(proposal, job.store, "instances"))
    session.open_region(RIGHT)  # while it runs
    session.paint(flat(entry, slice(1015, 1030), slice(4000, 4010)), entry.next_id())
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=2, seconds=1.0)
    runners.started[-1].events.append(Finished(result=result))
    session.pump()
    after = whole(entry)
    first = job.store.first
    expected = np.where(proposal > 0, proposal + first - 1, 0)
    expected[0, 0, 1000:1010, 100:110], expected[0, 0, 1015:1030, 4000:4010] = 1, 2
    assert np.array_equal(after, expected)
    assert entry.next_id() > first + 1
    assert np.array_equal(
        np.asarray(entry.folder.store.overview), after[tuple(slice(None, None, s) for s in entry.folder.store.steps)]
    )

    session.undo()
    without = before.copy()
    without[0, 0, 1015:1030, 4000:4010] = 2
    assert np.array_equal(whole(entry), without)
    session.undo()
    assert np.array_equal(whole(entry), before)
    session.redo()
    session.redo()
    assert np.array_equal(whole(entry), after)
    session.paint(flat(entry, slice(600, 610), slice(4100, 4110)), entry.next_id())
    copy = tmp_path / "copy"
    shutil.copytree(session.project.path, copy, ignore=shutil.ignore_patterns("lock"))
    with Session.open(copy) as again:
        again.undo()
        assert np.array_equal(whole(again.current), after)
        assert not again.edits.can_undo
        assert len(list(again.current.folder.store.path.glob("labels-*"))) == 1


def test_a_region_is_not_changed_while_a_stroke_is_painted(session, image) -> None:
    opened(session, image)
    with session.edits.stroke(), pytest.raises(UserError, match="being painted"):
        session.open_region(RIGHT)


def model_file(path: Path) -> str:
    """A model file as far as the session looks into it."""
    header = ModelHeader(id=path.stem, name=path.stem, net=NetSettings())
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


def test_a_large_image_without_a_file_is_kept_in_the_project(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 250, (1, *SHAPE)).astype(np.uint8)
    with Session.create(tmp_path / "project") as session:
        session.options = SessionOptions(largest_whole=1_000_000)
        entry = session.add_image(Volume(pixels, name="made"))
        assert isinstance(entry, LargeProjectImage)
        session.paint([0, 1, 2], 1)
        assert "save it as OME-Zarr" in session.verbs.segment_all.why_not()
    with Session.open(tmp_path / "project") as again:
        assert np.array_equal(again.current.volume.pixels, pixels)
        assert (again.current.labels == 1).sum() == 3


def test_without_a_window_an_image_is_segmented_whole_however_large(session) -> None:
    huge = np.lib.stride_tricks.as_strided(np.arange(2, dtype=np.uint8), (1, 1, 1, 9000, 9000), (0, 0, 0, 0, 0))
    volume = Volume(np.concatenate([huge[..., :1], huge[..., 1:] + 1], axis=-1), name="huge")
    assert not isinstance(session.add_image(volume), LargeProjectImage)
