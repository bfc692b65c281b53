"""What could get lost, or into the wrong place, when parts of a large image come and go."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.session.test_regions import LEFT, RIGHT, SHAPE, flat, image, model_file, opened, paint_both, whole

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.channels import take_channels
from napari_apprentice.data.labels import merging
from napari_apprentice.data.storage import scratch
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentLargeResult
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage

__all__ = ["image"]  # a fixture


def copied(session: Session, tmp_path: Path) -> Path:
    """The project as it is on disk now: what a crash leaves."""
    copy = tmp_path / "copy"
    shutil.copytree(session.project.path, copy, ignore=shutil.ignore_patterns("lock"))
    return copy


def finish_all(session: Session, runners, proposal: np.ndarray) -> None:
    """What the engine does for Segment all."""
    job = runners.started[-1].job
    list(merging.merge(proposal, job.store, "instances"))
    ended(session, runners, int(proposal.max()))


def ended(session: Session, runners, objects: int) -> None:
    job = runners.started[-1].job
    result = SegmentLargeResult(job=job.id, labels=job.store.merged, objects=objects, seconds=1.0)
    runners.started[-1].events.append(Finished(result=result))
    session.pump()


def square(y: int, x: int) -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, y : y + 20, x : x + 20] = 1
    return labels


def two_channels(tmp_path: Path):
    """An image of two channels, dark and bright, and how one of them is taken."""
    pixels = np.zeros((2, *SHAPE[2:]), np.uint8)
    pixels[0], pixels[1] = 10, 200
    pixels[:, ::7] += 3
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "CYX"})
    volume = read_image(path)
    return lambda channel: replace(volume, pixels=take_channels(volume.pixels, (channel,)), channels=())


def test_after_a_crash_strokes_that_were_not_loaded_again_teach_all_the_same(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    paint_both(session, entry)
    small = tmp_path / "small.tif"
    tifffile.imwrite(small, np.random.default_rng(1).integers(0, 250, (200, 200)).astype(np.uint8))
    session.add_image(read_image(small))
    with Session.open(copied(session, tmp_path), runners=runners) as again:
        assert not isinstance(again.current, LargeProjectImage)
        again.choose_model("fresh")
        again.teach()
        confirmed = [scratch.read(ref.confirmed) for ref in runners.started[-1].job.training_data]
        assert sum(int((one == 2).sum()) for one in confirmed) == 300


def test_what_a_kill_left_of_a_chunk_goes_when_the_image_is_opened(session, image, tmp_path) -> None:
    paint_both(session, opened(session, image))
    copy = copied(session, tmp_path)
    chunk = next(copy.glob("entries/*/store/labels-0/c/*/*/*/*"))
    left = chunk.with_name(f"{chunk.name}.0123456789abcdef.partial")
    left.write_bytes(b"half")
    with Session.open(copy) as again:
        assert again.entries[0].is_labelled
    assert (left.exists(), chunk.exists()) == (False, True)


def test_another_channel_is_seen_with_its_own_intensities(session, tmp_path, runners) -> None:
    channel = two_channels(tmp_path)
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(channel(0))
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    for number, brightest in ((0, 13), (1, 203)):
        session.images.reinterpret(entry, channel(number))
        session.segment()
        assert scratch.read(runners.started[-1].job.image.fitted_on).max() == brightest
        session.cancel()
        session.pump()


def test_all_of_an_image_that_was_read_differently_meanwhile_is_not_taken_in(session, tmp_path, runners) -> None:
    channel = two_channels(tmp_path)
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(channel(0))
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_all()
    session.images.reinterpret(entry, channel(1))
    finish_all(session, runners, square(1000, 2000))
    assert not entry.is_labelled
    assert "read differently" in session.sentences[-1]


def test_a_stroke_that_was_undone_while_all_was_segmented_stays_undone(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), entry.next_id())
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_all()
    list(merging.merge(np.zeros(SHAPE, np.uint32), runners.started[-1].job.store, "instances"))
    session.undo()
    ended(session, runners, 0)
    assert not entry.is_labelled


def test_all_labels_are_not_exchanged_in_the_middle_of_a_stroke(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_all()
    with session.edits.stroke():
        session.paint(flat(entry, slice(600, 610), slice(100, 110)), 5)
        finish_all(session, runners, square(1000, 100))
        session.paint(flat(entry, slice(620, 630), slice(100, 110)), 5)
        assert entry.folder.store.number == 0
    session.verbs.segment_all._look_at = 0.0
    session.pump()
    assert entry.folder.store.number == 1
    assert (entry.labels == 5).sum() == 200
    assert (entry.labels > 5).sum() == 400
    session.undo()
    session.undo()
    assert not entry.is_labelled


def test_labels_in_use_are_not_removed_when_it_cannot_be_read_which_they_are(session, image, tmp_path, runners) -> None:
    entry = opened(session, image)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment_all()
    finish_all(session, runners, square(1000, 100))
    folder = copied(session, tmp_path) / "entries" / entry.id
    for path in folder.glob("region-*.json"):
        path.write_text("")
    with Session.open(tmp_path / "copy") as again:
        assert again.current is None
        assert "restore it from a copy" in again.images.complaints[0]
    assert (folder / "store" / "labels-1").exists()


def test_an_old_journal_that_cannot_be_removed_does_no_harm(session, image, tmp_path, monkeypatch) -> None:
    entry = opened(session, image)
    unlink = Path.unlink

    def refusing(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("journal-"):
            raise PermissionError(13, "in use")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    paint_both(session, entry)
    session.open_region(LEFT)
    monkeypatch.undo()
    assert entry.labels.shape[3] == entry.region[3].stop - entry.region[3].start
    with Session.open(copied(session, tmp_path)) as again:
        assert np.array_equal(whole(again.current), whole(entry))


def test_undo_waits_for_the_stroke_before_it_goes_elsewhere(session, image) -> None:
    entry = opened(session, image)
    session.paint(flat(entry, slice(1000, 1010), slice(100, 110)), 1)
    session.open_region(RIGHT)
    with session.edits.stroke():
        session.undo()
        assert entry.region[3].start > 0
    assert "finish it first" in session.sentences[-1]
    session.undo()
    assert entry.region[3].start == 0


@pytest.mark.parametrize("again", [False, True])
def test_an_image_that_is_taken_out_and_opened_again_shows_the_network_its_own_part(
    session, image, tmp_path, runners, again
) -> None:
    entry = opened(session, image)
    session.choose_model(model_file(tmp_path / "m.safetensors"))
    session.segment()
    if again:
        session.images.remove(entry)
        session.pump()
        entry = session.add_image(read_image(image))
        session.open_region(RIGHT)
        session.segment()
    looked_at = scratch.read(runners.started[-1].job.image.pixels)
    assert np.array_equal(looked_at, np.asarray(entry.part.pixels))
