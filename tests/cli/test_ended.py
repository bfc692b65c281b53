"""A command that is ended from outside, or has no room for its temporary files, leaves no pixels behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals that a process can answer")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """An image that takes a while."""
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 250, (5000, 5000)).astype(np.uint8))
    return path


def begun(image: Path, model: Path, out: Path, temporary: Path, *before: str) -> subprocess.Popen[str]:
    """The command, once it has pixels in its temporary folder."""
    temporary.mkdir(exist_ok=True)
    command = [*before, sys.executable, "-m", "napari_apprentice.cli", "segment", image, "--model", model, "--out", out]
    child = subprocess.Popen(
        [*map(str, command)], env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not list(temporary.glob("napari-apprentice-*/scratch/*.npy")):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.005)
    return child


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_what_is_asked_to_end_leaves_nothing(large, model, tmp_path, name) -> None:
    child = begun(large, model, tmp_path / "out", tmp_path / "temporary")
    number = getattr(signal, name)
    child.send_signal(number)
    _, words = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert "Traceback" not in words
    assert list((tmp_path / "temporary").iterdir()) == []
    assert list((tmp_path / "out").iterdir()) == []
    assert not list(tmp_path.glob("home/unfinished/*/*"))


def test_what_was_killed_is_cleared_up_after_at_the_next_start(large, model, tmp_path) -> None:
    child = begun(large, model, tmp_path / "out", tmp_path / "temporary")
    child.kill()
    child.communicate()
    assert list((tmp_path / "temporary").glob("napari-apprentice-*/scratch/*.npy"))
    other = begun(large, model, tmp_path / "out", tmp_path / "others")  # the next start, too
    assert list((tmp_path / "temporary").iterdir()) == []
    with Session(runners=InlineRunners()):
        assert list((tmp_path / "others").glob("napari-apprentice-*/scratch/*.npy"))  # it lives
    other.terminate()
    other.communicate(timeout=60)
    assert list((tmp_path / "others").iterdir()) == []


def test_a_command_that_is_to_outlive_its_terminal_does(large, model, tmp_path) -> None:
    child = begun(large, model, tmp_path / "out", tmp_path / "temporary", "nohup")
    child.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert child.poll() is None
    child.terminate()
    child.communicate(timeout=60)
    assert child.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("room", [400_000, 0])
def test_a_full_temporary_folder_is_one_sentence(small_disk, model, tmp_path, room) -> None:
    """Also when the masks do not fit any more, after the pixels did."""
    for name in ("one", "two"):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.random.default_rng(0).integers(0, 250, (500, 500), np.uint8))
    small_disk.fill(but=150_000 + room)
    command = [sys.executable, "-m", "napari_apprentice.cli", "segment", tmp_path / "one.tif", tmp_path / "two.tif"]
    command += ["--model", model, "--out", tmp_path / "out"]
    done = subprocess.run(
        [*map(str, command)],
        env={**os.environ, "TMPDIR": str(small_disk.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    words = [line for line in done.stderr.splitlines() if "disk is full" in line]
    assert done.returncode == 2, done.stderr
    assert len(words) == 2, done.stderr
    assert "Traceback" not in done.stderr
    what = "the masks of" if room else "the pixels of"
    for name, sentence in zip(("one", "two"), words, strict=True):
        assert f"are needed for {what} {name}): free some space there, or set TMPDIR to a folder" in sentence
    assert small_disk.files() == []
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_stops_a_large_image_which_goes_on_when_there_is_room(small_disk, model, tmp_path) -> None:
    image, out = tmp_path / "one.tif", small_disk.path / "out"
    tifffile.imwrite(image, np.random.default_rng(0).integers(0, 250, (500, 500), np.uint8))
    command = [sys.executable, "-m", "napari_apprentice.cli", "segment", image, "--blocks", "--model", model]
    command = [*map(str, command), "--out", str(out)]
    small_disk.fill(but=100_000)
    stopped = subprocess.run(command, check=False, capture_output=True, text=True)
    assert stopped.returncode == 2, stopped.stderr
    assert f"free in {out}): free some space there or choose another folder." in stopped.stderr
    assert not (out / "one.tif").exists()
    small_disk.make_room()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Going on where this was stopped" in done.stderr
    assert [path.name for path in out.iterdir()] == ["one.tif"]
