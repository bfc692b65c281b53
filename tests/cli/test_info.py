"""``apprentice info`` on an image, a model and a project."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest

from napari_apprentice import Session, cli, read_image


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert cli.run(["info", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_image_in_words_and_numbers(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told([str(images / "one.tif")], capsys)
    assert found["what"] == "image"
    assert found["shape"] == {"t": 1, "c": 1, "z": 1, "y": 96, "x": 96}
    assert found["dtype"] == "uint8"
    assert "2D" in found["words"]


def test_a_model_tells_its_header(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told([str(model)], capsys)
    assert (found["what"], found["name"], found["licence"]) == ("model", "tiny", "CC0-1.0")
    assert found["trained_on"] == ["nothing"]


def test_a_bundled_model_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(["nuclei-2d"], capsys)
    assert (found["what"], found["name"]) == ("model", "Nuclei 2D")


def test_what_is_not_there_is_said_with_the_models_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", "nuclei-9d"]) == 2
    assert "nuclei-9d does not exist: check the path, or name a bundled model: nuclei-2d," in capsys.readouterr().err


def test_a_project_that_is_open_elsewhere_can_be_looked_at(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session.create(tmp_path / "project") as session:
        session.add_image(read_image(images / "one.tif"))
        found = told([str(tmp_path / "project")], capsys)
    assert (found["what"], found["name"], found["kind"]) == ("project", "project", "instances")
    assert [image["name"] for image in found["images"]] == [session_name(images)]
    assert found["versions"] == []


def session_name(images: Path) -> str:
    return read_image(images / "one.tif").name


def test_lines_for_people(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", str(model)]) == 0
    assert "name: tiny" in capsys.readouterr().out


def test_what_was_understood_of_a_volume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voxels = np.zeros((6, 5, 4), np.int16)
    voxels[0, 0, 0] = 1
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-0.5, 0.5, 2.0, 1.0])), tmp_path / "a.nii.gz")
    found = told([str(tmp_path / "a.nii.gz")], capsys)
    assert (found["axes"], found["dtype"], found["unit"], found["orientation"]) == ("XYZ", "int16", "mm", "LAS")
    assert found["shape"] == {"t": 1, "c": 1, "z": 4, "y": 5, "x": 6}
    assert found["spacing"] == {"z": 2.0, "y": 0.5, "x": 0.5}
    assert found["affine"][0] == [-0.5, 0, 0, 0]


def test_the_images_inside_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["label"] = np.zeros((9, 20, 30), np.uint8), np.ones((9, 20, 30), np.uint16)
    found = told([str(tmp_path / "a.h5")], capsys)
    assert found["what"] == "images"
    assert [one["path"] for one in found["images"]] == [str(tmp_path / "a.h5" / name) for name in ("label", "raw")]
    assert told([str(tmp_path / "a.h5" / "raw")], capsys)["dtype"] == "uint8"
