from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader, read_header
from napari_apprentice.engine.checkpoint import load, save
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError

HEADER = ModelHeader(id="v1", name="Tiny", net=NetSettings(widths=(4, 8), pools=((1, 2, 2),)))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    net = build(HEADER.net).eval()
    path = tmp_path / "a.safetensors"
    save(path, HEADER, net)
    header, again = load(path)
    assert header == HEADER == read_header(path)
    x = torch.randn(1, 1, 1, 8, 8)
    torch.testing.assert_close(again(x), net(x))
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_half_precision_is_half_the_size_and_close(tmp_path: Path) -> None:
    net = build(HEADER.net).eval()
    for name in ("whole", "half"):
        save(tmp_path / name, HEADER, net, half=name == "half")
    assert (tmp_path / "half").stat().st_size < 0.75 * (tmp_path / "whole").stat().st_size
    x = torch.randn(1, 1, 1, 8, 8)
    torch.testing.assert_close(load(tmp_path / "half")[1](x), net(x), atol=1e-2, rtol=1e-2)


def test_weights_of_another_net_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", HEADER, build(NetSettings(widths=(4, 16), pools=((1, 2, 2),))))
    with pytest.raises(UserError, match="do not fit its header"):
        load(tmp_path / "a")


def test_a_header_that_claims_a_huge_net_costs_nothing(tmp_path: Path) -> None:
    huge = HEADER.model_copy(update={"net": NetSettings(widths=(1_000_000, 1_000_000), pools=((1, 2, 2),))})
    save(tmp_path / "a", huge, build(HEADER.net))
    with pytest.raises(UserError, match="do not fit its header"):
        load(tmp_path / "a")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    save(path, HEADER, build(HEADER.net))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"disk is full .* needed for the model"):
        save(path, HEADER.model_copy(update={"name": "New"}), build(HEADER.net))
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
