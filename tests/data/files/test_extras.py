"""Formats that few need are read by packages of an extra; without it, one sentence names it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError


@pytest.mark.parametrize(
    ("name", "begins", "package", "extra"),
    [
        ("brain.nii.gz", b"", "nibabel", "nifti"),
        ("brain.mgz", b"", "nibabel", "nifti"),
        ("slice.dcm", b"", "pydicom", "dicom"),
        ("SLICE0001", bytes(128) + b"DICM", "pydicom", "dicom"),
        ("cells.nd2", b"", "nd2", "nd2"),
        ("cells.lif", b"", "liffile", "lif"),
    ],
)
def test_a_format_whose_package_is_not_installed_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, begins: bytes, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(begins)
    with pytest.raises(UserError, match=rf'pip install "napari-apprentice\[{extra}\]"'):
        read_image(tmp_path / name)


def test_a_folder_of_dicom_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "1").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(UserError, match=r"DICOM files need one more package"):
        read_image(tmp_path)


def test_labels_as_nifti_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(UserError, match=r'pip install "napari-apprentice\[nifti\]"'):
        write_labels(tmp_path / "a.nii.gz", np.ones((1, 1, 4, 4), np.uint32))
    assert not list(tmp_path.iterdir())
