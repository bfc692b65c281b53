"""HDF5: one dataset of several, with what programs write beside it."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_apprentice.data.files import hdf5, parts_of, read_image
from napari_apprentice.errors import UserError


def _write(path: Path, **datasets: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in datasets.items():
            file[name.replace("__", "/")] = array
    return path


def test_the_only_image_needs_no_name(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", raw=np.ones((8, 20, 30), np.uint16), table=np.ones(9))
    volume = read_image(path)
    assert (volume.pixels.shape, volume.name, volume.source) == ((1, 1, 8, 20, 30), "a", str(path))
    assert parts_of(path) == [str(path)]


def test_one_of_several_is_named_by_its_path(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", t0__raw=np.ones((20, 30)), t1__raw=np.zeros((40, 50), bool))
    assert parts_of(path) == [str(path / "t0/raw"), str(path / "t1/raw")]
    volume = read_image(path / "t1/raw")
    assert (volume.pixels.shape, volume.pixels.dtype, volume.name) == ((1, 1, 1, 40, 50), np.uint8, "a t1/raw")
    assert read_image(str(volume.source)).pixels.shape == volume.pixels.shape


def test_axes_as_ilastik_and_h5py_name_them(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", ilastik=np.zeros((2, 20, 30, 3)), named=np.zeros((20, 30, 9)))
    with h5py.File(path, "a") as file:
        file["ilastik"].attrs["axistags"] = json.dumps({"axes": [{"key": key} for key in "tyxc"]})
        for dimension, label in zip(file["named"].dims, "yxz", strict=True):
            dimension.label = label
    assert read_image(path / "ilastik").pixels.shape == (2, 3, 1, 20, 30)
    assert read_image(path / "named").pixels.shape == (1, 1, 9, 20, 30)


def test_a_large_dataset_is_read_as_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (9, 20, 30), np.uint8)
    monkeypatch.setattr(hdf5, "MAP_FROM", 0)
    read = read_image(_write(tmp_path / "a.h5", raw=pixels)).pixels
    assert not isinstance(read, np.ndarray)
    np.testing.assert_array_equal(np.asarray(read[0, 0, 3:5]), pixels[3:5])


def test_a_file_without_an_image_or_cut_short(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no dataset that is an image"):
        read_image(_write(tmp_path / "a.h5", table=np.ones(9)))
    (tmp_path / "b.h5").write_bytes(b"hello")
    with pytest.raises(UserError, match=r"b\.h5 is damaged"):
        read_image(tmp_path / "b.h5")


def test_a_file_that_an_image_is_put_together_from_and_that_is_gone_is_said(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((2, 20, 30), np.uint8)
    for z in range(2):
        with h5py.File(tmp_path / f"z{z}.h5", "w") as file:
            file["a"] = np.full((20, 30), z + 1, np.uint8)
        layout[z] = h5py.VirtualSource(f"z{z}.h5", "a", (20, 30))
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file.create_virtual_dataset("a", layout)
    whole = read_image(tmp_path / "all.h5")
    assert (whole.pixels[0, :, 0, 0, 0].tolist(), "notes" in whole.metadata) == ([1, 2], False)
    (tmp_path / "z1.h5").unlink()
    assert read_image(tmp_path / "all.h5").metadata["notes"] == [
        "all.h5 puts its image together from other files, of which z1.h5 cannot be found."
    ]


def test_datasets_whose_name_is_no_text_are_left_out(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[b"\xff\xfe"] = np.zeros((4, 5), np.uint8)
        file["raw"] = np.ones((6, 7), np.uint8)
    assert parts_of(tmp_path / "a.h5") == [str(tmp_path / "a.h5")]
    assert read_image(tmp_path / "a.h5").pixels.shape == (1, 1, 1, 6, 7)
