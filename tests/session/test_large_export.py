"""Labels of a large image are exported in the background, as they were when that began."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from tests.session.test_regions import SHAPE, image

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished, Progress, WasCancelled
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions

__all__ = ["image"]  # a fixture


@pytest.fixture
def session():
    with Session(runners=InlineRunners()) as session:
        session.options = SessionOptions(largest_whole=1_000_000)
        pixels = np.random.default_rng(0).integers(0, 250, (1, *SHAPE)).astype(np.uint8)
        place = {"translate": (0.0, 10.0, 20.0)}
        session.add_image(Volume(pixels, (1.0, 0.5, 0.25), "um", name="slide", metadata=place))
        session.open_region((0, 0, 0, 0))
        session.paint(np.arange(100), 7)
        yield session


def expected(*columns: slice) -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint32)
    for part in columns:
        labels[0, 0, 0, part] = 7
    return labels


@pytest.mark.parametrize("name", ["labels.zarr", "labels.tif"])
def test_what_is_painted_meanwhile_is_not_in_it(session, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    said, events = [], []
    session.message.connect(said.append)
    session.job_event.connect(lambda kind, event: events.append(event))
    session.verbs.export.begin(path)
    session.paint(np.arange(200, 300), 7)
    session.open_region((0, 0, 0, 4199))  # which puts it into the store
    assert session.busy("export")
    session.run_until_idle()
    found = read_image(path)
    assert np.array_equal(np.asarray(found.pixels)[:, 0], expected(slice(0, 100)))
    assert (found.spacing, found.unit) == ((1.0, 0.5, 0.25), "um")
    if name.endswith(".zarr"):
        assert list(found.metadata["translate"]) == [0.0, 10.0, 20.0]
    assert [level.shape[-2:] for level in found.levels] == [
        (1300, 2100),
        (650, 1050),
        (325, 525),
        (163, 263),
        (82, 132),
    ]
    assert np.array_equal(np.asarray(found.levels[1])[0, 0], expected(slice(0, 100))[0, :, ::4, ::4])
    shares = [event.done for event in events if isinstance(event, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert said[-1] == f"Labels of slide were written to {path}."
    assert not list(session.project.scratch.glob("export*"))
    session.verbs.export.begin(path)
    session.run_until_idle()
    again = np.asarray(read_image(path).pixels)[:, 0]
    assert np.array_equal(again, expected(slice(0, 100), slice(200, 300)))


@pytest.mark.parametrize(("name", "far"), [("labels.zarr", 0.0), ("labels.zarr", 0.5), ("labels.tif", 0.6)])
def test_nothing_is_left_of_one_that_was_cancelled(session, tmp_path: Path, name: str, far: float) -> None:
    ended, events = [], []
    session.job_event.connect(lambda kind, event: events.append(event))
    session.job_ended.connect(lambda kind, event: ended.append((kind, type(event))))
    session.verbs.export.begin(tmp_path / name)
    with pytest.raises(UserError, match="being exported"):
        session.verbs.export.begin(tmp_path / "others.zarr")
    while not events or events[-1].done < far:
        session.pump()
    assert len(list(tmp_path.glob(f".levels-*-{name}"))) == 1
    session.cancel("export")
    session.run_until_idle()
    assert ended == [("export", WasCancelled)]
    assert not list(tmp_path.glob("*labels*"))
    assert not list(session.project.scratch.glob("export*"))


def test_what_cannot_be_written_is_said_before_anything_runs(session, tmp_path: Path) -> None:
    (tmp_path / "mine.zarr").mkdir()
    for name, why in {"labels.zip": "labels.zip cannot be written part by part", "mine.zarr": "is no labels"}.items():
        with pytest.raises(UserError, match=why):
            session.verbs.export.begin(tmp_path / name)
    assert not session.busy()


def test_labels_of_other_images_are_there_at_once(tmp_path: Path) -> None:
    with Session(runners=InlineRunners()) as session:
        ended = []
        session.job_ended.connect(lambda kind, event: ended.append(type(event)))
        session.add_image(Volume(np.arange(64, dtype=np.uint8).reshape(1, 1, 1, 8, 8)))
        session.paint([3], 5)
        session.verbs.export.begin(tmp_path / "labels.tif")
        assert np.asarray(read_image(tmp_path / "labels.tif").pixels).ravel()[3] == 5
        assert Finished not in ended


def large(session: Session, volume: Volume) -> None:
    session.options = SessionOptions(largest_whole=1_000_000)
    session.add_image(volume)
    session.open_region((0, 0, 0, 0))
    session.paint(np.arange(100), 7)


def measured(path: Path) -> dict[str, str]:
    header, row = (line.split(",") for line in path.read_text(encoding="utf-8").splitlines())
    return dict(zip(header, row, strict=True))


def test_a_table_measures_the_pixels_that_are_shown(image: Path, tmp_path: Path) -> None:
    shown = read_image(image)
    with Session(runners=InlineRunners()) as session:
        large(session, shown)
        session.verbs.export.begin(tmp_path / "a.csv")
        session.run_until_idle()
        mean = float(np.asarray(shown.pixels)[0, 0, 0, 0, :100].mean())
        assert float(measured(tmp_path / "a.csv")["intensity_mean_channel_0"]) == pytest.approx(mean)
    others = replace(shown, pixels=np.asarray(shown.pixels).astype(np.uint16) + 1000)
    with Session(runners=InlineRunners()) as session:
        large(session, others)  # of which the file does not give the pixels back
        session.verbs.export.begin(tmp_path / "b.csv")
        session.run_until_idle()
        assert "intensity_mean_channel_0" not in measured(tmp_path / "b.csv")
        session.export_labels(tmp_path / "c.csv")
        assert float(measured(tmp_path / "c.csv")["intensity_mean_channel_0"]) == pytest.approx(mean + 1000)


def test_labels_never_take_the_place_of_their_image_and_do_without_it(image: Path, tmp_path: Path) -> None:
    with Session(runners=InlineRunners()) as session:
        large(session, read_image(image))
        for write in (session.verbs.export.begin, session.export_labels):
            with pytest.raises(UserError, match="is the image itself"):
                write(image)
        image.rename(tmp_path / "away.tif")
        session.verbs.export.begin(tmp_path / "labels.tif")
        session.run_until_idle()
        assert np.count_nonzero(np.asarray(read_image(tmp_path / "labels.tif").pixels)) == 100


@pytest.mark.skipif(os.name != "posix", reason="needs a signal that kills")
def test_what_a_window_that_died_left_goes_with_the_next_start(image: Path, tmp_path: Path) -> None:
    script = f"""
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, {str(Path(__file__).parents[2])!r})
    from tests.session.test_large_export import InlineRunners, Session, large, read_image
    image, out = Path(sys.argv[1]), Path(sys.argv[2])
    session = Session(runners=InlineRunners())
    large(session, read_image(image))
    session.verbs.export.begin(out)
    while not list(out.parent.glob(".part-*-labels.tif")):
        session.pump()
    os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), image, tmp_path / "labels.tif"], check=False)
    assert done.returncode < 0
    project = recent_projects()[0].path
    assert list((project / "scratch").iterdir())
    assert {path.name[:6] for path in tmp_path.glob(".*labels*")} == {".level", ".part-"}
    with Session(runners=InlineRunners()):  # another project, or none
        assert not list(tmp_path.glob(".*labels*"))
        assert not (project / "scratch").exists()
    with Session.open(project) as session:
        assert np.count_nonzero(session.current.labels) == 100


def test_the_suffix_counts_inside_an_image_too(session, tmp_path: Path) -> None:
    image = tmp_path / "image.zarr"
    zarr.create_group(image).create_array("0", shape=SHAPE, dtype=np.uint8)
    (image / "labels").mkdir()
    session.verbs.export.begin(image / "labels" / "t.csv")
    session.run_until_idle()
    assert (image / "labels" / "t.csv").is_file()


def test_a_table_says_how_much_of_each_object_is_confirmed(session, tmp_path: Path) -> None:
    session.run_until_idle()
    session.verbs.export.begin(tmp_path / "a.csv")
    session.run_until_idle()
    session.export_labels(tmp_path / "b.csv")
    assert measured(tmp_path / "a.csv")["confirmed"] == measured(tmp_path / "b.csv")["confirmed"] == "1.0"
