from __future__ import annotations

from pathlib import Path

import pytest

from napari_apprentice import cli
from napari_apprentice.data import samples
from napari_apprentice.data.files import read_image, read_labels


@pytest.mark.parametrize("name", samples.names())
def test_a_sample_is_written_with_its_masks(tmp_path: Path, name: str) -> None:
    assert cli.run(["sample", name, "--out", str(tmp_path / "new")]) == 0
    volume, truth = samples.load(name)
    assert read_image(tmp_path / "new" / f"{name}.tif").spacing == volume.spacing
    assert (read_labels(tmp_path / "new" / f"{name}_masks.tif") == truth).all()


def test_a_sample_overwrites_nothing_and_unknown_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nuclei_2d_masks.tif").write_text("mine")
    assert cli.run(["sample", "nuclei_2d", "--out", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["nuclei_2d_masks.tif"]
    assert cli.run(["sample", "mitochondria"]) == 2
    assert "choose one of nuclei_2d" in capsys.readouterr().err
