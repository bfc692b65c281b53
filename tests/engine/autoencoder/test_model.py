from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import Session, cli, read_image
from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import read_header
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.autoencoder.model import repeat, train, why_not_together
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.nets.transfer import load_encoder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.settings import AutoencoderSettings

FEW = AutoencoderSettings(width=4, codes=5, steps=2, batch_size=2, device="cpu")


def speckle(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape, dtype=np.uint8)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "again.safetensors"
    train([Volume(speckle(1, 1, 1, 64, 64), name="speckle")], path, FEW)
    return path


def test_the_command_line_makes_an_auto_encoder_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "images", tmp_path / "again.safetensors"
    folder.mkdir()
    for name in ("one", "two"):
        tifffile.imwrite(folder / f"{name}.tif", speckle(64, 64))
    small = ["--width", "4", "--codes", "5", "--steps", "2", "--batch-size", "2", "--noise", "0", "--device", "cpu"]
    assert cli.run(["train", "autoencoder", "--images", str(folder), "--out", str(out), *small]) == 0
    assert "5 codes for every 16 x 16 pixels" in capsys.readouterr().out
    header = read_header(out)
    assert (header.kind, header.net.preset, header.trained_on) == ("values", "autoencoder", ("one", "two"))
    assert repeat(out, read_image(folder / "one.tif")).codes.shape == (5, 1, 4, 4)


def test_a_model_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite(tmp_path / "one.tif", speckle(64, 64))
    assert cli.run(["train", "autoencoder", "--images", str(tmp_path), "--out", str(tmp_path / "again.pt")]) == 2
    assert "let it end in .safetensors" in capsys.readouterr().err


def test_volumes_are_seen_whole_and_pooled_as_their_spacing_allows(tmp_path: Path) -> None:
    volume = Volume(speckle(1, 1, 5, 20, 24), spacing=(4.0, 1.0, 1.0), unit="um")
    header = train([volume], tmp_path / "again.safetensors", FEW.model_copy(update={"dims": 3, "steps": 1}))
    assert (header.net.multiple, header.spacing) == ((2, 8, 8), (4.0, 1.0, 1.0))
    found = repeat(tmp_path / "again.safetensors", volume)
    assert found.codes.shape == (5, 3, 3, 3)
    assert found.image.shape == (1, 5, 20, 24)


def test_its_encoder_starts_a_u_net_of_the_same_width(model: Path) -> None:
    net = build(FreshSettings(width=4).net(2, in_channels=2))
    load_encoder(net, model)
    theirs = checkpoint.load(model)[1].state_dict()
    taken = [name for name, t in net.state_dict().items() if name.startswith(("down.", "bottleneck.")) and t.ndim > 1]
    assert len(taken) == 10
    assert all(bool((theirs[name] == net.state_dict()[name]).all()) for name in taken)


def test_it_is_not_taken_for_segmenting(model: Path) -> None:
    with Session.temporary(InlineRunners()) as session:
        session.add_image(Volume(speckle(1, 1, 1, 64, 64)))
        before = session.model.key
        with pytest.raises(UserError, match="again is an auto-encoder, which repeats images and proposes no masks"):
            session.choose_model(str(model))
        assert session.model.key == before
        assert session.kind == "instances"


def test_images_that_do_not_go_together_are_refused_in_a_sentence() -> None:
    one, two = Volume(speckle(1, 1, 1, 8, 8), name="one"), Volume(speckle(1, 2, 1, 8, 8), name="two")
    assert "one has 1 channel(s) and two 2" in why_not_together([one, two], 2)
    assert "one is 2D" in why_not_together([one], 3)
    assert "no image" in why_not_together([], 2)
