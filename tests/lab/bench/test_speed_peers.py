from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import speed_adoption, speed_images, speed_peers
from apprentice_lab.bench.speed_beside import Beside
from napari_apprentice.data import samples
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import bundled_files

_MODEL = str(bundled_files()["nuclei-2d"][1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels, truth = speed_images.plane("nuclei_2d", 128)
    np.save(tmp_path / "128.npy", pixels)
    np.save(tmp_path / "128-truth.npy", truth)
    return tmp_path


def test_objects_of_every_mirrored_copy_are_others() -> None:
    pixels, truth = speed_images.plane("nuclei_2d", 1024)
    once = np.asarray(samples.load("nuclei_2d")[1])[0, 0]
    assert pixels.shape == (1, 1, 1024, 1024)
    assert truth.max() == 4 * once.max()
    assert np.array_equal(truth[:512, :512] > 0, once > 0)
    assert np.array_equal(truth[:512] > 0, truth[:511:-1] > 0)
    assert len(np.intersect1d(truth[:512], truth[512:])) == 1  # background


def test_a_part_of_a_sample_keeps_its_objects() -> None:
    _, truth = speed_images.plane("nuclei_2d", 128)
    assert truth.shape == (128, 128)
    assert len(np.unique(truth)) == truth.max() + 1


def test_peers_that_are_not_named_are_left_out_with_a_line() -> None:
    lines = list(speed_peers.measure(speed_peers.Contest(_MODEL, edges=(64,))))
    assert len(lines) == 2
    assert all("left out" in line for line in lines)


def test_our_own_process_segments_and_predicts(folder: Path) -> None:
    with Beside("ours", folder, _MODEL) as we:
        found = we.ask("segment", image="128", engine="torch")
        assert found["objects"] > 0
        assert 0 < found["network_s"] < 60
        assert 0 < found["masks_s"] < 60
        assert we.ask("predict", image="128", tile=64)["seconds"] > 0
        assert isinstance(we.ask("half")["half"], bool)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak")
def test_a_fresh_process_tells_what_predicting_takes_more(folder: Path) -> None:
    with Beside("ours", folder, _MODEL) as we:
        assert 0 < we.ask("memory", image="128", tile=64)["bytes"] < 1 << 31


@pytest.mark.skipif(find_spec("cellpose") is not None, reason="Cellpose is here")
def test_an_environment_without_the_peer_says_what_it_lacks(folder: Path) -> None:
    with Beside("cellpose", folder, _MODEL, Path(sys.executable)) as peer, pytest.raises(UserError, match="No module"):
        peer.ask("about")


def test_a_python_that_is_not_there_is_a_mistake_in_one_sentence(folder: Path) -> None:
    with pytest.raises(UserError, match="cannot be started"):
        Beside("monai", folder, _MODEL, folder / "no-python")


def test_halves_are_medians_and_ratios_of_medians() -> None:
    peer = [{"network_s": s, "masks_s": 1.0, "objects": 7} for s in (8.0, 9.0, 30.0)]
    ours = [{"network_s": s, "masks_s": 0.5, "objects": 6} for s in (0.4, 0.5, 0.6)]
    found = speed_peers.halves({"cellpose": peer, "torch": ours})
    assert found["cellpose"]["seconds"]["median"] == 10.0
    assert found["torch"]["times"] == {"network_s": 18.0, "masks_s": 2.0, "seconds": 10.0}
    assert found["torch"]["objects"] == 6


@pytest.mark.skipif(find_spec("openvino") is None, reason="the fast engine is not installed")
def test_an_adopted_model_gets_its_fast_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = speed_images.mirror(samples.load("nuclei_2d")[0], 256)
    lines = list(speed_adoption.measure(_MODEL, image, 1))
    assert "fast form ready" in lines[0]
