"""``apprentice inside``, and the network of a fresh start in ``apprentice teach``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import FreshSettings, Session, cli, read_image


def run(image: Path, model: Path, out: Path, level: str) -> int:
    return cli.run(["inside", str(image), "--model", str(model), "--level", level, "--out", str(out)])


def test_a_level_is_written_with_the_size_of_its_voxels(images: Path, model: Path, tmp_path: Path) -> None:
    assert run(images / "one.tif", model, tmp_path / "maps" / "map.tif", "bottleneck") == 0
    found = read_image(tmp_path / "maps" / "map.tif")
    assert found.pixels.shape == (1, 8, 1, 48, 48)
    assert found.spacing[1:] == (2.0, 2.0)
    assert sorted(found.channels) == [f"bottleneck, channel {i}" for i in range(8)]
    assert tifffile.imread(tmp_path / "maps" / "map.tif").dtype == np.float32


def test_an_unknown_level_is_answered_with_those_there_are(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(images / "one.tif", model, tmp_path / "map.tif", "gate 0") == 2
    line = capsys.readouterr().err.strip()
    assert line == "tiny has no level gate 0: choose one of output, encoder 0, bottleneck, decoder 0."


def test_maps_are_written_as_tiff(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(images / "one.tif", model, tmp_path / "map.png", "bottleneck") == 2
    assert "map.png should end with .tif" in capsys.readouterr().err


def test_the_image_is_not_overwritten(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (images / "one.tif").read_bytes()
    assert run(images / "one.tif", model, images / ".." / images.name / "one.tif", "output") == 2
    assert "one.tif would be overwritten: choose another --out." in capsys.readouterr().err
    assert (images / "one.tif").read_bytes() == before


@pytest.fixture
def project(images: Path, tmp_path: Path) -> Path:
    """A project with a corrected image."""
    path = tmp_path / "project"
    with Session.create(path) as session:
        session.add_image(read_image(images / "one.tif"))
        labels = np.zeros((1, 1, 96, 96), np.uint32)
        for number, (y, x) in enumerate(((20, 24), (24, 66), (60, 30), (66, 72)), start=1):
            labels[0, 0, y - 9 : y + 9, x - 9 : x + 9] = number
        session.edits.replace_labels(labels)
        session.edits.approve_region((slice(None),) * 4)
        session.choose_model("fresh")
    return path


def test_a_fresh_network_is_chosen_by_flags(project: Path) -> None:
    few = ["--max-steps", "2", "--patch", "32", "--batch-size", "1", "--device", "cpu", "--threads", "1"]
    chosen = ["--model", "fresh", "--network", "attention-unet", "--width", "4"]
    assert cli.run(["teach", str(project), *chosen, *few]) == 0
    with Session.open(project) as session:
        assert session.waiting is None  # too little is confirmed to judge it, but there are no masks it could replace
        assert session.model.key == "v1"
        net = session.model.header.net
        assert (net.preset, net.widths[0], net.skip) == ("attention-unet", 4, "attention")
        assert session.fresh_settings == FreshSettings(network="attention-unet", width=4)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--network", "unet3d"], "unet3d is for volumes"),
        (["--encoder", "nowhere.pth"], "There is no file nowhere.pth with weights for the encoder"),
        (["--network", "unett"], "'attention-unet'"),
        (["--width", "1"], "--width should be greater than or equal to 4"),
    ],
)
def test_a_choice_that_cannot_begin_is_one_sentence(
    project: Path, flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["teach", str(project), "--model", "fresh", *flags]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_network_cannot_be_chosen_for_a_model_that_is_one(
    project: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["teach", str(project), "--model", str(model), "--network", "resunet"]) == 2
    assert "add --model fresh" in capsys.readouterr().err
