"""Power loss, in short: the record, the disk, and each promise of the project that rests on an fsync."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.lab.trust.test_kill import outcome

from apprentice_lab.trust import power
from apprentice_lab.trust.power_disk import Disk, everything, nothing
from apprentice_lab.trust.power_events import Log
from apprentice_lab.trust.power_record import Recorder
from apprentice_lab.trust.trial import Extent
from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import merging
from napari_apprentice.data.storage.atomic_write import atomic_write, atomic_write_folder
from napari_apprentice.jobs import StoreRef
from napari_apprentice.project import journal
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.folder import Project
from napari_apprentice.project.journal import Journal, Record
from napari_apprentice.project.record import is_project
from napari_apprentice.project.store import LabelStore
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions

pytestmark = pytest.mark.skipif(os.name != "posix", reason="folders are synced only there")
SHAPE = (1, 1, 40, 50)


class Recorded:
    """What a test does to a disk, and what is there when the power is cut."""

    def __init__(self, place: Path) -> None:
        self.disk = place / "disk"
        self.disk.mkdir()
        self.log = Log(self.disk)
        self._states = place / "states"
        self._states.mkdir()

    def cut(self, count: int | None = None, *, names=nothing, data=nothing) -> Path:
        count = len(self.log.events) if count is None else count
        state = self._states / str(len(list(self._states.iterdir())))
        Disk(self.log, count, names, data).write_to(state)
        return state

    def all_cuts(self, first: int = 0):
        """Every moment, with the worst luck there is."""
        for count in range(first, len(self.log.events) + 1):
            for names in (nothing, everything):
                for data in (nothing, everything):
                    yield self.cut(count, names=names, data=data)


@pytest.fixture
def recorded(tmp_path):
    made = Recorded(tmp_path)
    with Recorder(made.log):
        yield made


def test_every_state_of_a_short_day_opens(tmp_path):
    found = outcome(power.TRIAL, tmp_path, Extent(share=0.004, seed=2))
    assert (found.tried, found.failures) == (80, ())
    assert found.numbers["events"] > 400


def test_what_was_not_synced_may_be_there_in_any_part(recorded):
    with (recorded.disk / "a").open("wb") as file:
        file.write(b"x" * 5000)
    assert list(recorded.cut().iterdir()) == []
    assert (recorded.cut(names=everything) / "a").read_bytes() == b""
    first_page = recorded.cut(names=everything, data=lambda count: [i == 0 for i in range(count)])
    assert (first_page / "a").read_bytes() == b"x" * 4096
    assert (recorded.cut(names=everything, data=everything) / "a").read_bytes() == b"x" * 5000


def test_what_was_synced_is_there_once_its_name_is(recorded):
    path = recorded.disk / "a"
    with path.open("wb") as file:
        file.write(b"kept")
        file.flush()
        os.fsync(file.fileno())
        file.write(b"lost")
    assert list(recorded.cut().iterdir()) == []
    assert (recorded.cut(names=everything) / "a").read_bytes() == b"kept"
    descriptor = os.open(recorded.disk, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    assert (recorded.cut() / "a").read_bytes() == b"kept"


def test_the_record_is_the_folder_whatever_was_done(recorded):
    disk = recorded.disk
    (disk / "deep" / "er").mkdir(parents=True)
    (disk / "deep" / "a.txt").write_text("one")
    with (disk / "deep" / "a.txt").open("r+b") as file:
        file.seek(1)
        file.write(b"xyz")
        file.truncate(2)
    os.link(disk / "deep" / "a.txt", disk / "b.txt")
    (disk / "b.txt").rename(disk / "deep" / "er" / "c.txt")
    shutil.copytree(disk / "deep", disk / "copy", copy_function=os.link)
    shutil.rmtree(disk / "deep")
    assert recorded.log.unlike() == []


def test_what_is_written_in_other_ways_is_entered_when_it_is_synced_and_else_told(recorded):
    path = recorded.disk / "array.npy"
    with path.open("wb") as file:
        np.arange(1000).tofile(file)  # past every door of Python
        assert recorded.log.unlike() == [f"{path} has another content"]
        os.fsync(file.fileno())
    assert (recorded.log.unlike(), recorded.log.unseen) == ([], [str(path)])
    assert (recorded.cut(names=everything) / "array.npy").read_bytes() == np.arange(1000).tobytes()


def test_a_file_is_the_old_one_or_the_new_one(recorded):
    path = recorded.disk / "a"
    path.write_bytes(b"")
    begun = len(recorded.log.events)
    for content in (b"old" * 3000, b"new" * 3000):
        with atomic_write(path) as part:
            part.write_bytes(content)
    assert {(state / "a").read_bytes()[:3] for state in recorded.all_cuts(begun) if (state / "a").exists()} == {
        b"", b"old", b"new",
    }  # fmt: skip
    assert (recorded.cut() / "a").read_bytes() == b"new" * 3000


def test_a_folder_is_the_old_one_or_the_new_one(recorded):
    path = recorded.disk / "a.zarr"
    begun = 0
    for content in ("old", "new"):
        with atomic_write_folder(path) as part:
            (part / "c").mkdir(parents=True)
            (part / "c" / "0").write_text(content)
        begun = begun or len(recorded.log.events)
    found = set()
    for state in recorded.all_cuts(begun):
        places = [place for place in (state / "a.zarr", *state.glob(".old-*")) if place.exists()]
        found.add((places[0] / "c" / "0").read_text())
    assert found == {"old", "new"}
    assert (recorded.cut() / "a.zarr" / "c" / "0").read_text() == "new"


def test_a_new_project_is_there_when_it_was_made(recorded):
    project = Project.create(recorded.disk / "some" / "where")
    project.close()
    assert is_project(recorded.cut() / "some" / "where")


def test_a_journal_that_was_synced_is_there_under_its_name(recorded):
    flusher = Flusher()
    opened = Journal(recorded.disk / "journal-0.bin", flusher)
    opened.append(Record("do", 1, b"one"))
    assert not (recorded.cut() / "journal-0.bin").exists()
    opened.sync()
    assert journal.read(recorded.cut() / "journal-0.bin").records == [Record("do", 1, b"one")]
    opened.close()
    flusher.close()


def test_chunks_of_a_large_image_are_as_they_were_or_as_they_were_written(recorded):
    store, whole = LabelStore(recorded.disk / "store", SHAPE), whole_region(SHAPE)
    values = []
    for value in (1, 2, 0):  # chunks of nothing but 0 are removed
        begun = len(recorded.log.events)
        store.write(whole, np.full(SHAPE, value, np.uint32), np.full(SHAPE, value, np.uint8))
        values.append(value)
        for state in recorded.all_cuts(begun) if len(values) > 1 else ():
            labels, _ = LabelStore(state / "store", SHAPE).read(whole)
            assert np.unique(labels).tolist() in ([values[-2]], [value])
        labels, confirmed = LabelStore(recorded.cut() / "store", SHAPE).read(whole)
        assert (np.unique(labels).tolist(), np.unique(confirmed).tolist()) == ([value], [value])


def test_labels_of_all_of_a_large_image_are_on_disk_when_they_are_taken_in(recorded):
    store = LabelStore(recorded.disk / "store", SHAPE)
    ref: StoreRef = store.exchange(first=10)
    for _ in merging.merge(np.ones(SHAPE, np.uint32), ref, "instances"):
        pass
    labels, _ = LabelStore(recorded.cut() / "store", SHAPE, number=1).read(whole_region(SHAPE))
    assert np.unique(labels).tolist() == [10]


def test_no_half_of_a_stroke_is_kept_when_another_part_is_opened(recorded):
    where = np.arange(4)
    with Session.create(recorded.disk / "project", InlineRunners()) as session:
        session.options = SessionOptions(largest_whole=1000)
        pixels = np.random.default_rng(0).integers(0, 200, (1, 1, 4, 130, 700)).astype(np.uint8)
        session.add_image(Volume(pixels, name="large"))
        session.open_region((0, 0, 60, 100))
        session.paint(where, 7)
        begun = len(recorded.log.events)
        session.open_region((0, 0, 60, 650))
    found = set()
    for count in range(begun, len(recorded.log.events), 3):
        state = recorded.cut(count, names=everything)
        with Session.open(state / "project", InlineRunners()) as again:
            (entry,) = again.entries
            again.open_region((0, 0, 60, 100))
            labels, confirmed = (array.reshape(-1)[where] for array in (entry.labels, entry.confirmed))
            found.add((bool((labels == 7).all()), bool((confirmed == 2).all())))
    assert found == {(False, False), (True, True)}


def test_every_prefix_that_makes_another_disk_is_cut_once_before_all_else(recorded):
    path = recorded.disk / "a"
    with path.open("wb", buffering=0) as file:  # a name, then two writes with nothing new between
        file.write(b"one")
        os.fsync(file.fileno())
        file.write(b"two")
    kinds = [event.kind for event in recorded.log.events]
    assert kinds == ["names", "write", "sync", "write"]
    cuts = list(power._cuts(recorded.log, 40, np.random.default_rng(0)))
    assert [count for count, *_ in cuts[:4]] == [0, 1, 3, 4]
    assert {luck for _, *pair in cuts[:4] for luck in pair} == {everything}
    assert len(cuts) == 40
    assert len(list(power._cuts(recorded.log, 3, np.random.default_rng(0)))) == 3
