"""The network that is asked by clicks learns on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.cli.test_teach_from import discs

import napari_apprentice as na
from napari_apprentice import cli

FEW = ("--max-steps", "1", "--threads", "1", "--device", "cpu")


def test_it_learns_from_a_folder_waits_and_is_used_and_gone_back_from(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    assert cli.run(["teach-clicks", str(project), *FEW]) == 2
    capsys.readouterr()
    tifffile.imwrite(images / "one_cp_masks.tif", discs().astype(np.uint16))
    assert cli.run(["teach-clicks", str(project), "--from", str(images), *FEW]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "clicks are answered by click-2d" in said
    assert "v1 waits" in said
    assert (project / "click-versions" / "v1.safetensors").exists()
    assert not (project / "versions" / "v1.safetensors").exists()
    assert cli.run(["use", str(project), "--clicks"]) == 0
    with na.Session.open(project) as session:
        assert session.clickers.key == "v1"
    assert cli.run(["use", str(project), "click-2d", "--clicks"]) == 0
    with na.Session.open(project) as session:
        assert session.clickers.key == "click-2d"
    assert cli.run(["use", str(project), "v9", "--clicks"]) == 2
